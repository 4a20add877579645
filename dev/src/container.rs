//! The container of SPEC section 2, read and written independently of the library: what tests compare with and damage.

use std::ops::Range;

/// A section of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// Its id.
    pub id: u32,
    /// Its flags.
    pub flags: u32,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// The id of the section that holds the weights.
pub const WEIGHTS: u32 = 3;

const HEADER: usize = 64;
const ENTRY: usize = 32;

fn u32_at(file: &[u8], at: usize) -> u32 {
    file.get(at..at + 4).map_or(0, |bytes| u32::from_le_bytes(bytes.try_into().expect("4 bytes")))
}

fn u64_at(file: &[u8], at: usize) -> u64 {
    u64::from(u32_at(file, at)) | u64::from(u32_at(file, at + 4)) << 32
}

/// Where the entries of the section table lie: at most 16 are looked at.
fn entries(file: &[u8]) -> impl Iterator<Item = usize> + use<> {
    (0..u32_at(file, 32).min(16) as usize).map(|i| HEADER + ENTRY * i)
}

/// The bytes that an entry of the section table names, where they are in the file.
fn range(file: &[u8], entry: usize) -> Option<Range<usize>> {
    let (from, len) = (usize::try_from(u64_at(file, entry + 8)).ok()?, usize::try_from(u64_at(file, entry + 16)).ok()?);
    let range = from..from.checked_add(len)?;
    file.get(range.clone()).map(|_| range)
}

/// The sections of a file, as far as its table makes sense.
pub fn sections(file: &[u8]) -> Vec<Section> {
    let section = |entry: usize| {
        let bytes = file[range(file, entry)?].to_vec();
        Some(Section { id: u32_at(file, entry), flags: u32_at(file, entry + 4), bytes })
    };
    entries(file).filter_map(section).collect()
}

/// Where the weights of a valid file lie.
pub fn weights_range(file: &[u8]) -> Range<usize> {
    let entry = entries(file).find(|&entry| u32_at(file, entry) == WEIGHTS).expect("a section of weights");
    range(file, entry).expect("a valid file")
}

/// Recomputes the checksums wherever the section table still points into the file.
pub fn repair(file: &mut [u8]) {
    for entry in entries(file) {
        let Some(checksum) = range(file, entry).map(|range| crc32c::crc32c(&file[range])) else { continue };
        if let Some(field) = file.get_mut(entry + 24..entry + 28) {
            field.copy_from_slice(&checksum.to_le_bytes());
        }
    }
    let end = HEADER + ENTRY * entries(file).count();
    if let Some(table) = file.get(HEADER..end) {
        let checksum = crc32c::crc32c_append(crc32c::crc32c(&file[..60]), table);
        file[60..HEADER].copy_from_slice(&checksum.to_le_bytes());
    }
}

/// The packed file of a stream.
pub fn packed(stream: &[u8]) -> Vec<u8> {
    with_checksum([b"\x89CP\0", stream].concat())
}

/// A packed file without its checksum, and that.
pub fn with_checksum(mut file: Vec<u8>) -> Vec<u8> {
    file.extend_from_slice(&crc32c::crc32c(&file).to_le_bytes());
    file
}

/// The stream of a packed file.
pub fn stream(packed: &[u8]) -> &[u8] {
    &packed[4..packed.len() - 4]
}

/// The file of these sections, every derived field right.
pub fn assemble(sections: &[Section]) -> Vec<u8> {
    let start = HEADER + ENTRY * sections.len();
    let mut body = vec![0; start];
    let mut table = Vec::new();
    for section in sections {
        body.resize(body.len().next_multiple_of(64), 0);
        table.extend([section.id, section.flags].iter().flat_map(|n| n.to_le_bytes()));
        table.extend([body.len() as u64, section.bytes.len() as u64].iter().flat_map(|n| n.to_le_bytes()));
        table.extend([crc32c::crc32c(&section.bytes), 0].iter().flat_map(|n| n.to_le_bytes()));
        body.extend_from_slice(&section.bytes);
    }
    let mut header = b"\x89CURT\r\n\x1A".to_vec();
    header.extend([0x0102_0304u32, 0].iter().flat_map(|n| n.to_le_bytes()));
    header.extend((body.len() as u64).to_le_bytes());
    header.extend([0, 0, sections.len() as u32].iter().flat_map(|n| n.to_le_bytes()));
    header.resize(60, 0);
    header.extend(crc32c::crc32c_append(crc32c::crc32c(&header), &table).to_le_bytes());
    body[..HEADER].copy_from_slice(&header);
    body[HEADER..start].copy_from_slice(&table);
    body
}
