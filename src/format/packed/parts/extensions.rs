//! Optional features and sections with unknown ids (`format-spec/packed.md`, section 11).

use crate::base::checked::{from_u32, to_u64, to_usize};
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::limits::Limits;
use crate::content::Extensions;
use crate::format::packed::coder::{Coder, Part};
use crate::format::packed::prediction::number::{Number, Symbol};
use crate::format::packed::prediction::probability::Bit;
use std::borrow::Cow;

/// Codes the extensions. An encoder passes them as `given`, a decoder passes `None`.
///
/// # Errors
/// `limit` when the sections are longer than `most_bytes` together.
pub(crate) fn code(coder: &mut impl Coder, given: Option<&Extensions<'_>>, most_bytes: u64) -> Result<Extensions<'static>> {
    coder.enter(Part::Other);
    let (features, given) = given.map_or((0, &[][..]), |given| (given.features, &given.sections));
    let mut none = Bit::new(62 << 10, 0);
    if none.code(coder, features == 0 && given.is_empty())? {
        return Ok(Extensions::default());
    }
    let features = coder.plain(features, 32)?;
    let mut number = Number::new();
    let mut bytes_model = Symbol::new(8);
    let count = number.code(coder, to_u64(given.len()), 16)?;
    let mut left = most_bytes;
    let mut sections = Vec::new();
    for i in 0..from_u32(u32::try_from(count).expect("invariant: at most 16")) {
        let (id, bytes) = given.get(i).map_or((0, &[][..]), |(id, bytes)| (*id, bytes));
        let id = coder.plain(id, 32)?;
        let len = number.code(coder, to_u64(bytes.len()), Limits::FORMAT.file_bytes)?;
        left = left.checked_sub(len).ok_or_else(|| Error::new(ErrorKind::Limit, "the sections with unknown ids are too long"))?;
        let mut section = Vec::new();
        for at in 0..to_usize(len, "the length of a section")? {
            let byte = bytes_model.code(coder, bytes.get(at).copied().map_or(0, u32::from))?;
            coder.memory().reserve(&mut section, 1, "a section with an unknown id")?;
            section.push(u8::try_from(byte).expect("invariant: a symbol of 8 bits"));
        }
        sections.push((id, Cow::Owned(section)));
    }
    Ok(Extensions { features, sections })
}
