//! What a model computes: the input specification and the nodes, checked once when the graph is built.
//!
//! Value 0 is the input; node `i` (from 1) makes value `i`. Nodes refer to earlier values only, so one pass forward is all that
//! anything here needs, and nothing recurses.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod builder;
pub mod node;
pub mod window;

use crate::tensor::{Dtype, Shape};
pub use builder::GraphBuilder;
pub use node::{Activation, Conv2d, Linear, Node, Op, PoolKind};
pub use window::Window;

/// What the caller feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputSpec {
    /// The type of an element.
    pub dtype: Dtype,
    /// The shape of one sample, before gathering.
    pub shape: Shape,
    /// The number of inputs that the network keeps, when it does not read all of them.
    pub kept: Option<usize>,
}

impl InputSpec {
    /// The shape of value 0: the input's own, or the vector of the inputs kept.
    #[must_use]
    pub fn value_shape(self) -> Shape {
        self.kept.map_or(self.shape, Shape::Vector)
    }
}

/// A checked graph. Invariants: every input of a node is smaller than its id; shapes fit; every value but the last is used.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    input: InputSpec,
    nodes: Vec<Node>,
    shapes: Vec<Shape>,
}

impl Graph {
    /// What the caller feeds.
    #[must_use]
    pub fn input(&self) -> InputSpec {
        self.input
    }

    /// The nodes in execution order; node `i` of this slice makes value `i + 1`.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The shape of every value: the input's, then each node's.
    #[must_use]
    pub fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// The shape of a value of this graph.
    #[must_use]
    pub fn shape(&self, value: usize) -> Shape {
        *self.shapes.get(value).expect("invariant: values are numbered by the graph")
    }

    /// The shape of the output.
    #[must_use]
    pub fn output_shape(&self) -> Shape {
        *self.shapes.last().expect("invariant: a graph has a value")
    }

    /// The layers with weights in execution order: the node's index, its linear map, and the columns of its weights.
    pub fn linears(&self) -> impl Iterator<Item = (usize, &Linear, usize)> {
        self.nodes.iter().enumerate().filter_map(|(i, node)| {
            let linear = node.op.linear()?;
            Some((i, linear, node.op.columns(self.shape(node.input()))))
        })
    }
}
