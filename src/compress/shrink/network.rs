//! The network to be compressed: its graph, its layers, and which units are kept or removed together.

use super::units::UnitClasses;
use crate::graph::{Graph, Op};
use crate::posterior::{AffineTensors, Posterior};

/// The part of a network that pruning does not change.
#[derive(Debug)]
pub(crate) struct OriginalNetwork<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) affines: &'a [AffineTensors],
    pub(crate) units: UnitClasses,
    /// The place of each layer.
    pub(crate) places: Vec<LayerPlace>,
}

/// The place of a layer in the graph.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LayerPlace {
    /// The value that the layer reads.
    pub(crate) input: usize,
    /// The value that the layer makes.
    pub(crate) output: usize,
    /// Columns for each unit of the input; `None` for a grouped convolution: its columns belong to other units in every channel group.
    pub(crate) area: Option<usize>,
    /// Whether the layer pads its input with zeros.
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
