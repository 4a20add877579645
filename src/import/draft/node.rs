//! A node of a draft and its tensors.

use crate::graph::Op;
use std::rc::Rc;

/// A node: it reads values and makes one.
#[derive(Clone, Debug)]
pub(super) struct DraftNode {
    /// The name in the file.
    pub(super) name: String,
    pub(super) op: Op,
    pub(super) inputs: Vec<usize>,
    pub(super) tensors: Tensors,
}

/// What a node has besides its fields.
#[derive(Clone, Debug)]
pub(in crate::import) enum Tensors {
    None,
    /// The weights and biases of a linear map or a convolution.
    Layer(Layer),
    /// A factor and an offset for each unit.
    Affine {
        scale: Vec<f32>,
        offset: Vec<f32>,
    },
}

/// Weights `[rows, columns]`, row-major, whose columns may have several dimensions; biases `[rows]`.
#[derive(Clone, Debug)]
pub(in crate::import) struct Layer {
    pub(in crate::import) rows: usize,
    /// The dimensions of a row.
    pub(in crate::import) per_row: Vec<usize>,
    pub(in crate::import) weight: Rc<Vec<f32>>,
    pub(in crate::import) bias: Vec<f32>,
}
