//! The packed profile: the content of a model, entropy-coded in as few bytes as possible. `format-spec/packed.md` is the normative text.
//!
//! A binary arithmetic coder (`coder`) codes each bit with a probability, which an adaptive model predicts. `prediction` has the models of
//! numbers and floats. `matrix` has those of weights and masks, which mix several contexts. With these models `parts` codes the graph, the
//! tables, the weights and the origin. `stream` puts the parts in order.

mod account;
mod allocate;
mod coder;
mod expansion;
mod matrix;
mod parts;
mod prediction;
mod stream;

use crate::base::checked::{at_most, to_u64};
use crate::base::error::{Defect, Error, Result};
use crate::base::limits::Limits;
use crate::base::memory::MemoryBudget;
use crate::graph::Graph;
pub(super) use account::account;
pub use coder::Part;
use coder::{Coder, Decoder, Encoder};
#[cfg(feature = "compress")]
pub(crate) use prediction::floats::grid;
pub use stream::{Decoded, Source};

/// The first bytes: 0x89, "CP". A mapped file starts with 0x89, "CURT".
pub const MAGIC: [u8; 3] = [0x89, b'C', b'P'];
/// The version that this library reads and writes: the fourth byte.
pub const VERSION: u8 = 0;
/// Bytes before the stream: the magic and the version.
const HEADER_BYTES: usize = 4;
/// Bytes of the checksum, which follows the stream.
const CHECKSUM_BYTES: usize = 4;

/// Packs `source`. Returns the packed file, and the content as the coder has coded it.
pub(super) fn encode(source: &Source<'_>, memory: &mut MemoryBudget) -> Result<(Vec<u8>, Decoded)> {
    let [a, b, c] = MAGIC;
    let mut encoder = Encoder::new(&[a, b, c, VERSION]);
    std::mem::swap(encoder.memory(), memory); // for as long as it encodes
    let admit = |graph: &Graph, _: &mut MemoryBudget| expansion::check(graph, usize::MAX);
    let coded = stream::code(&mut encoder, Some(source), &Limits::FORMAT, admit);
    std::mem::swap(encoder.memory(), memory);
    let coded = coded?;
    let mut file = encoder.finish();
    let checksum = crc32c::crc32c(&file);
    file.extend_from_slice(&checksum.to_le_bytes());
    Ok((file, coded))
}

/// Decodes the content of a stream, without validating it. `fits` refuses a graph whose mapped file is too long, before anything is
/// allocated for the graph.
pub(super) fn decode(
    stream: &[u8],
    limits: &Limits,
    memory: &mut MemoryBudget,
    fits: impl FnOnce(&Graph, &mut MemoryBudget) -> Result<()>,
) -> Result<Decoded> {
    let mut decoder = Decoder::new(stream);
    std::mem::swap(decoder.memory(), memory); // for as long as it decodes
    let admit = |graph: &Graph, memory: &mut MemoryBudget| {
        fits(graph, memory)?;
        expansion::check(graph, stream.len())
    };
    let decoded = stream::code(&mut decoder, None, limits, admit);
    std::mem::swap(decoder.memory(), memory);
    let decoded = decoded?;
    decoder.finish()?;
    Ok(decoded)
}

/// The stream of a packed file. Magic, version and checksum are checked.
pub(super) fn stream<'a>(packed: &'a [u8], limits: &Limits) -> Result<&'a [u8]> {
    if packed.is_empty() {
        return Err(Error::new(Defect::Empty, "the file is empty"));
    }
    at_most(to_u64(packed.len()), limits.file_bytes, "the file's length")?;
    if !packed.starts_with(&MAGIC) {
        return Err(Error::at(Defect::Magic, 0, "not a packed .curt file"));
    }
    let short = || Error::at(Defect::Truncated, to_u64(packed.len()), "a packed file has at least 8 bytes");
    let version = *packed.get(MAGIC.len()).ok_or_else(short)?;
    if version != VERSION {
        let message = format!("the packed file has version {version}, this library reads version {VERSION}");
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
