//! The packed profile: a model as few bytes as possible, entropy-coded. `format-spec/packed.md` is the normative text.
//!
//! [`pack`] and [`unpack`] are inverse to each other, byte for byte; a packed file is unpacked to the mapped one before it runs.

mod account;
mod coder;
mod columns;
mod floats;
mod graph;
mod magnitudes;
mod matrix;
mod number;
mod origin;
mod probability;
mod stream;
mod tables;
mod weights;
mod zeros;

use crate::base::checked::{at_most, to_u64};
use crate::base::error::{Defect, Error, ErrorKind, Result};
use crate::base::limits::Limits;
pub use account::account;
pub use coder::Part;
use coder::{Decoder, Encoder};
#[cfg(feature = "compress")]
pub(crate) use floats::grid;
use stream::Given;

/// 0x89, "CP": a mapped file goes on with "CURT".
pub const MAGIC: [u8; 3] = [0x89, b'C', b'P'];
/// The version that this library reads and writes: the fourth byte.
pub const VERSION: u8 = 0;
/// Bytes before the stream.
const HEADER_BYTES: usize = 4;
/// Bytes of the checksum behind it.
const CHECKSUM_BYTES: usize = 4;

/// Whether `file` is a packed one, by its first bytes.
#[must_use]
pub fn is_packed(file: &[u8]) -> bool {
    file.starts_with(&MAGIC)
}

/// The packed file of a mapped one. Errors: those of the mapped file.
pub fn pack(mapped: &[u8]) -> Result<Vec<u8>> {
    let given = Given::new(mapped, &Limits::FORMAT)?;
    let [a, b, c] = MAGIC;
    let mut encoder = Encoder::new(&[a, b, c, VERSION]);
    let again = stream::code(&mut encoder, Some(&given), usize::MAX, &Limits::FORMAT)?;
    if again != mapped {
        return Err(Error::new(ErrorKind::Internal, "packing the file would change it; please report it with the file"));
    }
    let mut file = encoder.finish();
    let checksum = crc32c::crc32c(&file);
    file.extend_from_slice(&checksum.to_le_bytes());
    Ok(file)
}

/// The mapped file of a packed one, checked as any other. Errors: `format-spec/packed.md`, section 12.
pub fn unpack(packed: &[u8], limits: &Limits) -> Result<Vec<u8>> {
    let stream = stream_of(packed, limits)?;
    let mut decoder = Decoder::new(stream);
    let mapped = stream::code(&mut decoder, None, stream.len(), limits).map_err(unpacked)?;
    decoder.finish()?;
    // What `pack` would not have written is refused; it checks the mapped file first.
    at_most(to_u64(mapped.len()), limits.file_bytes, "the length of the mapped file that a packed one unpacks to")?;
    if pack(&mapped).map_err(unpacked)? != packed {
        return Err(Error::new(Defect::NonCanonical, "the packed file is not the one that its model packs to"));
    }
    Ok(mapped)
}

/// An error whose place is in the mapped file.
fn unpacked(error: Error) -> Error {
    Error::new(error.kind(), format!("the packed file unpacks to one that is not right: {error}"))
}

/// The stream of a file whose checksum is right.
fn stream_of<'a>(packed: &'a [u8], limits: &Limits) -> Result<&'a [u8]> {
    if packed.is_empty() {
        return Err(Error::new(Defect::Empty, "the file is empty"));
    }
    at_most(to_u64(packed.len()), limits.file_bytes, "the file's length")?;
    if !is_packed(packed) {
        return Err(Error::at(Defect::Magic, 0, "not a packed .curt file"));
    }
    let short = || Error::at(Defect::Truncated, to_u64(packed.len()), "a packed file has at least 8 bytes");
    let version = *packed.get(MAGIC.len()).ok_or_else(short)?;
    if version != VERSION {
        let message = format!("the packed file is of version {version}, this library reads version {VERSION}");
        return Err(Error::at(Defect::Version, 3, message));
    }
    let end = packed.len().checked_sub(CHECKSUM_BYTES).filter(|&end| end >= HEADER_BYTES).ok_or_else(short)?;
    let (checked, stored) = packed.split_at_checked(end).expect("invariant: the end lies in the file");
    let stored = u32::from_le_bytes(stored.try_into().expect("invariant: 4 bytes"));
    let found = crc32c::crc32c(checked);
    if found != stored && !cfg!(fuzzing) {
        let message = format!("the packed file is damaged or cut off: its checksum is {found:#010x}, stored is {stored:#010x}");
        return Err(Error::at(Defect::Checksum, to_u64(end), message));
    }
    Ok(checked.get(HEADER_BYTES..).expect("invariant: the header lies in the file"))
}
