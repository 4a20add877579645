//! The weights section (SPEC section 6): the range of each array, and its checks.

use super::sections::Section;
use crate::base::checked::{self, align64, to_usize};
use crate::base::error::{Defect, Error, Result};
use crate::base::memory::MemoryBudget;
use crate::content::Tables;
use crate::encoding::{Encoded, Weights};
use crate::graph::Graph;
use std::ops::Range;

/// The range of each layer's array within the section.
fn arrays(graph: &Graph) -> impl Iterator<Item = Result<Range<u64>>> {
    let mut end = 0;
    graph.linears().map(move |(_, linear, cols)| {
        let len = linear.encoding.array_bytes(linear.pattern, linear.rows, cols)?;
        let start = if len == 0 { end } else { align64(end)? };
        end = checked::add(start, len, "the weights section")?;
        Ok(start..end)
    })
}

/// Bytes of the section that `graph` needs.
pub(super) fn needed_bytes(graph: &Graph) -> Result<u64> {
    arrays(graph).try_fold(0, |_, range| Ok(range?.end))
}

/// The ranges of the arrays in the file. The section's length was compared with [`needed_bytes`] before.
pub(super) fn locate(section: &Section<'_>, graph: &Graph, memory: &mut MemoryBudget) -> Result<Vec<Range<usize>>> {
    let place = |at: u64| to_usize(section.offset.saturating_add(at), "a weight array's offset");
    let mut places = memory.list(graph.linears().count(), "the places of weight arrays")?;
    for range in arrays(graph) {
        let range = range?;
        places.push(place(range.start)?..place(range.end)?);
    }
    Ok(places)
}

/// Checks every array and the padding between them: step 11 of SPEC section 8.
pub(super) fn check(section: &Section<'_>, graph: &Graph, tables: &Tables, memory: &mut MemoryBudget) -> Result<()> {
    let mut end = 0;
    for (((node, linear, cols), layer), range) in graph.linears().zip(&tables.layers).zip(arrays(graph)) {
        let (range, held) = (range?, memory.held());
        let at = section.offset.saturating_add(range.start);
        let slice = |from, to| Ok::<_, Error>(to_usize(from, "an offset")?..to_usize(to, "an offset")?);
        let padding = section.bytes.get(slice(end, range.start)?).expect("invariant: the section has its length");
        if padding.iter().any(|&byte| byte != 0) {
            let place = section.offset.saturating_add(end);
            return Err(Error::at(Defect::Padding, place, "bytes between weight arrays are not zero"));
        }
        let bytes = section.bytes.get(slice(range.start, range.end)?).expect("invariant: the section has its length");
        let lookup = layer.lookup(linear, memory)?;
        let weights = Weights::new(linear.rows, cols, bytes, &lookup)?;
        weights.check(at).map_err(|error| error.context(format_args!("node {}", node.saturating_add(1))))?;
        end = range.end;
        drop(lookup);
        memory.release_to(held);
    }
    Ok(())
}

pub(super) fn write(layers: &[Encoded]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for layer in layers.iter().filter(|layer| !layer.bytes.is_empty()) {
        bytes.resize(bytes.len().next_multiple_of(64), 0);
        bytes.extend_from_slice(&layer.bytes);
    }
    bytes
}
