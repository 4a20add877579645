//! Bounds on what a packed file may expand to (`format-spec/packed.md`, section 12), checked before its graph sizes an allocation.

use crate::base::checked::{self, at_most, to_u64};
use crate::base::error::{Defect, Error, Result};
use crate::graph::Graph;

/// The most weights of all sparse layers, zeros included, plus the bits of a mask that is not coded. Without this bound, a file of a few
/// bytes could require more memory than there is.
const MOST_EXPANDED: u64 = 1 << 26;
/// The most weights and mask bits in a byte of a stream: each costs at least 0.00035 bits.
const MOST_PER_BYTE: u64 = 23_000;

/// Refuses a graph whose weights and mask exceed what memory, or a stream of `stream_bytes` bytes, can hold.
///
/// # Errors
/// `limit`, `truncated`.
pub(super) fn check(graph: &Graph, stream_bytes: usize) -> Result<()> {
    let input = graph.input();
    let inputs = to_u64(input.shape.elements());
    // A mask that keeps nothing or everything is not coded, so no bits of the stream bound it.
    let (mut elements, mut expanded) = match input.kept {
        None => (0, 0),
        Some(kept) if kept == 0 || to_u64(kept) == inputs => (0, inputs),
        Some(_) => (inputs, 0),
    };
    for (_, linear, cols) in graph.linears() {
        let weights = checked::mul(to_u64(linear.rows), to_u64(cols), "the weights of a layer")?;
        if linear.encoding.lists(1) > 0 {
            expanded = checked::add(expanded, weights, "the weights of sparse layers")?;
        }
        elements = checked::add(elements, weights, "all weights")?;
    }
    at_most(expanded, MOST_EXPANDED, "the weights of the sparse layers of a packed file and the bits of a mask of one value")?;
    if elements <= MOST_PER_BYTE.saturating_mul(to_u64(stream_bytes).saturating_add(1)) {
        return Ok(());
    }
    let message =
        format!("{elements} weights and mask bits do not fit in a packed stream of {stream_bytes} bytes: it was cut off");
    Err(Error::new(Defect::Truncated, message))
}
