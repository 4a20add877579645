//! The origin section (SPEC section 7): names, original shapes, masks. Optional, and without influence on any result.

use super::sections::Section;
use super::tables::mask;
use crate::base::checked::{from_u32, to_u64};
use crate::base::error::{Defect, Error, ErrorKind, Result};
use crate::base::limits::{MAX_DIMENSION, MAX_ELEMENTS, MAX_NAME_BYTES};
use crate::bytes::Cursor;
use crate::graph::{Graph, Op};
use crate::tensor::{Mask, Shape};
use std::collections::HashSet;

/// What the network was before compression.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// The network's name.
    pub network: String,
    /// How it was compressed.
    pub method: String,
    /// One for each node, in order.
    pub nodes: Vec<OriginNode>,
}

/// A node's name, and the original shape of a linear one.
#[derive(Clone, Debug, PartialEq)]
pub struct OriginNode {
    /// The name, unique in the graph.
    pub name: String,
    /// For a layer with weights: what was kept of it.
    pub shape: Option<OriginShape>,
}

/// Which rows and columns of the original layer are kept.
#[derive(Clone, Debug, PartialEq)]
pub struct OriginShape {
    /// Outputs (output channels of a convolution) kept of the original ones.
    pub rows: Mask,
    /// Inputs (input channels of a convolution) kept of the original ones.
    pub cols: Mask,
}

impl OriginShape {
    /// Columns of the original weights of a layer with the operator `op`.
    #[must_use]
    pub fn columns(&self, op: &Op) -> usize {
        match op {
            Op::Conv2d(_) => op.columns(Shape::Image { channels: self.cols.len(), height: 1, width: 1 }),
            _ => self.cols.len(),
        }
    }
}

pub(super) fn parse(section: &Section<'_>, graph: &Graph) -> Result<Origin> {
    let mut cursor = Cursor::new(section.bytes, section.offset, "origin");
    let network = text(&mut cursor)?;
    let method = text(&mut cursor)?;
    let mut names = HashSet::new();
    let mut nodes = Vec::new();
    for node in graph.nodes() {
        let at = cursor.offset();
        let name = text(&mut cursor)?;
        if !names.insert(name.clone()) {
            return Err(Error::at(Defect::Duplicate, at, format!("two nodes are named {name:?}")));
        }
        let shape = match node.op.linear() {
            Some(linear) => Some(shape(&mut cursor, linear.rows, inputs_of(&node.op, graph.shape(node.input())))?),
            None => None,
        };
        nodes.push(OriginNode { name, shape });
    }
    cursor.finish()?;
    Ok(Origin { network, method, nodes })
}

/// What the column mask counts: the inputs of a linear layer, the input channels of a convolution.
fn inputs_of(op: &Op, input: Shape) -> usize {
    if matches!(op, Op::Conv2d(_)) { input.channels() } else { input.elements() }
}

fn shape(cursor: &mut Cursor<'_>, rows: usize, cols: usize) -> Result<OriginShape> {
    let at = cursor.offset();
    let original_rows = cursor.count(MAX_DIMENSION, "the original rows")?;
    let original_cols = cursor.count(MAX_DIMENSION, "the original columns")?;
    if to_u64(original_rows).saturating_mul(to_u64(original_cols)) > MAX_ELEMENTS {
        let message = format!("an original layer of {original_rows} x {original_cols} exceeds {MAX_ELEMENTS} weights");
        return Err(Error::at(ErrorKind::Limit, at, message));
    }
    let rows = mask(cursor, original_rows, rows, "the row mask")?;
    let cols = mask(cursor, original_cols, cols, "the column mask")?;
    Ok(OriginShape { rows, cols })
}

fn text(cursor: &mut Cursor<'_>) -> Result<String> {
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
    Ok(name.to_owned())
}

fn padding(len: usize) -> usize {
    len.next_multiple_of(4).saturating_sub(len)
}

/// Control characters and bidirectional controls: a name is printed on terminals.
#[must_use]
pub fn is_forbidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
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
