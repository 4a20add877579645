//! The network to be compressed: a graph, what its layers hold, and which units of its values stand and fall together.

use super::units::UnitClasses;
use crate::graph::{Graph, Op};
use crate::posterior::{AffineTensors, Posterior};

/// What stays the same whatever is pruned.
#[derive(Debug)]
pub(crate) struct OriginalNetwork<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) affines: &'a [AffineTensors],
    pub(crate) units: UnitClasses,
    /// Where the layers stand.
    pub(crate) places: Vec<LayerPlace>,
}

/// Where a layer stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LayerPlace {
    /// The value that it reads.
    pub(crate) input: usize,
    /// The value that it makes.
    pub(crate) output: usize,
    /// Columns for each unit of the input; `None` for a convolution in groups, whose columns belong to different units in every group.
    pub(crate) area: Option<usize>,
    /// Whether zeros surround the input.
    pub(crate) padded: bool,
}

impl<'a> OriginalNetwork<'a> {
    pub(crate) fn new(posterior: &'a Posterior) -> Self {
        Self::of_graph(posterior.graph(), posterior.affines())
    }

    pub(crate) fn of_graph(graph: &'a Graph, affines: &'a [AffineTensors]) -> Self {
        let place = |node: usize| {
            let (op, input) = (&graph.nodes()[node].op, graph.nodes()[node].input());
            let (grouped, padded) = match op {
                Op::Conv2d(conv) => (conv.groups > 1, conv.window.is_padded()),
                _ => (false, false),
            };
            LayerPlace { input, output: node + 1, area: (!grouped).then(|| op.columns_per_input()), padded }
        };
        let places = graph.linears().map(|(node, ..)| place(node)).collect();
        Self { graph, affines, units: UnitClasses::new(graph), places }
    }
}
