//! A node of a graph.

use super::Op;

/// A node: an operator and the values that it reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What is computed.
    pub op: Op,
    /// The values read.
    pub inputs: Vec<usize>,
}

impl Node {
    /// A node that reads one value.
    #[must_use]
    pub fn new(op: Op, input: usize) -> Self {
        Self { op, inputs: vec![input] }
    }

    /// The first value read.
    #[must_use]
    pub fn input(&self) -> usize {
        *self.inputs.first().expect("invariant: the graph builder refuses a node without inputs")
    }
}
