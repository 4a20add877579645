//! From nodes of the graph to what is done when they run.

use crate::exec::{Action, ConvGeometry, LayerStep, PoolGeometry};
use crate::graph::{Graph, Node, Op, PoolKind, Window};
use crate::kernels::Kernels;
use crate::model::Model;
use crate::tensor::Shape;

/// What node `i` does when it runs.
pub(super) fn lower(model: &Model, kernels: &Kernels, i: usize, node: &Node, relu: bool) -> Option<Action> {
    let graph = model.graph();
    let input = graph.shape(node.input());
    let output = graph.shape(i + 1);
    let layer = |encoding| {
        let layer =
            model.layers().iter().position(|layer| layer.node == i).expect("invariant: every layer of the graph is in the model");
        LayerStep { layer, kernel: *kernels.linear(encoding), relu }
    };
    Some(match (node.op, input, output) {
        (Op::Linear(linear), ..) => Action::Linear(layer(linear.encoding)),
        (Op::Conv2d(conv), Shape::Image { channels, height, width }, Shape::Image { height: rows, width: cols, .. }) => {
            let geometry = ConvGeometry { conv, input: [channels, height, width], positions: [rows, cols] };
            Action::Conv(layer(conv.linear.encoding), geometry)
        }
        (Op::Pool { kind, window }, Shape::Image { height, width, .. }, Shape::Image { height: rows, width: cols, .. }) => {
            Action::Pool(PoolGeometry { kind, window, size: [height, width], positions: [rows, cols] })
        }
        (Op::GlobalAveragePool, Shape::Image { height, width, .. }, _) => {
            let window = Window::new([height, width], [1, 1]);
            Action::Pool(PoolGeometry { kind: PoolKind::Average, window, size: [height, width], positions: [1, 1] })
        }
        (Op::Affine, ..) => {
            let affine = graph.nodes()[..i].iter().filter(|node| node.op == Op::Affine).count();
            Action::Affine { affine, channel_elements: input.elements() / input.affine_channels().max(1) }
        }
        (Op::Activation(activation), ..) => Action::Activation(activation),
        (Op::Softmax, ..) => Action::Softmax,
        (Op::Flatten | Op::Reshape(_), ..) => Action::Copy,
        (Op::Add, ..) => Action::Add,
        (Op::Concat, ..) => Action::Concat,
        (Op::Conv2d(_) | Op::Pool { .. } | Op::GlobalAveragePool, ..) => return None, // the graph builder refuses these shapes
    })
}

/// For each node: whether it is a layer whose only consumer is the ReLU right after it.
pub(super) fn fused_relus(graph: &Graph) -> Vec<bool> {
    let nodes = graph.nodes();
    let mut uses = vec![0usize; nodes.len() + 1];
    nodes.iter().flat_map(|node| &node.inputs).for_each(|&input| uses[input] += 1);
    let fused = |(i, node): (usize, &Node)| {
        let next = nodes.get(i + 1);
        node.op.linear().is_some() && uses[i + 1] == 1 && next.is_some_and(|n| n.op == Op::RELU && n.input() == i + 1)
    };
    nodes.iter().enumerate().map(fused).collect()
}
