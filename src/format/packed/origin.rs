//! The origin section and what a reader does not know (`format-spec/packed.md`, section 11).

use super::coder::{Coder, HALF, Part};
use super::columns::Columns;
use super::matrix;
use super::number::{Number, Symbol};
use super::probability::{Bit, Count};
use crate::base::checked::{from_u32, to_u64};
use crate::base::error::{Defect, Error, ErrorKind, Result};
use crate::base::limits::{Limits, MAX_DIMENSION, MAX_NAME_BYTES};
use crate::format::{Origin, OriginNode, OriginShape};
use crate::graph::{Graph, Op};
use crate::tensor::Mask;
use std::collections::BTreeMap;

/// What is known of the section so far.
struct Model {
    text: Text,
    as_expected: [Bit; 2],
    dimension: Number,
}

/// Bits of text by those before in the byte, and by none, one and two bytes before it.
struct Text {
    length: Number,
    seen: BTreeMap<(u32, u32), Count>,
}

/// Codes the origin section; `given` is the one to be written. Errors: `utf8`, `limit`.
pub(super) fn code(
    coder: &mut impl Coder,
    graph: &Graph,
    input_mask: Option<&Mask>,
    given: Option<&Origin>,
) -> Result<Option<Origin>> {
    coder.enter(Part::Origin);
    if !coder.bit(given.is_some(), HALF)? {
        return Ok(None);
    }
    let mut model = Model {
        text: Text { length: Number::new(), seen: BTreeMap::new() },
        as_expected: [Bit::EVEN; 2],
        dimension: Number::new(),
    };
    let network = model.text.code(coder, given.map_or("", |origin| &origin.network))?;
    let method = model.text.code(coder, given.map_or("", |origin| &origin.method))?;
    let mut nodes: Vec<OriginNode> = Vec::new();
    let mut before = input_mask.cloned();
    for (i, node) in graph.nodes().iter().enumerate() {
        let given = given.and_then(|origin| origin.nodes.get(i));
        let name = model.text.code(coder, given.map_or("", |node| &node.name))?;
        let shape = match node.op.linear() {
            Some(linear) => {
                let input = graph.shape(node.input());
                let cols = if matches!(node.op, Op::Conv2d(_)) { input.channels() } else { input.elements() };
                let given = given.and_then(|node| node.shape.as_ref());
                let rows = model.mask(coder, linear.rows, given.map(|shape| &shape.rows), None)?;
                let cols = model.mask(coder, cols, given.map(|shape| &shape.cols), before.as_ref())?;
                before = Some(rows.clone());
                Some(OriginShape { rows, cols })
            }
            None => None,
        };
        nodes.push(OriginNode { name, shape });
    }
    Ok(Some(Origin { network, method, nodes }))
}

impl Model {
    /// A mask that keeps `kept`: the expected one, or its length and its flags.
    fn mask(&mut self, coder: &mut impl Coder, kept: usize, given: Option<&Mask>, expected: Option<&Mask>) -> Result<Mask> {
        let [same, full] = &mut self.as_expected;
        if let Some(expected) = expected.filter(|mask| mask.kept() == kept)
            && same.code(coder, given == Some(expected))?
        {
            return Ok(expected.clone());
        }
        let len = given.map_or(0, Mask::len);
        if full.code(coder, len == kept)? {
            return Ok(Mask::full(kept));
        }
        let len = self.dimension.code(coder, to_u64(len), MAX_DIMENSION)?;
        let columns = Columns::row(from_u32(u32::try_from(len).expect("invariant: at most 2^24")));
        Ok(Mask::new(matrix::mask(coder, &columns, given.map_or(&[], Mask::flags), Part::Origin)?))
    }
}

impl Text {
    fn code(&mut self, coder: &mut impl Coder, given: &str) -> Result<String> {
        let len = self.length.code(coder, to_u64(given.len()), MAX_NAME_BYTES)?;
        let mut out = Vec::new();
        for i in 0..from_u32(u32::try_from(len).expect("invariant: at most 255")) {
            let byte = given.as_bytes().get(i).copied().unwrap_or(0);
            let byte = self.byte(coder, &out, byte)?;
            out.push(byte);
        }
        String::from_utf8(out).map_err(|_| Error::new(Defect::Utf8, "a packed name is not UTF-8"))
    }

    /// A byte, the highest bit first. What was seen after more bytes counts more than what was seen after fewer, which is its prior.
    fn byte(&mut self, coder: &mut impl Coder, before: &[u8], byte: u8) -> Result<u8> {
        let (one, two) = match *before {
            [] => (1 << 9, 1 << 25),
            [a] => (1 << 8 | u32::from(a), 1 << 16 | u32::from(a)),
            [.., b, a] => (1 << 8 | u32::from(a), 1 << 24 | u32::from(b) << 8 | u32::from(a)),
        };
        let mut node = 1u32;
        for i in (0..8).rev() {
            let contexts = [(0, node), (one, node), (two, node)];
            let seen = contexts.map(|context| self.seen.get(&context).copied().unwrap_or_default());
            let p = seen.into_iter().fold(HALF, |prior, count| count.share(prior, 1));
            let bit = coder.bit(byte >> i & 1 == 1, p)?;
            contexts.into_iter().for_each(|context| self.seen.entry(context).or_default().add(bit));
            node = node << 1 | u32::from(bit);
        }
        Ok(u8::try_from(node & 0xFF).expect("invariant: 8 bits"))
    }
}

/// A section that is not known: its id and its bytes.
pub(super) type Unknown = (u32, Vec<u8>);

/// Codes the optional features and the sections that are not known. Error: `limit` when they are longer than `most_bytes` together.
pub(super) fn code_unknown(
    coder: &mut impl Coder,
    features: u32,
    given: &[Unknown],
    most_bytes: u64,
) -> Result<(u32, Vec<Unknown>)> {
    coder.enter(Part::Other);
    let mut none = Bit::new(62 << 10, 0);
    if none.code(coder, features == 0 && given.is_empty())? {
        return Ok((0, Vec::new()));
    }
    let features = coder.plain(features, 32)?;
    let mut number = Number::new();
    let mut bytes_model = Symbol::new(8);
    let count = number.code(coder, to_u64(given.len()), 16)?;
    let mut left = most_bytes;
    let mut out = Vec::new();
    for i in 0..from_u32(u32::try_from(count).expect("invariant: at most 16")) {
        let (id, bytes) = given.get(i).map_or((0, &[][..]), |(id, bytes)| (*id, bytes));
        let id = coder.plain(id, 32)?;
        let len = number.code(coder, to_u64(bytes.len()), Limits::FORMAT.file_bytes)?;
        left =
            left.checked_sub(len).ok_or_else(|| Error::new(ErrorKind::Limit, "the sections that are not known are too long"))?;
        let mut section = Vec::new();
        for at in 0..crate::base::checked::to_usize(len, "the length of a section")? {
            let byte = bytes_model.code(coder, bytes.get(at).copied().map_or(0, u32::from))?;
            section.push(u8::try_from(byte).expect("invariant: a symbol of 8 bits"));
        }
        out.push((id, section));
    }
    Ok((features, out))
}
