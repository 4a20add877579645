//! Writes the one canonical file of a content.

use super::header::{BYTE_ORDER, CHECKED_BYTES, ENTRY_BYTES, HEADER_BYTES, MAGIC};
use super::sections::{self, OPTIONAL, Sections, id};
use super::{origin_section, tables_section, weights_section};
use crate::base::checked::{add, align64, to_u64};
use crate::base::error::Result;
use crate::content::{Contents, Extensions, graph_words};
use crate::graph::Graph;
use std::borrow::Cow;

/// The file of `contents` and `extensions`; it is not validated here.
pub(crate) fn write(contents: &Contents, extensions: &Extensions<'_>) -> Vec<u8> {
    let graph = graph_words::write(&contents.graph).into_iter().flat_map(u32::to_le_bytes).collect();
    let mut sections = vec![
        (id::GRAPH, 0, Cow::Owned(graph)),
        (id::TABLES, 0, Cow::Owned(tables_section::write(&contents.graph, &contents.tables))),
        (id::WEIGHTS, 0, Cow::Owned(weights_section::write(&contents.layers))),
    ];
    sections.extend(contents.origin.iter().map(|origin| (id::ORIGIN, OPTIONAL, Cow::Owned(origin_section::write(origin)))));
    sections.extend(extensions.sections.iter().map(|(id, bytes)| (*id, OPTIONAL, Cow::Borrowed(&**bytes))));
    assemble(&sections, extensions.features)
}

/// The length in bytes of the file of `graph`, without origin and extensions. It is known before anything of that size is allocated.
pub(crate) fn file_bytes(graph: &Graph) -> Result<u64> {
    let graph_bytes = to_u64(graph_words::write(graph).len()).saturating_mul(4);
    let weights = weights_section::needed_bytes(graph)?;
    let mut end = 64 + 3 * 32; // the header and the entries of three sections
    for bytes in [graph_bytes, tables_section::needed_bytes(graph)?, weights] {
        end = add(align64(end)?, bytes, "the mapped file")?;
    }
    Ok(end)
}

/// The most bytes of the file of `contents` and `extensions`, padding included.
///
/// # Errors
/// `limit`.
pub(crate) fn content_bytes(contents: &Contents, extensions: &Extensions<'_>) -> Result<u64> {
    let origin = contents.origin.as_ref().map_or(0, origin_section::written_bytes);
    let unknown = extensions.sections.iter().map(|(_, bytes)| to_u64(bytes.len())).fold(0, u64::saturating_add);
    let table = to_u64(extensions.sections.len()).saturating_add(1).saturating_mul(64 + 32);
    [origin, unknown, table].into_iter().try_fold(file_bytes(&contents.graph)?, |sum, bytes| add(sum, bytes, "the mapped file"))
}

/// The validated file without origin section and extensions.
pub(crate) fn strip(file: &[u8]) -> Result<Vec<u8>> {
    let Sections { graph, tables, weights, .. } = sections::parse(file, false)?;
    Ok(assemble(&[graph, tables, weights].map(|section| (section.id, 0, Cow::Borrowed(section.bytes))), 0))
}

/// The file of `sections` (id, flags, bytes), in the order of their ids, with the bits `features` of optional features.
fn assemble(sections: &[(u32, u32, Cow<'_, [u8]>)], features: u32) -> Vec<u8> {
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
