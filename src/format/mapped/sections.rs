//! The section table (SPEC 2.2): steps 3 to 7 of SPEC section 8.

use super::header::{self, CHECKED_BYTES, ENTRY_BYTES, HEADER_BYTES, Header};
use crate::base::checked::{align64, from_u32, to_u64, to_usize, within};
use crate::base::error::{Defect, Error, ErrorKind, Result};
use crate::bytes::Cursor;
use crate::content::Extensions;
use std::borrow::Cow;
use std::fmt::Arguments;

/// Ids of the sections.
pub(super) mod id {
    pub(crate) const GRAPH: u32 = 1;
    pub(crate) const TABLES: u32 = 2;
    pub(crate) const WEIGHTS: u32 = 3;
    pub(crate) const ORIGIN: u32 = 4;
}

/// Flag bit 0: a reader that does not know the section's id skips the section.
pub(super) const OPTIONAL: u32 = 1;

/// The sections of a file. Their places were checked, their content was not.
#[derive(Debug)]
pub(super) struct Sections<'a> {
    pub(super) graph: Section<'a>,
    pub(super) tables: Section<'a>,
    pub(super) weights: Section<'a>,
    pub(super) origin: Option<Section<'a>>,
}

/// A section's bytes and their place in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) offset: u64,
    pub(super) id: u32,
    checksum: u32,
}

/// Id, place and length of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionInfo {
    /// Its id.
    pub id: u32,
    /// Its name, if this library knows the id.
    pub name: Option<&'static str>,
    /// Where it starts in the file.
    pub offset: u64,
    /// Its length.
    pub bytes: u64,
}

/// Reads the header and the section table, and compares the checksums of the sections. The weights are compared only if `check_weights`.
pub(super) fn parse(file: &[u8], check_weights: bool) -> Result<Sections<'_>> {
    let (found, _) = find(file)?;
    for section in found.iter().filter(|section| check_weights || section.id != id::WEIGHTS) {
        let what = format_args!("section {}", section.id);
        compare(crc32c::crc32c(section.bytes), section.checksum, section.offset, what)?;
    }
    let origin = found.iter().find(|section| section.id == id::ORIGIN).copied();
    let [graph, tables, weights] = required(&found)?;
    Ok(Sections { graph, tables, weights, origin })
}

/// The sections of a file in order; their content is not read.
///
/// # Errors
/// Those of steps 1 to 6 of SPEC section 8.
pub fn sections(file: &[u8]) -> Result<Vec<SectionInfo>> {
    let (found, _) = find(file)?;
    let info = |section: Section<'_>| {
        let name = match section.id {
            id::GRAPH => Some("graph"),
            id::TABLES => Some("tables"),
            id::WEIGHTS => Some("weights"),
            id::ORIGIN => Some("origin"),
            _ => None,
        };
        SectionInfo { id: section.id, name, offset: section.offset, bytes: to_u64(section.bytes.len()) }
    };
    Ok(found.into_iter().map(info).collect())
}

/// The optional features and the sections with unknown ids of a validated file.
pub(crate) fn extensions(file: &[u8]) -> Result<Extensions<'_>> {
    let (found, features) = find(file)?;
    let unknown = found.into_iter().filter(|section| section.id > id::ORIGIN);
    Ok(Extensions { features, sections: unknown.map(|section| (section.id, Cow::Borrowed(section.bytes))).collect() })
}

/// The sections in order, their places checked, and the bits of optional features.
fn find(file: &[u8]) -> Result<(Vec<Section<'_>>, u32)> {
    let header = header::parse(file)?;
    let table = table(file, &header)?;
    let mut cursor = Cursor::new(table, to_u64(HEADER_BYTES), "section table");
    let mut found: Vec<Section<'_>> = Vec::new();
    found.try_reserve_exact(from_u32(header.section_count)).map_err(|_| Error::NO_MEMORY)?;
    let mut end = to_u64(HEADER_BYTES.saturating_add(table.len()));
    while cursor.remaining() > 0 {
        let section = entry(file, &mut cursor, found.last().map(|section| section.id), end)?;
        end = section.offset.saturating_add(to_u64(section.bytes.len()));
        found.push(section);
    }
    required(&found)?;
    if end != to_u64(file.len()) {
        return Err(Error::at(Defect::Trailing, end, "bytes follow the last section"));
    }
    Ok((found, header.optional_features))
}

