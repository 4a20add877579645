//! What a model computes: the input specification and the nodes, checked once when the graph is built.
//!
//! Value 0 is the input; node `i` (from 1) makes value `i`. Nodes refer to earlier values only, so one pass forward is all that
//! anything here needs, and nothing recurses.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod builder;
mod input;
mod node;
pub mod op;

use crate::tensor::Shape;
pub use builder::GraphBuilder;
pub use input::InputSpec;
pub use node::Node;
pub use op::{Activation, Conv2d, Linear, Op, Pool, PoolKind, Reshape, Window};

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
