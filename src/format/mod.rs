//! The bytes of `.curt` files: no other module knows them. `format-spec/SPEC.md` is the normative text.
//!
//! A file has one of two profiles. A mapped file is executed where it lies; a packed file is a mapped file, entropy-coded. [`validate`] is the
//! only validator and the last code that can refuse a file. A packed file is unpacked first, and the resulting mapped file is validated.
//! [`write()`] makes the canonical file of a content.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

pub mod mapped;
pub mod packed;
mod save;
mod temporary;

use crate::base::checked::{at_most, to_u64};
use crate::base::environment::Environment;
use crate::base::error::{Defect, Error, ErrorKind, Result};
use crate::base::limits::Limits;
use crate::content::{Contents, Extensions, Validated};
use crate::graph::Graph;
pub use mapped::{Check, SectionInfo, layer_table_bytes, sections};
use packed::{Part, Source};
pub use save::{Output, save};
use std::collections::BTreeMap;

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
    let _modes = Environment::set();
    at_most(to_u64(file.len()), limits.file_bytes, "the file's length")?;
    if is_packed(file) {
        let hint = "it is a packed file; `Model::open` unpacks it, `curt unpack` writes the file that can be mapped";
        return Err(Error::at(Defect::Magic, 0, format!("not a mapped .curt file: {hint}")));
    }
    mapped::validate(file, limits, check)
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

/// The packed file of a mapped one; [`unpack`] gives the same mapped file back.
///
/// # Errors
/// Those of [`validate`]; `limit` when the sparse layers have too many weights, zeros included.
pub fn pack(file: &[u8]) -> Result<Vec<u8>> {
    let _modes = Environment::set();
    let (packed, coded) = packed::encode(&source(file)?)?;
    if mapped::write(&coded.contents, &coded.extensions) != file {
        return Err(Error::new(ErrorKind::Internal, "packing changed the file: please report this and attach the file"));
    }
    Ok(packed)
}

/// The mapped file of a packed one, validated like any other.
///
/// # Errors
/// Those of `format-spec/packed.md`, section 12.
pub fn unpack(file: &[u8], limits: &Limits) -> Result<Vec<u8>> {
    let _modes = Environment::set();
    // The places of these errors are in the mapped file.
    let invalid = |error: Error| Error::new(error.kind(), format!("the packed file unpacks to an invalid one: {error}"));
    let fits =
        |bytes| at_most(bytes, limits.file_bytes, "the length of the mapped file that a packed one unpacks to").map(|_| ());
    let stream = packed::stream(file, limits)?;
    let decoded = packed::decode(stream, limits, |graph: &Graph| fits(mapped::file_bytes(graph)?)).map_err(invalid)?;
    let mapped = mapped::write(&decoded.contents, &decoded.extensions);
    fits(to_u64(mapped.len()))?;
    // A packed file that `pack` would not have written is refused. `pack` validates the mapped file first.
    if pack(&mapped).map_err(invalid)? != file {
        return Err(Error::new(Defect::NonCanonical, "packing the model of this packed file gives other bytes"));
    }
    Ok(mapped)
}

/// The ideal code length of each part of the packed file of a mapped one, in bits.
///
/// The stream of the packed file is longer than their sum by less than 0.25 % and two bytes: the coder rounds each probability down to what
/// its range can hold, and ends on a whole byte.
///
/// # Errors
/// Those of [`pack`].
pub fn account(file: &[u8]) -> Result<BTreeMap<Part, f64>> {
    packed::account(&source(file)?)
}

/// A mapped file, validated, in the form that the packed profile codes.
fn source(file: &[u8]) -> Result<Source<'_>> {
    let content = validate(file, &Limits::FORMAT, Check::Full)?;
    Ok(Source { file, content, extensions: mapped::extensions(file)? })
}
