//! The section table (SPEC 2.2): steps 3 to 7 of SPEC section 8.

use super::header::{self, CHECKED_BYTES, ENTRY_BYTES, HEADER_BYTES, Header};
use super::id;
use crate::base::checked::{align64, from_u32, to_u64, to_usize, within};
use crate::base::error::{Defect, Error, ErrorKind, Result};
use crate::bytes::Cursor;

/// Flag bit 0: a reader that does not know the id skips the section.
pub(crate) const OPTIONAL: u32 = 1;

/// The sections of a file whose places are right.
#[derive(Debug)]
pub(crate) struct Sections<'a> {
    pub(crate) graph: Section<'a>,
    pub(crate) tables: Section<'a>,
    pub(crate) weights: Section<'a>,
    pub(crate) origin: Option<Section<'a>>,
    /// Those that are not known, in order.
    pub(crate) unknown: Vec<Section<'a>>,
    /// Bits of optional features.
    pub(crate) features: u32,
}

/// A section's bytes and their place in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Section<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) offset: u64,
    pub(crate) id: u32,
    checksum: u32,
}

impl<'a> Section<'a> {
    /// A section that is not in a file yet.
    pub(crate) fn new(id: u32, bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0, id, checksum: 0 }
    }
}

/// Reads header and table and finds the sections. `check_weights` says whether the checksum of the weights is compared too.
pub(crate) fn parse(file: &[u8], check_weights: bool) -> Result<Sections<'_>> {
    let header = header::parse(file)?;
    let table = table(file, &header)?;
    let mut cursor = Cursor::new(table, to_u64(HEADER_BYTES), "section table");
    let mut found: Vec<Section<'_>> = Vec::with_capacity(from_u32(header.section_count));
    let mut end = to_u64(HEADER_BYTES.saturating_add(table.len()));
    while cursor.remaining() > 0 {
        let section = entry(file, &mut cursor, found.last().map(|section| section.id), end)?;
        end = section.offset.saturating_add(to_u64(section.bytes.len()));
        found.push(section);
    }
    let required = |id| {
        let missing = || Error::new(Defect::MissingSection, format!("section {id} is missing"));
        found.iter().find(|section| section.id == id).copied().ok_or_else(missing)
    };
    let (graph, tables, weights) = (required(id::GRAPH)?, required(id::TABLES)?, required(id::WEIGHTS)?);
    if end != to_u64(file.len()) {
        return Err(Error::at(Defect::Trailing, end, "bytes follow the last section"));
    }
    for section in found.iter().filter(|section| check_weights || section.id != id::WEIGHTS) {
        let what = format!("section {}", section.id);
        compare(crc32c::crc32c(section.bytes), section.checksum, section.offset, &what)?;
    }
    let origin = found.iter().find(|section| section.id == id::ORIGIN).copied();
    let unknown = found.into_iter().filter(|section| section.id > id::ORIGIN).collect();
    Ok(Sections { graph, tables, weights, origin, unknown, features: header.optional_features })
}

/// The bytes of the table, covered by the header's checksum.
fn table<'a>(file: &'a [u8], header: &Header) -> Result<&'a [u8]> {
    if !(3..=16).contains(&header.section_count) {
        let message = format!("the file has {} sections, 3 to 16 are allowed", header.section_count);
        return Err(Error::at(ErrorKind::Limit, 32, message));
    }
    let mut cursor = Cursor::new(file, 0, "section table");
    let head = cursor.bytes(HEADER_BYTES, "the header")?;
    let table = cursor.bytes(from_u32(header.section_count).saturating_mul(ENTRY_BYTES), "the section table")?;
    let checked = head.get(..CHECKED_BYTES).expect("invariant: the header has 64 bytes");
    compare(crc32c::crc32c_append(crc32c::crc32c(checked), table), header.checksum, 60, "the header")?;
    Ok(table)
}

/// The next entry, whose section must start at the first multiple of 64 after `end`.
fn entry<'a>(file: &'a [u8], cursor: &mut Cursor<'_>, previous: Option<u32>, end: u64) -> Result<Section<'a>> {
    let at = cursor.offset();
    let (id, flags) = (cursor.u32("a section id")?, cursor.u32("section flags")?);
    let (offset, len) = (cursor.u64("a section offset")?, cursor.u64("a section length")?);
    let (checksum, reserved) = (cursor.u32("a section checksum")?, cursor.u32("a reserved field")?);
    let fail = |kind, message: String| Err(Error::at(kind, at, format!("section {id}: {message}")));
    if flags & !OPTIONAL != 0 || reserved != 0 {
        return fail(ErrorKind::Format(Defect::Reserved), "reserved bits are set".to_owned());
    }
    match previous {
        Some(previous) if id == previous => return fail(ErrorKind::Format(Defect::Duplicate), "it stands twice".to_owned()),
        Some(previous) if id < previous => {
            return fail(ErrorKind::Format(Defect::Order), format!("it follows section {previous}"));
        }
        None if id == 0 => return fail(ErrorKind::Format(Defect::Order), "ids start at 1".to_owned()),
        _ => {}
    }
    match (id, flags) {
        (id::GRAPH | id::TABLES | id::WEIGHTS, 0) | (id::ORIGIN, OPTIONAL) => {}
        (id::GRAPH..=id::ORIGIN, _) => return fail(ErrorKind::Format(Defect::Reserved), "its optional flag is wrong".to_owned()),
        (_, OPTIONAL) => {}
        _ => {
            return fail(ErrorKind::Format(Defect::Feature), "it is required and not known; a later library reads it".to_owned());
        }
    }
    if offset % 64 != 0 {
        return fail(ErrorKind::Format(Defect::Align), format!("offset {offset} is not a multiple of 64"));
    }
    let expected = align64(end)?;
    if offset < expected {
        return fail(
            ErrorKind::Format(Defect::Overlap),
            format!("offset {offset} lies before {expected}, where the file is free"),
        );
    }
    if offset > expected {
        return fail(ErrorKind::Format(Defect::Gap), format!("offset {offset} leaves a gap after {expected}"));
    }
    if !within(offset, len, to_u64(file.len())) {
        return fail(ErrorKind::Format(Defect::Bounds), format!("{len} bytes from offset {offset} leave the file"));
    }
    let range = |from, to| Ok::<_, Error>(to_usize(from, "an offset")?..to_usize(to, "an offset")?);
    let padding = file.get(range(end, offset)?).expect("invariant: the section before ends within the file");
    if padding.iter().any(|&byte| byte != 0) {
        return Err(Error::at(Defect::Padding, end, format!("padding before section {id} is not zero")));
    }
    let bytes = file.get(range(offset, offset.saturating_add(len))?).expect("invariant: within the file");
    Ok(Section { bytes, offset, id, checksum })
}

/// Compares a checksum. Fuzzing builds do not, so that the code behind is reached.
fn compare(found: u32, stored: u32, offset: u64, what: &str) -> Result<()> {
    if found == stored || cfg!(fuzzing) {
        return Ok(());
    }
    let message = format!("{what} is damaged: its checksum is {found:#010x}, stored is {stored:#010x}");
    Err(Error::at(Defect::Checksum, offset, message))
}
