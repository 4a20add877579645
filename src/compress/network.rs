//! The network as a chain of linear layers, and what stands between them.
//!
//! A graph whose nodes read one value each, and in which every value but the last is read, is a chain: `n` nodes read `n` values once.

use crate::graph::{Activation, Graph, Op};

/// A linear layer at its original shape; a pruned weight is zero.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) rows: usize,
    pub(super) cols: usize,
    /// Row-major.
    pub(super) weights: Vec<f32>,
    /// In f64, so that folding a constant rounds once.
    pub(super) bias: Vec<f64>,
}

impl Layer {
    pub(super) fn row(&self, row: usize) -> &[f32] {
        &self.weights[row * self.cols..][..self.cols]
    }
}

/// An operator without weights that changes values. (Flattening keeps the order of NCHW, so it changes none.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plain {
    Relu,
    Softmax,
}

/// The operators between two layers, before the first or after the last.
#[derive(Clone, Debug, Default)]
pub(super) struct Gap(pub(super) Vec<Plain>);

impl Gap {
    /// Whether a unit's value depends on the other units.
    pub(super) fn mixes(&self) -> bool {
        self.0.contains(&Plain::Softmax)
    }

    /// The value of one unit after a gap that does not mix.
    pub(super) fn apply(&self, value: f64) -> f64 {
        if self.0.contains(&Plain::Relu) { value.max(0.0) } else { value }
    }

    #[cfg(test)]
    pub(super) fn relu() -> Self {
        Self(vec![Plain::Relu])
    }

    #[cfg(test)]
    pub(super) fn softmax() -> Self {
        Self(vec![Plain::Softmax])
    }
}

/// The gaps of a graph: one before each linear node, and one after the last.
pub(super) fn gaps(graph: &Graph) -> Vec<Gap> {
    let mut gaps = vec![Gap::default()];
    for node in graph.nodes() {
        let last = gaps.last_mut().expect("invariant: there is a gap before the first node");
        match node.op {
            Op::Linear(_) => gaps.push(Gap::default()),
            Op::Activation(Activation::Relu) => last.0.push(Plain::Relu),
            Op::Softmax => last.0.push(Plain::Softmax),
            _ => {} // flatten; posteriors name no other operator
        }
    }
    gaps
}
