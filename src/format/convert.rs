//! From one profile to the other.

use super::packed::{self, Part, Source};
use super::{Check, mapped, validate_within};
use crate::base::checked::{at_most, to_u64};
use crate::base::environment::Environment;
use crate::base::error::{Defect, Error, ErrorKind, Result};
use crate::base::limits::Limits;
use crate::base::memory::MemoryBudget;
use crate::graph::Graph;
use std::collections::BTreeMap;

/// The packed file of a mapped one; [`unpack`] gives the same mapped file back.
///
/// # Errors
/// Those of a reader of the mapped file; `limit` when the sparse layers have too many weights, zeros included.
pub fn pack(file: &[u8]) -> Result<Vec<u8>> {
    pack_within(file, &mut MemoryBudget::unlimited())
}

/// [`pack`], where what it takes is charged to `memory`.
fn pack_within(file: &[u8], memory: &mut MemoryBudget) -> Result<Vec<u8>> {
    let _modes = Environment::set();
    memory.charge(to_u64(file.len()).saturating_mul(COPIES_OF_A_FILE), "the mapped file, written again")?;
    let (packed, coded) = packed::encode(&source(file, memory)?, memory)?;
    if mapped::write(&coded.contents, &coded.extensions) != file {
        return Err(Error::new(ErrorKind::Internal, "packing changed the file: please report this and attach the file"));
    }
    Ok(packed)
}

/// What the models of a packed file take that are as many for every file: those of fields, numbers and texts.
const FIXED_BYTES: u64 = 256 << 10;
/// Copies of a mapped file that exist while it is written: its sections, then the file, each once more while it grows.
const COPIES_OF_A_FILE: u64 = 6;

/// The mapped file of a packed one, validated like any other.
///
/// # Errors
/// Those of `format-spec/packed.md`, section 12; `limit`, too, when it takes more memory than allowed.
pub fn unpack(file: &[u8], limits: &Limits) -> Result<Vec<u8>> {
    let _modes = Environment::set();
    // The places of these errors are in the mapped file.
    let invalid = |error: Error| match error.kind() {
        ErrorKind::NoMemory => error,
        kind => Error::new(kind, format!("the packed file unpacks to an invalid one: {error}")),
    };
    let fits =
        |bytes| at_most(bytes, limits.file_bytes, "the length of the mapped file that a packed one unpacks to").map(|_| ());
    let stream = packed::stream(file, limits)?;
    let mut memory = MemoryBudget::new(limits.memory_bytes);
    memory.charge(FIXED_BYTES, "the models of a packed file")?;
    let decoded = packed::decode(stream, limits, &mut memory, |graph: &Graph, memory: &mut MemoryBudget| {
        let bytes = mapped::file_bytes(graph)?;
        fits(bytes)?;
        memory.charge(bytes, "the mapped file of a packed one")
    });
    let decoded = decoded.map_err(invalid)?;
    let held = memory.held();
    let bytes = mapped::content_bytes(&decoded.contents, &decoded.extensions)?;
    memory.charge(bytes.saturating_mul(COPIES_OF_A_FILE), "the mapped file of a packed one")?;
    let mapped = mapped::write(&decoded.contents, &decoded.extensions);
    drop(decoded);
    memory.release_to(held);
    fits(to_u64(mapped.len()))?;
    // A packed file that `pack` would not have written is refused. `pack` validates the mapped file first.
    if pack_within(&mapped, &mut memory).map_err(invalid)? != file {
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
    packed::account(&source(file, &mut MemoryBudget::unlimited())?)
}

/// A mapped file, validated, in the form that the packed profile codes.
fn source<'a>(file: &'a [u8], memory: &mut MemoryBudget) -> Result<Source<'a>> {
    let content = validate_within(file, &Limits::FORMAT, Check::Full, memory)?;
    Ok(Source { file, content, extensions: mapped::extensions(file)? })
}
