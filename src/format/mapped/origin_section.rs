//! The origin section (SPEC section 7), read and written.

use super::sections::Section;
use super::tables_section::mask;
use crate::base::checked::{from_u32, to_u64};
use crate::base::error::{Defect, Error, ErrorKind, Result};
use crate::base::limits::{MAX_DIMENSION, MAX_ELEMENTS, MAX_NAME_BYTES};
use crate::base::memory::MemoryBudget;
use crate::bytes::Cursor;
use crate::content::{Origin, OriginNode, OriginShape, is_forbidden};
use crate::graph::Graph;
use crate::tensor::Mask;
use std::collections::HashSet;

/// What messages call the memory of this page.
const NAMES: &str = "the names of nodes";
/// What a set of names takes for each: a reference, a byte of control, and room to be half full.
const NAME_BYTES: u64 = 64;

pub(super) fn parse(section: &Section<'_>, graph: &Graph, memory: &mut MemoryBudget) -> Result<Origin> {
    let mut cursor = Cursor::new(section.bytes, section.offset, "origin");
    let network = memory.text(text(&mut cursor)?, NAMES)?;
    let method = memory.text(text(&mut cursor)?, NAMES)?;
    let count = graph.nodes().len();
    let mut nodes = memory.list(count, NAMES)?;
    let mut names = HashSet::new();
    memory.charge(to_u64(count).saturating_mul(NAME_BYTES), NAMES)?;
    names.try_reserve(count).map_err(|_| Error::NO_MEMORY)?;
    for node in graph.nodes() {
        let at = cursor.offset();
        let name = text(&mut cursor)?;
        if !names.insert(name) {
            return Err(Error::at(Defect::Duplicate, at, format!("duplicate node name {name:?}")));
        }
        let shape = match node.op.linear() {
            Some(linear) => {
                Some(shape(&mut cursor, linear.rows, OriginShape::kept_columns(&node.op, graph.shape(node.input())), memory)?)
            }
            None => None,
        };
        nodes.push(OriginNode { name: memory.text(name, NAMES)?, shape });
    }
    cursor.finish()?;
    Ok(Origin { network, method, nodes })
}

fn shape(cursor: &mut Cursor<'_>, rows: usize, cols: usize, memory: &mut MemoryBudget) -> Result<OriginShape> {
    let at = cursor.offset();
    let original_rows = cursor.count(MAX_DIMENSION, "the original rows")?;
    let original_cols = cursor.count(MAX_DIMENSION, "the original columns")?;
    if to_u64(original_rows).saturating_mul(to_u64(original_cols)) > MAX_ELEMENTS {
        let message = format!("an original layer of {original_rows} x {original_cols} exceeds {MAX_ELEMENTS} weights");
        return Err(Error::at(ErrorKind::Limit, at, message));
    }
    let rows = mask(cursor, original_rows, rows, "the row mask", memory)?;
    let cols = mask(cursor, original_cols, cols, "the column mask", memory)?;
    Ok(OriginShape { rows, cols })
}

fn text<'a>(cursor: &mut Cursor<'a>) -> Result<&'a str> {
    let at = cursor.offset();
    let len = cursor.u32("the length of a name")?;
    if len == 0 || u64::from(len) > MAX_NAME_BYTES {
        return Err(Error::at(Defect::Name, at, format!("a name of {len} bytes, 1 to {MAX_NAME_BYTES} are allowed")));
    }
    let len = from_u32(len);
    let bytes = cursor.bytes(len, "a name")?;
    let name = std::str::from_utf8(bytes).map_err(|_| Error::at(Defect::Utf8, at, "a name is not UTF-8"))?;
    if let Some(forbidden) = name.chars().find(|&c| is_forbidden(c)) {
        return Err(Error::at(Defect::Name, at, format!("a name holds the character U+{:04X}", u32::from(forbidden))));
    }
    let padding = cursor.bytes(padding(len), "the padding of a name")?;
    if padding.iter().any(|&byte| byte != 0) {
        return Err(Error::at(Defect::Padding, at, "the padding of a name is not zero"));
    }
    Ok(name)
}

fn padding(len: usize) -> usize {
    len.next_multiple_of(4).saturating_sub(len)
}

/// Bytes that [`write`] takes.
pub(super) fn written_bytes(origin: &Origin) -> u64 {
    let text = |text: &str| text.len().saturating_add(8);
    let mask = |mask: &Mask| mask.len().div_ceil(32).saturating_add(1).saturating_mul(4);
    let masks = |node: &OriginNode| node.shape.as_ref().map_or(0, |shape| mask(&shape.rows).saturating_add(mask(&shape.cols)));
    let nodes = origin.nodes.iter().map(|node| text(&node.name).saturating_add(masks(node)));
    to_u64([text(&origin.network), text(&origin.method)].into_iter().chain(nodes).fold(0, usize::saturating_add))
}

pub(super) fn write(origin: &Origin) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_text(&mut bytes, &origin.network);
    push_text(&mut bytes, &origin.method);
    for node in &origin.nodes {
        push_text(&mut bytes, &node.name);
        if let Some(shape) = &node.shape {
            let masks = [&shape.rows, &shape.cols];
            let lengths = masks.map(|mask| u32::try_from(mask.len()).expect("invariant: dimensions are limited to 2^24"));
            let words = lengths.into_iter().chain(masks.into_iter().flat_map(Mask::to_words));
            bytes.extend(words.flat_map(u32::to_le_bytes));
        }
    }
    bytes
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    let len = u32::try_from(text.len()).expect("invariant: names are limited to 255 bytes");
    bytes.extend_from_slice(&len.to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}
