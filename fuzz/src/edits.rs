//! Golden files changed with knowledge of their structure.

use crate::goldens;
use arbitrary::{Arbitrary, Unstructured};
use curt_dev::container::{Section, assemble};

/// Which golden file, and what is done to it in order.
#[derive(Arbitrary, Debug)]
struct Program {
    golden: u16,
    edits: Vec<Edit>,
}

/// Sections and places are taken modulo what there is.
#[derive(Arbitrary, Debug)]
enum Edit {
    /// A word of 4 bytes becomes `value`.
    Word { section: u8, at: u16, value: u32 },
    /// A word becomes a number that parsers trip over.
    Edge { section: u8, at: u16, number: u8 },
    /// A word grows or shrinks a little.
    Add { section: u8, at: u16, by: i8 },
    /// One bit changes.
    Flip { section: u8, bit: u16 },
    /// Bytes are taken out.
    Remove { section: u8, at: u16, len: u8 },
    /// Bytes are put in.
    Insert { section: u8, at: u16, bytes: [u8; 4], times: u8 },
    /// A range is repeated, such as a node.
    Repeat { section: u8, at: u16, len: u8 },
    /// A section is cut or filled up with zeros.
    Resize { section: u8, len: u16 },
    /// A section of another golden file takes its place.
    Transplant { section: u8, golden: u16 },
    /// Its id and its flags change.
    Label { section: u8, id: u8, flags: u8 },
    /// A word of the finished file changes: headers, padding, checksums.
    Raw { at: u16, value: u32 },
}

const EDGES: [u32; 24] = [
    0,
    1,
    2,
    3,
    4,
    5,
    15,
    16,
    17,
    63,
    64,
    65,
    255,
    256,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFF,
    1 << 24,
    0x7F80_0000,
    0x7FC0_0000,
    0x7F7F_FFFF,
    0xFF7F_FFFF,
    0x0080_0000,
    0xFF80_0000,
];

/// The file that `data` spells; `None` when it spells none.
pub fn apply(data: &[u8]) -> Option<Vec<u8>> {
    let program = Program::arbitrary_take_rest(Unstructured::new(data)).ok()?;
    let mut sections = goldens()[usize::from(program.golden) % goldens().len()].clone();
    let mut raw = Vec::new();
    for edit in program.edits.iter().take(64) {
        match *edit {
            Edit::Raw { at, value } => raw.push((at, value)),
            _ => change(&mut sections, edit),
        }
    }
    let mut file = assemble(&sections);
    for (at, value) in raw {
        if let Some(word) = word(&mut file, at) {
            word.copy_from_slice(&value.to_le_bytes());
        }
    }
    (file.len() <= 8 << 10).then_some(file)
}

fn word(bytes: &mut [u8], at: u16) -> Option<&mut [u8]> {
    let words = bytes.len() / 4;
    bytes.chunks_exact_mut(4).nth(usize::from(at) % words.max(1))
}

fn change(sections: &mut [Section], edit: &Edit) {
    let index = match *edit {
        Edit::Word { section, .. }
        | Edit::Edge { section, .. }
        | Edit::Add { section, .. }
        | Edit::Flip { section, .. }
        | Edit::Remove { section, .. }
        | Edit::Insert { section, .. }
        | Edit::Repeat { section, .. }
        | Edit::Resize { section, .. }
        | Edit::Transplant { section, .. }
        | Edit::Label { section, .. } => usize::from(section) % sections.len().max(1),
        Edit::Raw { .. } => return,
    };
    let Some(Section { id, flags, bytes }) = sections.get_mut(index) else { return };
    let place = |at: u16, len: usize| usize::from(at) % (len + 1);
    match *edit {
        Edit::Word { at, value, .. } => set(bytes, at, |_| value),
        Edit::Edge { at, number, .. } => set(bytes, at, |_| EDGES[usize::from(number) % EDGES.len()]),
        Edit::Add { at, by, .. } => set(bytes, at, |old| old.wrapping_add_signed(i32::from(by))),
        Edit::Flip { bit, .. } => {
            let bits = bytes.len() * 8;
            if let Some(byte) = bytes.get_mut(usize::from(bit) % bits.max(1) / 8) {
                *byte ^= 1 << (bit % 8);
            }
        }
        Edit::Remove { at, len, .. } => {
            let from = place(at, bytes.len());
            bytes.drain(from..(from + usize::from(len)).min(bytes.len()));
        }
        Edit::Insert { at, bytes: new, times, .. } => {
            let at = place(at, bytes.len());
            bytes.splice(at..at, new.repeat(usize::from(times) + 1));
        }
        Edit::Repeat { at, len, .. } => {
            let from = place(at, bytes.len());
            let to = (from + usize::from(len)).min(bytes.len());
            let copy = bytes[from..to].to_vec();
            bytes.splice(to..to, copy);
        }
        Edit::Resize { len, .. } => bytes.resize(usize::from(len) % (2 << 10), 0),
        Edit::Transplant { golden, .. } => {
            let from = &goldens()[usize::from(golden) % goldens().len()];
            if let Some(section) = from.iter().find(|section| section.id == *id) {
                bytes.clone_from(&section.bytes);
            }
        }
        Edit::Label { id: new, flags: bits, .. } => (*id, *flags) = (u32::from(new % 8), u32::from(bits % 4)),
        Edit::Raw { .. } => {}
    }
}

fn set(bytes: &mut [u8], at: u16, new: impl FnOnce(u32) -> u32) {
    if let Some(word) = word(bytes, at) {
        let old = u32::from_le_bytes(word.try_into().expect("a word"));
        word.copy_from_slice(&new(old).to_le_bytes());
    }
}
