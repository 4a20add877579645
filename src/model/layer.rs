//! A layer with weights, as its kernel needs it.

use crate::base::error::Result;
use crate::base::memory::MemoryBudget;
use crate::content::LayerTables;
use crate::encoding::Lookup;
use crate::graph::Linear;

/// A linear layer of a model: what its kernel needs except the weights.
#[derive(Debug)]
pub struct Layer {
    /// The number of its node, counted from 0.
    pub node: usize,
    /// The operator.
    pub linear: Linear,
    /// The number of inputs.
    pub cols: usize,
    /// The small arrays that the view of the weights needs.
    pub(super) lookup: Lookup,
    /// The scale of each output (arithmetic.md, section 4), or none.
    pub scale: Option<Vec<f32>>,
    /// The bias of each output.
    pub bias: Vec<f32>,
}

impl Layer {
    /// The layer of node `node` with `cols` inputs.
    ///
    /// # Errors
    /// `limit`, `no_memory`.
    pub(super) fn new(node: usize, linear: Linear, cols: usize, tables: &LayerTables, memory: &mut MemoryBudget) -> Result<Self> {
        Ok(Self {
            node,
            linear,
            cols,
            lookup: tables.lookup(&linear, memory)?,
            scale: scale(&linear, tables, memory)?,
            bias: memory.collect(linear.rows, tables.bias.iter().copied(), "the biases of a layer")?,
        })
    }
}

/// The scale of each output: row factors, the step, or their product.
fn scale(linear: &Linear, tables: &LayerTables, memory: &mut MemoryBudget) -> Result<Option<Vec<f32>>> {
    let step = linear.encoding.values().has_step().then(|| tables.levels[0]);
    if step.is_none() && tables.row_factors.is_none() {
        return Ok(None);
    }
    let factor = |row: usize| tables.row_factors.as_ref().map(|factors| factors[row]);
    let scale = |row: usize| match (step, factor(row)) {
        (Some(step), Some(factor)) => step * factor,
        (one, other) => one.or(other).unwrap_or(1.0),
    };
    memory.collect(linear.rows, (0..linear.rows).map(scale), "the scales of a layer").map(Some)
}
