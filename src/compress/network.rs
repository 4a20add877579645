//! The network to be compressed: a graph, what its layers hold, and which units of its values stand and fall together.

use super::units::Units;
use crate::graph::{Graph, Op};
use crate::posterior::{Affine, Posterior};

/// A layer at its original shape; a pruned weight is zero.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) rows: usize,
    pub(super) cols: usize,
    /// Row-major.
    pub(super) weights: Vec<f32>,
    /// In f64, so that folding a constant rounds once.
    pub(super) bias: Vec<f64>,
    pub(super) values: Values,
}

/// What values the weights of a layer take, and whether the file must hold them as they are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Values {
    /// Any: they are rounded to what an encoding has.
    Any,
    /// At most 256 different ones, which are kept.
    Few,
    /// Integers from -127 to 127 times this step, which are kept.
    Grid(f32),
}

impl Layer {
    pub(super) fn row(&self, row: usize) -> &[f32] {
        &self.weights[row * self.cols..][..self.cols]
    }
}

/// What stays the same whatever is pruned.
#[derive(Debug)]
pub(super) struct Network<'a> {
    pub(super) graph: &'a Graph,
    pub(super) affines: &'a [Affine],
    pub(super) units: Units,
    /// Where the layers stand.
    pub(super) places: Vec<Place>,
}

/// Where a layer stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The value that it reads.
    pub(super) input: usize,
    /// The value that it makes.
    pub(super) output: usize,
    /// Columns for each unit of the input; `None` for a convolution in groups, whose columns belong to different units in every group.
    pub(super) area: Option<usize>,
    /// Whether zeros surround the input.
    pub(super) padded: bool,
}

impl<'a> Network<'a> {
    pub(super) fn new(posterior: &'a Posterior) -> Self {
        Self::of_graph(posterior.graph(), posterior.affines())
    }

    pub(super) fn of_graph(graph: &'a Graph, affines: &'a [Affine]) -> Self {
        let place = |node: usize| {
            let (op, input) = (&graph.nodes()[node].op, graph.nodes()[node].input());
            let (grouped, padded) = match op {
                Op::Conv2d(conv) => (conv.groups > 1, conv.window.is_padded()),
                _ => (false, false),
            };
            Place { input, output: node + 1, area: (!grouped).then(|| op.columns_per_input()), padded }
        };
        let places = graph.linears().map(|(node, ..)| place(node)).collect();
        Self { graph, affines, units: Units::new(graph), places }
    }
}
