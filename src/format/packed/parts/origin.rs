//! The origin section (`format-spec/packed.md`, section 11).

use crate::base::checked::{from_u32, to_u64};
use crate::base::error::{Defect, Error, Result};
use crate::base::limits::{MAX_DIMENSION, MAX_NAME_BYTES};
use crate::base::memory::MemoryBudget;
use crate::content::{Origin, OriginNode, OriginShape};
use crate::format::packed::allocate::filled;
use crate::format::packed::coder::{Coder, HALF, Part};
use crate::format::packed::matrix::columns::Columns;
use crate::format::packed::matrix::elements;
use crate::format::packed::prediction::number::Number;
use crate::format::packed::prediction::probability::{Bit, Count};
use crate::graph::Graph;
use crate::tensor::Mask;
use std::collections::BTreeMap;

/// What messages call the memory of this page.
const ORIGIN: &str = "the names and masks of the original network";
/// Bytes that the contexts of a byte of text take at most: 24 counts in a tree.
const CONTEXT_BYTES: u64 = 1024;

/// The models of names and masks.
struct Models {
    text: Text,
    as_expected: [Bit; 2],
    dimension: Number,
}

/// A model of text. Each bit has three contexts: the earlier bits of its byte, together with the last 0, 1 or 2 bytes.
struct Text {
    length: Number,
    seen: BTreeMap<(u32, u32), Count>,
}

/// Codes the origin. A decoder passes none as `given`.
///
/// # Errors
/// `utf8`, `limit`.
pub(crate) fn code(
    coder: &mut impl Coder,
    graph: &Graph,
    input_mask: Option<&Mask>,
    given: Option<&Origin>,
) -> Result<Option<Origin>> {
    coder.enter(Part::Origin);
    if !coder.bit(given.is_some(), HALF)? {
        return Ok(None);
    }
    let mut models = Models {
        text: Text { length: Number::new(), seen: BTreeMap::new() },
        as_expected: [Bit::EVEN; 2],
        dimension: Number::new(),
    };
    let network = models.text.code(coder, given.map_or("", |origin| &origin.network))?;
    let method = models.text.code(coder, given.map_or("", |origin| &origin.method))?;
    let mut nodes: Vec<OriginNode> = coder.memory().list(graph.nodes().len(), ORIGIN)?;
    let mut before = input_mask.map(|mask| copy(mask, coder.memory())).transpose()?;
    for (i, node) in graph.nodes().iter().enumerate() {
        let given = given.and_then(|origin| origin.nodes.get(i));
        let name = models.text.code(coder, given.map_or("", |node| &node.name))?;
        let shape = match node.op.linear() {
            Some(linear) => {
                let cols = OriginShape::kept_columns(&node.op, graph.shape(node.input()));
                let given = given.and_then(|node| node.shape.as_ref());
                let rows = models.mask(coder, linear.rows, given.map(|shape| &shape.rows), None)?;
                let cols = models.mask(coder, cols, given.map(|shape| &shape.cols), before.as_ref())?;
                before = Some(copy(&rows, coder.memory())?);
                Some(OriginShape { rows, cols })
            }
            None => None,
        };
        nodes.push(OriginNode { name, shape });
    }
    Ok(Some(Origin { network, method, nodes }))
}

impl Models {
    /// Codes a mask that keeps `kept` members: that it equals `expected`, or that it keeps all, or else its length and flags.
    fn mask(&mut self, coder: &mut impl Coder, kept: usize, given: Option<&Mask>, expected: Option<&Mask>) -> Result<Mask> {
        let [same, full] = &mut self.as_expected;
        if let Some(expected) = expected.filter(|mask| mask.kept() == kept)
            && same.code(coder, given == Some(expected))?
        {
            return copy(expected, coder.memory());
        }
        let len = given.map_or(0, Mask::len);
        if full.code(coder, len == kept)? {
            return Ok(Mask::new(filled(true, kept, coder.memory())?));
        }
        let len = self.dimension.code(coder, to_u64(len), MAX_DIMENSION)?;
        let columns = Columns::row(from_u32(u32::try_from(len).expect("invariant: at most 2^24")));
        Ok(Mask::new(elements::mask(coder, &columns, given.map_or(&[], Mask::flags), Part::Origin)?))
    }
}

fn copy(mask: &Mask, memory: &mut MemoryBudget) -> Result<Mask> {
    memory.collect(mask.len(), mask.flags().iter().copied(), ORIGIN).map(Mask::new)
}

impl Text {
    fn code(&mut self, coder: &mut impl Coder, given: &str) -> Result<String> {
        let len = self.length.code(coder, to_u64(given.len()), MAX_NAME_BYTES)?;
        let len = from_u32(u32::try_from(len).expect("invariant: at most 255"));
        coder.memory().charge(to_u64(len).saturating_mul(CONTEXT_BYTES), ORIGIN)?;
        let mut out = coder.memory().list(len, ORIGIN)?;
        for i in 0..len {
            let byte = given.as_bytes().get(i).copied().unwrap_or(0);
            let byte = self.byte(coder, &out, byte)?;
            out.push(byte);
        }
        String::from_utf8(out).map_err(|_| Error::new(Defect::Utf8, "a packed name is not UTF-8"))
    }

    /// Codes a byte, the highest bit first. The share in a longer context has the share in the shorter one as its prior.
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
