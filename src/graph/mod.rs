//! What a model computes: the input specification and the nodes, checked once when the graph is built.
//!
//! Value 0 is the input; node `i` (from 1) makes value `i`. Nodes refer to earlier values only, so one pass forward is all that
//! anything here needs, and nothing recurses.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

pub mod node;

use crate::base::checked::{self, at_most, to_u64};
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::limits::{Limits, MAX_LAYER_WEIGHTS};
use crate::tensor::{Dtype, Shape};
pub use node::{Linear, Node, Op};

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

    /// The linear nodes with the shape `(rows, cols)` of their weights, in execution order.
    pub fn linears(&self) -> impl Iterator<Item = (usize, &Linear, usize)> {
        self.nodes.iter().enumerate().filter_map(|(i, node)| match &node.op {
            Op::Linear(linear) => Some((i, linear, self.shape(node.input).elements())),
            _ => None,
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
    multiply_adds: u64,
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
        Ok(Self { graph, limits: *limits, used: vec![false], weights: 0, activations, multiply_adds: 0 })
    }

    /// Adds a node. Errors: `graph`, `shape`, `limit`.
    pub fn push(&mut self, node: Node) -> Result<()> {
        let number = self.graph.shapes.len();
        at_most(to_u64(number), self.limits.nodes, "the number of nodes")?;
        let Some(&shape) = self.graph.shapes.get(node.input) else {
            let message = format!("node {number} reads value {}, which is not made before it", node.input);
            return Err(Error::new(ErrorKind::Graph, message));
        };
        let output = node.op.output_shape(shape).map_err(|error| error.context(format_args!("node {number}")))?;
        let elements = to_u64(output.elements());
        self.activations = checked::add(self.activations, elements, "the sum of all values")?;
        at_most(self.activations, self.limits.activations, "the elements of all values together")?;
        if let Op::Linear(linear) = &node.op {
            let cols = shape.elements();
            let weights = linear.encoding.array_elements(linear.rows, cols)?;
            let columns = checked::mul(weights, to_u64(linear.encoding.unit_columns()), "a layer's weights")?;
            at_most(columns, MAX_LAYER_WEIGHTS, "the weights of a layer, padding included,")?;
            self.weights = checked::add(self.weights, columns, "the sum of all weights")?;
            at_most(self.weights, self.limits.weights, "the weights of the model, padding included,")?;
            let work = checked::mul(to_u64(linear.rows), to_u64(cols), "a layer's multiply-adds")?;
            self.multiply_adds = checked::add(self.multiply_adds, work, "the sum of all multiply-adds")?;
            at_most(self.multiply_adds, self.limits.multiply_adds, "the multiply-adds of one inference")?;
        }
        if let Some(used) = self.used.get_mut(node.input) {
            *used = true;
        }
        self.used.push(false);
        self.graph.shapes.push(output);
        self.graph.nodes.push(node);
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
