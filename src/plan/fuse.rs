//! Which operators run within the step of another.

use crate::graph::{Graph, Node, Op};

/// For each node: whether it is a layer whose only consumer is the ReLU right after it. The layer's kernel then applies the ReLU.
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

/// Whether node `i` is a ReLU that the layer before it applies.
pub(super) fn is_fused(graph: &Graph, fused: &[bool], i: usize) -> bool {
    i > 0 && fused[i - 1] && graph.nodes()[i].input() == i
}
