//! Builds a graph. Shapes and limits are checked as each node is added.

use super::{Graph, InputSpec, Linear, Node};
use crate::base::checked::{self, at_most, to_u64};
use crate::base::error::{Defect, Error, ErrorKind, Result};
use crate::base::limits::{Limits, MAX_LAYER_WEIGHTS};

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
    /// A graph with no nodes yet.
    ///
    /// # Errors
    /// `mask` when more inputs are kept than there are, `limit`.
    pub fn new(input: InputSpec, limits: &Limits) -> Result<Self> {
        let inputs = input.shape.elements();
        if let Some(kept) = input.kept.filter(|&kept| kept > inputs) {
            return Err(Error::new(Defect::Mask, format!("{kept} inputs are kept, there are only {inputs}")));
        }
        let mut shapes = Vec::new();
        push(&mut shapes, input.value_shape())?;
        let activations = at_most(to_u64(input.value_shape().elements()), limits.activations, "the number of inputs")?;
        let graph = Graph { input, nodes: Vec::new(), shapes };
        let mut used = Vec::new();
        push(&mut used, false)?;
        Ok(Self { graph, limits: *limits, used, weights: 0, activations, work: 0 })
    }

    /// Adds a node.
    ///
    /// # Errors
    /// `graph` when it reads a value that is not made before it, `shape`, `limit`, `no_memory`.
    pub fn push(&mut self, node: Node) -> Result<()> {
        let number = self.graph.shapes.len();
        at_most(to_u64(number), self.limits.nodes, "the number of nodes")?;
        let mut inputs = Vec::new();
        inputs.try_reserve_exact(node.inputs.len()).map_err(|_| Error::NO_MEMORY)?;
        for &input in &node.inputs {
            let Some(&shape) = self.graph.shapes.get(input) else {
                let message = format!("node {number} reads value {input}, which no earlier node makes");
                return Err(Error::new(Defect::Graph, message));
            };
            inputs.push(shape);
        }
        let output = node.op.output_shape(&inputs).map_err(|error| error.context(format_args!("node {number}")))?;
        let elements = checked::add(to_u64(output.elements()), node.op.scratch(&inputs), "the elements of a value")?;
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
        push(&mut self.used, false)?;
        push(&mut self.graph.shapes, output)?;
        push(&mut self.graph.nodes, node)
    }

    fn count_weights(&mut self, linear: &Linear, cols: usize) -> Result<()> {
        linear.encoding.check_pattern(linear.pattern, linear.rows, cols)?;
        let weights = linear.encoding.padded_weights(linear.rows, cols)?;
        at_most(weights, MAX_LAYER_WEIGHTS, "the weights of a layer, padding included,")?;
        self.weights = checked::add(self.weights, weights, "the sum of all weights")?;
        at_most(self.weights, self.limits.weights, "the weights of the model, padding included,")?;
        Ok(())
    }

    /// Ends the graph.
    ///
    /// # Errors
    /// `limit` when there is no node, `shape` when the output has no elements, `graph` when a value is not used.
    pub fn finish(mut self) -> Result<Graph> {
        if self.graph.nodes.is_empty() {
            return Err(Error::new(ErrorKind::Limit, "a graph has at least one node"));
        }
        if self.graph.output_shape().elements() == 0 {
            return Err(Error::new(Defect::Shape, "the output has no elements"));
        }
        self.used.pop();
        match self.used.iter().position(|used| !used) {
            Some(value) => Err(Error::new(Defect::Graph, format!("nothing uses value {value}"))),
            None => Ok(self.graph),
        }
    }
}

/// Pushes onto a list whose length a file decides.
fn push<T>(list: &mut Vec<T>, element: T) -> Result<()> {
    list.try_reserve(1).map_err(|_| Error::NO_MEMORY)?;
    list.push(element);
    Ok(())
}
