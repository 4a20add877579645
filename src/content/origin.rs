//! The original network: names, shapes, masks (SPEC section 7). It is optional and affects no result.

use crate::graph::Op;
use crate::tensor::{Mask, Shape};

/// The network before compression.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// The network's name.
    pub network: String,
    /// The method that compressed it.
    pub method: String,
    /// One for each node, in order.
    pub nodes: Vec<OriginNode>,
}

/// A node's name, and the original shape of a layer with weights.
#[derive(Clone, Debug, PartialEq)]
pub struct OriginNode {
    /// The name, unique in the graph.
    pub name: String,
    /// What is kept of a layer with weights; `None` for other nodes.
    pub shape: Option<OriginShape>,
}

/// The rows and columns of the original layer that are kept.
#[derive(Clone, Debug, PartialEq)]
pub struct OriginShape {
    /// The kept outputs (of a convolution: output channels) among the original ones.
    pub rows: Mask,
    /// The kept inputs (of a convolution: input channels) among the original ones.
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

    /// The number of inputs that the column mask keeps: input elements of a linear layer, input channels of a convolution.
    #[must_use]
    pub fn kept_columns(op: &Op, input: Shape) -> usize {
        if matches!(op, Op::Conv2d(_)) { input.channels() } else { input.elements() }
    }
}

/// Whether `c` is forbidden in names. Control characters and bidirectional controls could forge what a terminal shows.
pub(crate) fn is_forbidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