/// The sections that every file has.
fn required<'a>(found: &[Section<'a>]) -> Result<[Section<'a>; 3]> {
    let section = |id| {
        let missing = || Error::new(Defect::MissingSection, format!("section {id} is missing"));
        found.iter().find(|section| section.id == id).copied().ok_or_else(missing)
    };
    Ok([section(id::GRAPH)?, section(id::TABLES)?, section(id::WEIGHTS)?])
}

/// The bytes of the section table. The header's checksum covers both.
fn table<'a>(file: &'a [u8], header: &Header) -> Result<&'a [u8]> {
    if !(3..=16).contains(&header.section_count) {
        let message = format!("the file has {} sections, 3 to 16 are allowed", header.section_count);
        return Err(Error::at(ErrorKind::Limit, 32, message));
    }
    let mut cursor = Cursor::new(file, 0, "section table");
    let head = cursor.bytes(HEADER_BYTES, "the header")?;
    let table = cursor.bytes(from_u32(header.section_count).saturating_mul(ENTRY_BYTES), "the section table")?;
    let checked = head.get(..CHECKED_BYTES).expect("invariant: the header has 64 bytes");
    compare(crc32c::crc32c_append(crc32c::crc32c(checked), table), header.checksum, 60, format_args!("the header"))?;
    Ok(table)
}

/// The next entry of the table. Its section must start at the first multiple of 64 that is not below `end`.
fn entry<'a>(file: &'a [u8], cursor: &mut Cursor<'_>, previous: Option<u32>, end: u64) -> Result<Section<'a>> {
    let at = cursor.offset();
    let (id, flags) = (cursor.u32("a section id")?, cursor.u32("section flags")?);
    let (offset, len) = (cursor.u64("a section offset")?, cursor.u64("a section length")?);
    let (checksum, reserved) = (cursor.u32("a section checksum")?, cursor.u32("a reserved field")?);
    let fail = |kind, message: String| Err(Error::at(kind, at, format!("section {id}: {message}")));
    if flags & !OPTIONAL != 0 || reserved != 0 {
        return fail(Defect::Reserved, "reserved bits are set".to_owned());
    }
    match previous {
        Some(previous) if id == previous => return fail(Defect::Duplicate, "duplicate section id".to_owned()),
        Some(previous) if id < previous => return fail(Defect::Order, format!("it follows section {previous}")),
        None if id == 0 => return fail(Defect::Order, "ids start at 1".to_owned()),
        _ => {}
    }
    match (id, flags) {
        (id::GRAPH | id::TABLES | id::WEIGHTS, 0) | (id::ORIGIN, OPTIONAL) => {}
        (id::GRAPH..=id::ORIGIN, _) => return fail(Defect::Reserved, "its optional flag is wrong".to_owned()),
        (_, OPTIONAL) => {}
        _ => {
            return fail(Defect::Feature, "the section is required and its id is not known; a later library reads it".to_owned());
        }
    }
    if offset % 64 != 0 {
        return fail(Defect::Align, format!("offset {offset} is not a multiple of 64"));
    }
    let expected = align64(end)?;
    if offset < expected {
        return fail(Defect::Overlap, format!("offset {offset} is before {expected}, the first offset that is free"));
    }
    if offset > expected {
        return fail(Defect::Gap, format!("offset {offset} leaves a gap after {expected}"));
    }
    if !within(offset, len, to_u64(file.len())) {
        return fail(Defect::Bounds, format!("{len} bytes from offset {offset} end after the end of the file"));
    }
    let range = |from, to| Ok::<_, Error>(to_usize(from, "an offset")?..to_usize(to, "an offset")?);
    let padding = file.get(range(end, offset)?).expect("invariant: the section before ends within the file");
    if padding.iter().any(|&byte| byte != 0) {
        return Err(Error::at(Defect::Padding, end, format!("padding before section {id} is not zero")));
    }
    let bytes = file.get(range(offset, offset.saturating_add(len))?).expect("invariant: within the file");
    Ok(Section { bytes, offset, id, checksum })
}

/// Compares a checksum. Fuzzing builds skip this check, because a fuzzer's input would hardly ever pass it.
fn compare(found: u32, stored: u32, offset: u64, what: Arguments<'_>) -> Result<()> {
    if found == stored || cfg!(fuzzing) {
        return Ok(());
    }
    let message = format!("{what} is damaged: its checksum is {found:#010x}, stored is {stored:#010x}");
    Err(Error::at(Defect::Checksum, offset, message))
}
