//! A layer with weights, as its kernel needs it.

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
    pub(super) fn new(node: usize, linear: Linear, cols: usize, tables: &LayerTables) -> Self {
        Self {
            node,
            linear,
            cols,
            lookup: tables.lookup(&linear),
            scale: scale(&linear, &tables.levels, tables.row_factors.as_deref()),
            bias: tables.bias.clone(),
        }
    }
}

/// The scale of each output: row factors, the step, or their product.
fn scale(linear: &Linear, levels: &[f32], row_factors: Option<&[f32]>) -> Option<Vec<f32>> {
    let step = linear.encoding.values().has_step().then(|| levels[0]);
    match (step, row_factors) {
        (None, None) => None,
        (None, Some(factors)) => Some(factors.to_vec()),
        (Some(step), None) => Some(vec![step; linear.rows]),
        (Some(step), Some(factors)) => Some(factors.iter().map(|factor| step * factor).collect()),
    }
}
