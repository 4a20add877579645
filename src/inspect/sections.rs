//! The sections of a file and their bytes.

use crate::base::error::Result;
use crate::bytes::Cursor;
use crate::format::header::HEADER_BYTES;
use crate::model::Model;

/// A section of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionReport {
    /// Its id.
    pub id: u32,
    /// Its name, where this library knows it.
    pub name: Option<&'static str>,
    /// Where it starts.
    pub offset: u64,
    /// Its length.
    pub bytes: u64,
}

/// The sections of a model's file, in order (SPEC 2.2). The validator has checked the table.
pub(super) fn sections(model: &Model) -> Vec<SectionReport> {
    read(model.file()).expect("invariant: the validator has read this table")
}

fn read(file: &[u8]) -> Result<Vec<SectionReport>> {
    let mut header = Cursor::new(file, 0, "header");
    header.bytes(32, "the fields before the section count")?;
    let count = header.u32("the section count")?;
    let mut table = Cursor::new(file.get(HEADER_BYTES..).unwrap_or_default(), 64, "section table");
    let mut sections = Vec::new();
    for _ in 0..count {
        let (id, _flags) = (table.u32("an id")?, table.u32("flags")?);
        let (offset, bytes) = (table.u64("an offset")?, table.u64("a length")?);
        table.bytes(8, "a checksum")?;
        let name = match id {
            1 => Some("graph"),
            2 => Some("tables"),
            3 => Some("weights"),
            4 => Some("origin"),
            _ => None,
        };
        sections.push(SectionReport { id, name, offset, bytes });
    }
    Ok(sections)
}
