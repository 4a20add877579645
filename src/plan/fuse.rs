//! Which operators run within the step of another.

use crate::base::error::Result;
use crate::base::memory::MemoryBudget;
use crate::graph::{Graph, Op, PoolKind};

/// What the step of a node does besides the node itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fusion {
    /// Whether ReLU follows the layer, in its epilogue.
    pub(super) relu: bool,
    /// The pooling that the convolution does map by map.
    pub(super) pool: Option<usize>,
    /// The last node of the step: the step writes its value.
    pub(super) last: usize,
    /// Whether the node belongs to the step of a node before it.
    pub(super) is_absorbed: bool,
}

/// The fusion of every node. A layer absorbs the ReLU that alone reads it; a convolution for which `pools` holds then absorbs the pooling
/// that alone reads that, and after max pooling another ReLU: `max(relu(x)) = relu(max(x))`, bit for bit.
///
/// # Errors
/// `limit`, `no_memory`.
pub(super) fn fusions(graph: &Graph, pools: impl Fn(usize) -> bool, memory: &mut MemoryBudget) -> Result<Vec<Fusion>> {
    let nodes = graph.nodes();
    let mut uses = memory.collect(nodes.len() + 1, std::iter::repeat(0usize), "the uses of values")?;
    nodes.iter().flat_map(|node| &node.inputs).for_each(|&input| uses[input] += 1);
    // The node after `i`, if it alone reads the value of `i`.
    let reader = |i: usize| nodes.get(i + 1).filter(|next| uses[i + 1] == 1 && next.inputs == [i + 1]).map(|next| next.op);
    let own = |last| Fusion { relu: false, pool: None, last, is_absorbed: false };
    let mut fusions = memory.collect(nodes.len(), (0..nodes.len()).map(own), "the steps of nodes")?;
    for i in (0..nodes.len()).filter(|&i| nodes[i].op.linear().is_some()) {
        let mut fusion = own(i);
        let take_relu = |fusion: &mut Fusion| {
            if reader(fusion.last) == Some(Op::RELU) {
                (fusion.relu, fusion.last) = (true, fusion.last + 1);
            }
        };
        take_relu(&mut fusion);
        if let Some(Op::Pool(pool)) = reader(fusion.last).filter(|_| pools(i)) {
            fusion.last += 1;
            fusion.pool = Some(fusion.last);
            if pool.kind == PoolKind::Max {
                take_relu(&mut fusion);
            }
        }
        fusions[i] = fusion;
        fusions[i + 1..=fusion.last].iter_mut().for_each(|absorbed| absorbed.is_absorbed = true);
    }
    Ok(fusions)
}
