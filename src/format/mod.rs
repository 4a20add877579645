//! The bytes of `.curt` files: no other module knows them. `format-spec/SPEC.md` is the normative text.
//!
//! A file has one of two profiles. A mapped file is executed where it lies; a packed file is a mapped file, entropy-coded. [`validate`] is the
//! only validator and the last code that can refuse a file. A packed file is unpacked first, and the resulting mapped file is validated.
//! [`write()`] makes the canonical file of a content.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod convert;
pub mod mapped;
pub mod packed;
mod save;
mod temporary;

use crate::base::checked::{at_most, to_u64};
use crate::base::environment::Environment;
use crate::base::error::{Defect, Error, Result};
use crate::base::limits::Limits;
use crate::base::memory::MemoryBudget;
use crate::content::{Contents, Extensions, Validated};
pub use convert::{account, pack, unpack};
pub use mapped::{Check, SectionInfo, layer_table_bytes, sections};
pub use save::{Output, save};

/// Whether `file` is packed, by its first bytes.
#[must_use]
pub fn is_packed(file: &[u8]) -> bool {
    file.starts_with(&packed::MAGIC)
}

/// Validates a whole mapped file and returns its content, with the place of each weight array.
///
/// # Errors
/// `limit`, or the [`Defect`] that SPEC section 8 names, with its byte.
pub fn validate(file: &[u8], limits: &Limits, check: Check) -> Result<Validated> {
    validate_within(file, limits, check, &mut MemoryBudget::new(limits.memory_bytes))
}

/// [`validate`], where what the content takes is charged to `memory`.
pub(crate) fn validate_within(file: &[u8], limits: &Limits, check: Check, memory: &mut MemoryBudget) -> Result<Validated> {
    let _modes = Environment::set();
    at_most(to_u64(file.len()), limits.file_bytes, "the file's length")?;
    if is_packed(file) {
        let hint = "it is a packed file; `Model::open` unpacks it, `curt unpack` writes the file that can be mapped";
        return Err(Error::at(Defect::Magic, 0, format!("not a mapped .curt file: {hint}")));
    }
    mapped::validate(file, limits, check, memory)
}

/// The mapped file of `contents`. It is validated like any other file, so nothing is written that cannot be read.
///
/// # Errors
/// Those of [`validate`].
pub fn write(contents: &Contents) -> Result<Vec<u8>> {
    let file = mapped::write(contents, &Extensions::default());
    validate(&file, &Limits::FORMAT, Check::Full).map_err(|error| error.context("the model to be written"))?;
    Ok(file)
}

/// The mapped file without what affects no result: the origin section, sections with unknown ids, optional features.
///
/// # Errors
/// Those of [`validate`].
pub fn strip(file: &[u8]) -> Result<Vec<u8>> {
    validate(file, &Limits::FORMAT, Check::Full)?;
    mapped::strip(file)
}
