//! Writes the one canonical file of a model.

use super::header::{BYTE_ORDER, CHECKED_BYTES, ENTRY_BYTES, HEADER_BYTES, MAGIC};
use super::sections::{self, OPTIONAL, Sections};
use super::{Check, Origin, Tables, graph_section, id, origin, tables, validate, weights_section};
use crate::base::checked::to_u64;
use crate::base::error::{Error, Result};
use crate::base::limits::Limits;
use crate::encoding::Encoded;
use crate::graph::Graph;
use std::io::Write;
use std::path::Path;

/// What a file is made of.
#[derive(Clone, Debug)]
pub struct Contents {
    /// The graph.
    pub graph: Graph,
    /// Everything small; the levels are those of `layers`.
    pub tables: Tables,
    /// One for each linear node, in order.
    pub layers: Vec<Encoded>,
    /// Names and masks, optional.
    pub origin: Option<Origin>,
}

/// The bytes of the file. They are validated as any other file's are, so that nothing is ever written that cannot be read.
pub fn write(contents: &Contents) -> Result<Vec<u8>> {
    let mut sections = vec![
        (id::GRAPH, 0, graph_section::write(&contents.graph)),
        (id::TABLES, 0, tables::write(&contents.graph, &contents.tables)),
        (id::WEIGHTS, 0, weights_section::write(&contents.layers)),
    ];
    sections.extend(contents.origin.as_ref().map(|origin| (id::ORIGIN, OPTIONAL, origin::write(origin))));
    let file = assemble(&sections, 0);
    validate(&file, &Limits::FORMAT, Check::Full).map_err(|error| error.context("the model to be written"))?;
    Ok(file)
}

/// The file of sections (id, flags, bytes) in the order of their ids, with these bits of optional features.
pub(super) fn assemble(sections: &[(u32, u32, Vec<u8>)], features: u32) -> Vec<u8> {
    let table_bytes = sections.len().saturating_mul(ENTRY_BYTES);
    let mut body = Vec::new();
    let mut table = Vec::new();
    let start = HEADER_BYTES.saturating_add(table_bytes);
    for (id, flags, bytes) in sections {
        let offset = start.saturating_add(body.len()).next_multiple_of(64);
        body.resize(offset.saturating_sub(start), 0);
        body.extend_from_slice(bytes);
        table.extend_from_slice(&id.to_le_bytes());
        table.extend_from_slice(&flags.to_le_bytes());
        table.extend_from_slice(&to_u64(offset).to_le_bytes());
        table.extend_from_slice(&to_u64(bytes.len()).to_le_bytes());
        table.extend_from_slice(&crc32c::crc32c(bytes).to_le_bytes());
        table.extend_from_slice(&[0; 4]);
    }
    let mut file = Vec::new();
    file.extend_from_slice(&MAGIC);
    file.extend_from_slice(&BYTE_ORDER.to_le_bytes());
    file.extend_from_slice(&[0; 4]); // version 0, profile 0: mapped
    file.extend_from_slice(&to_u64(start.saturating_add(body.len())).to_le_bytes());
    file.extend_from_slice(&[0; 4]); // required features
    file.extend_from_slice(&features.to_le_bytes());
    file.extend_from_slice(&u32::try_from(sections.len()).expect("invariant: 16 sections at most").to_le_bytes());
    file.resize(CHECKED_BYTES, 0);
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&file), &table);
    file.extend_from_slice(&checksum.to_le_bytes());
    file.extend_from_slice(&table);
    file.extend_from_slice(&body);
    file
}

/// The mapped file without what does not affect any result: the origin section, sections that are not known, optional features. Errors: those
/// of the file.
pub fn strip(file: &[u8]) -> Result<Vec<u8>> {
    validate(file, &Limits::FORMAT, Check::Full)?;
    let Sections { graph, tables, weights, .. } = sections::parse(file, false)?;
    let sections = [graph, tables, weights].map(|section| (section.id, 0, section.bytes.to_vec()));
    Ok(assemble(&sections, 0))
}

/// Saves `bytes` at `path` so that the path holds either the old or the new content, whatever happens: a temporary file in the same
/// directory, flushed and synced, renamed over the path, the directory synced. Errors: `io`, with the path.
pub fn save(path: &Path, bytes: &[u8]) -> Result<()> {
    let fail = |error| Error::io(format!("cannot write {}", path.display()), error);
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let (temporary, mut file) = create_beside(path, directory).map_err(fail)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| std::fs::rename(&temporary, path));
    if let Err(error) = written {
        let _ = std::fs::remove_file(&temporary); // the first error is the one to report
        return Err(fail(error));
    }
    sync_directory(directory).map_err(fail)
}

/// A new file beside `path`. Its name is short, as the path's own may be of the greatest length, and tells one writer from another by
/// process and time: where each process has the same id (in containers), those that were killed must not use the names up.
fn create_beside(path: &Path, directory: &Path) -> std::io::Result<(std::path::PathBuf, std::fs::File)> {
    path.file_name().ok_or_else(|| std::io::Error::other("the path has no file name"))?;
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_nanos();
    let mut attempt = 0u32;
    loop {
        let temporary = directory.join(format!(".curt-{}-{since_1970:x}-{attempt}.tmp", std::process::id()));
        match std::fs::OpenOptions::new().write(true).create_new(true).open(&temporary) {
            Ok(file) => return Ok((temporary, file)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && attempt < 100 => {
                attempt = attempt.saturating_add(1);
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(unix)]
fn sync_directory(directory: &Path) -> std::io::Result<()> {
    std::fs::File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> std::io::Result<()> {
    Ok(()) // a directory cannot be opened there
}
