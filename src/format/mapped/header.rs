//! The 64 bytes at the start of a file (SPEC 2.1).

use crate::base::checked::to_u64;
use crate::base::error::{Defect, Error, Result};
use crate::bytes::Cursor;

/// The first bytes: 0x89, "CURT", CR, LF, 0x1A. A transfer in text mode changes at least one of them.
pub const MAGIC: [u8; 8] = [0x89, b'C', b'U', b'R', b'T', b'\r', b'\n', 0x1A];
/// The byte order mark, as a little-endian number.
pub const BYTE_ORDER: u32 = 0x0102_0304;
/// The version that this library reads and writes.
pub const VERSION: u32 = 0;
/// Bytes of the header.
pub const HEADER_BYTES: usize = 64;
/// Bytes of the header that its checksum covers; the section table follows them.
pub(super) const CHECKED_BYTES: usize = 60;
/// Bytes of an entry of the section table.
pub(super) const ENTRY_BYTES: usize = 32;

/// The fields that the section table and the sections need.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) optional_features: u32,
    pub(super) section_count: u32,
    pub(super) checksum: u32,
}

/// Reads the header: steps 1 to 3 of SPEC section 8, without the checksum.
pub(super) fn parse(file: &[u8]) -> Result<Header> {
    if file.is_empty() {
        return Err(Error::new(Defect::Empty, "the file is empty"));
    }
    check_magic(file)?;
    if file.len() < HEADER_BYTES {
        let message = format!("the file has {} bytes, a header has {HEADER_BYTES}", file.len());
        return Err(Error::at(Defect::Truncated, to_u64(file.len()), message));
    }
    let mut cursor = Cursor::new(file, 0, "header");
    cursor.bytes(MAGIC.len(), "the magic")?;
    match cursor.u32("the byte order")? {
        BYTE_ORDER => {}
        other if other.swap_bytes() == BYTE_ORDER => {
            return Err(Error::at(Defect::ByteOrder, 8, "the file was written big-endian; .curt files are little-endian"));
        }
        other => return Err(Error::at(Defect::ByteOrder, 8, format!("the byte order mark is {other:#010x}"))),
    }
    let version_and_profile = cursor.u32("the version")?;
    let (version, profile) = (version_and_profile & 0xFFFF, version_and_profile >> 16);
    if version != VERSION {
        let message = format!("the file has version {version}, this library reads version {VERSION}");
        return Err(Error::at(Defect::Version, 12, message));
    }
    if profile != 0 {
        return Err(Error::at(Defect::UnknownId, 14, format!("profile {profile} is not known, 0 is mapped")));
    }
    let (stated, present) = (cursor.u64("the file length")?, to_u64(file.len()));
    if stated > present {
        let message = format!("the file has {present} of {stated} bytes: it was cut off");
        return Err(Error::at(Defect::Truncated, present, message));
    }
    if stated < present {
        let message = format!("the file has {present} bytes, its header says {stated}");
        return Err(Error::at(Defect::Trailing, stated, message));
    }
    let required = cursor.u32("the required features")?;
    if required != 0 {
        let message = format!("the file requires features {required:#x} of a later library");
        return Err(Error::at(Defect::Feature, 24, message));
    }
    let optional_features = cursor.u32("the optional features")?;
    let section_count = cursor.u32("the section count")?;
    if cursor.bytes(24, "the reserved bytes")?.iter().any(|&byte| byte != 0) {
        return Err(Error::at(Defect::Reserved, 36, "reserved header bytes are not zero"));
    }
    Ok(Header { optional_features, section_count, checksum: cursor.u32("the header checksum")? })
}

fn check_magic(file: &[u8]) -> Result<()> {
    if file.iter().zip(MAGIC).all(|(&byte, magic)| byte == magic) {
        return Ok(());
    }
    let hint = hint(file);
    Err(Error::at(Defect::Magic, 0, format!("not a .curt file{}{hint}", if hint.is_empty() { "" } else { ": " })))
}

/// What the file seems to be instead, or nothing: the mistakes that users make.
fn hint(file: &[u8]) -> &'static str {
    let starts = |prefix: &[u8]| file.starts_with(prefix);
    if starts(b"\x89CURT") || starts(b"\tCURT") {
        "it was damaged by a transfer in text mode; transfer it as binary"
    } else if starts(b"version https://git-lfs") {
        "it is a Git LFS pointer; run `git lfs pull`"
    } else if starts(b"<!DOCTYPE") || starts(b"<html") || starts(b"<HTML") {
        "it is a web page; the download failed"
    } else if starts(b"PK\x03\x04") {
        "it is a zip archive (or a PyTorch file)"
    } else if starts(&[0x1F, 0x8B]) {
        "it is compressed with gzip; decompress it first"
    } else if starts(b"GGUF") {
        "it is a GGUF file"
    } else if starts(b"TRUC") {
        "its bytes are reversed in groups"
    } else if file.get(8) == Some(&b'{') {
        "it looks like safetensors; `curt compress` turns a posterior or a plain network into a .curt file"
    } else if starts(&[0x08]) {
        "it looks like ONNX"
    } else {
        ""
    }
}
