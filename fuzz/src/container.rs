//! The container of SPEC section 2, read and written independently of the library: what the bodies compare with and mutate.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    pub id: u32,
    pub flags: u32,
    pub bytes: Vec<u8>,
}

const HEADER: usize = 64;
const ENTRY: usize = 32;

/// The sections of a file, as far as its table makes sense.
pub fn sections(file: &[u8]) -> Vec<Section> {
    let u32_at = |at: usize| file.get(at..at + 4).map_or(0, |b| u32::from_le_bytes(b.try_into().expect("4 bytes")));
    let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
    let entry = |i: usize| {
        let at = HEADER + ENTRY * i;
        let (from, len) = (usize::try_from(u64_at(at + 8)).ok()?, usize::try_from(u64_at(at + 16)).ok()?);
        let bytes = file.get(from..from.checked_add(len)?)?.to_vec();
        Some(Section { id: u32_at(at), flags: u32_at(at + 4), bytes })
    };
    (0..u32_at(32).min(16) as usize).filter_map(entry).collect()
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

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../format-spec/vectors").join(name)
}

/// Golden files of a folder (`valid`, `invalid`) of at most `max_bytes`, sorted by name.
pub fn files(name: &str, max_bytes: usize) -> Vec<(PathBuf, Vec<u8>)> {
    let mut paths: Vec<_> = std::fs::read_dir(folder(name)).expect("vectors").map(|entry| entry.expect("entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "curt"));
    paths.sort();
    let read = |path: PathBuf| std::fs::read(&path).map(|file| (path, file)).expect("a golden file");
    paths.into_iter().map(read).filter(|(_, file)| file.len() <= max_bytes).collect()
}

/// The sections of every small valid golden file.
pub fn goldens() -> &'static [Vec<Section>] {
    static GOLDENS: OnceLock<Vec<Vec<Section>>> = OnceLock::new();
    GOLDENS.get_or_init(|| files("valid", 1536).iter().map(|(_, file)| sections(file)).collect())
}
