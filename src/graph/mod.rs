//! What a model computes: the input specification and the nodes, checked once when the graph is built.
//!
//! Value 0 is the input; node `i` (from 1) makes value `i`. Nodes refer to earlier values only, so one pass forward is all that
//! anything here needs, and nothing recurses.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

pub mod node;
pub mod window;

use crate::base::checked::{self, at_most, to_u64};
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::limits::{Limits, MAX_LAYER_WEIGHTS};
use crate::tensor::{Dtype, Shape};
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

/// Builds a graph node by node; the first violation is the error.
#[derive(Debug)]
pub struct GraphBuilder {
    graph: Graph,
    limits: Limits,
    used: Vec<bool>,
    weights: u64,
    activations: u64,
    work: u64,
}

impl GraphBuilder {
    /// A graph with no nodes yet. Errors: `mask` when more inputs are kept than there are, `limit`.
    pub fn new(input: InputSpec, limits: &Limits) -> Result<Self> {
        let inputs = input.shape.elements();
        if let Some(kept) = input.kept.filter(|&kept| kept > inputs) {
            return Err(Error::new(ErrorKind::Mask, format!("{kept} of {inputs} inputs are kept")));
        }
        let shapes = vec![input.value_shape()];
        let activations = at_most(to_u64(input.value_shape().elements()), limits.activations, "the number of inputs")?;
        let graph = Graph { input, nodes: Vec::new(), shapes };
        Ok(Self { graph, limits: *limits, used: vec![false], weights: 0, activations, work: 0 })
    }

    /// Adds a node. Errors: `graph`, `shape`, `limit`.
    pub fn push(&mut self, node: Node) -> Result<()> {
        let number = self.graph.shapes.len();
        at_most(to_u64(number), self.limits.nodes, "the number of nodes")?;
        let mut inputs = Vec::with_capacity(node.inputs.len());
        for &input in &node.inputs {
            let Some(&shape) = self.graph.shapes.get(input) else {
                let message = format!("node {number} reads value {input}, which is not made before it");
                return Err(Error::new(ErrorKind::Graph, message));
            };
            inputs.push(shape);
        }
        let output = node.op.output_shape(&inputs).map_err(|error| error.context(format_args!("node {number}")))?;
        let elements = to_u64(output.elements());
        self.activations = checked::add(self.activations, elements, "the sum of all values")?;
        at_most(self.activations, self.limits.activations, "the elements of all values together")?;
        if let (Some(linear), Some(&input)) = (node.op.linear(), inputs.first()) {
            self.count_weights(linear, node.op.columns(input))?;
        }
        self.work = checked::add(self.work, node.op.work(&inputs, output)?, "the sum of all work")?;
        at_most(self.work, self.limits.multiply_adds, "the multiply-adds of one inference")?;
        for &input in &node.inputs {
            if let Some(used) = self.used.get_mut(input) {
                *used = true;
            }
        }
        self.used.push(false);
        self.graph.shapes.push(output);
        self.graph.nodes.push(node);
        Ok(())
    }

    fn count_weights(&mut self, linear: &Linear, cols: usize) -> Result<()> {
        let array = linear.encoding.array_elements(linear.rows, cols)?;
        let weights = checked::mul(array, to_u64(linear.encoding.unit_columns()), "a layer's weights")?;
        at_most(weights, MAX_LAYER_WEIGHTS, "the weights of a layer, padding included,")?;
        self.weights = checked::add(self.weights, weights, "the sum of all weights")?;
        at_most(self.weights, self.limits.weights, "the weights of the model, padding included,")?;
        Ok(())
    }

    /// Ends the graph. Errors: `shape` when the output has no elements, `graph` when a value is not used or there is no node.
    pub fn finish(mut self) -> Result<Graph> {
        if self.graph.nodes.is_empty() {
            return Err(Error::new(ErrorKind::Limit, "a graph has at least one node"));
        }
        if self.graph.output_shape().elements() == 0 {
            return Err(Error::new(ErrorKind::Shape, "the output has no elements"));
        }
        self.used.pop();
        match self.used.iter().position(|used| !used) {
            Some(value) => Err(Error::new(ErrorKind::Graph, format!("nothing uses value {value}"))),
            None => Ok(self.graph),
        }
    }
}
