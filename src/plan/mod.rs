//! What a session runs: the steps, the kernel of each layer, and one arena for all values.

mod arena;

use crate::base::align::AlignedVec;
use crate::base::checked::{at_most, to_u64};
use crate::base::error::Result;
use crate::base::limits::Limits;
use crate::graph::{Graph, Op};
use crate::kernels::{Isa, Kernels};
use crate::model::Model;
use crate::ops::{Converter, Slot, Step};

/// A plan of one model for batches of up to `batch` samples.
#[derive(Debug)]
pub struct Plan {
    /// The instruction set.
    pub isa: Isa,
    /// Raw input to value 0.
    pub converter: Converter,
    /// In execution order.
    pub steps: Vec<Step>,
    /// Where value 0 is written.
    pub input: Slot,
    /// Where the output lies in the end.
    pub output: Slot,
    /// Floats of the arena.
    pub arena_len: usize,
    /// The prepared weights of each layer; empty for kernels that read the stored layout.
    pub prepared: Vec<AlignedVec<u32>>,
}

impl Plan {
    /// Plans `model` on the kernels of one instruction set. Errors: `limit` when a batch of values is too large for this machine, `no_memory`.
    pub fn new(model: &Model, kernels: &Kernels, batch: usize) -> Result<Self> {
        let graph = model.graph();
        let total: u64 = graph.shapes().iter().map(|shape| to_u64(Slot::stride_of(shape.elements()))).sum();
        at_most(total.saturating_mul(to_u64(batch)), Limits::FORMAT.activations, "the activations of a batch")?;
        let fused = fused_relus(graph);
        let slots = arena::assign(graph, &fused, batch);
        let slot = |value: usize| slots.of(value);
        let layer_of = |node: usize| model.layers().iter().position(|layer| layer.node == node);
        let mut steps = Vec::new();
        for (i, node) in graph.nodes().iter().enumerate() {
            let (from, to) = (slot(node.input), slot(i + 1));
            match node.op {
                Op::Linear(linear) => {
                    let layer = layer_of(i).expect("invariant: every linear node is a layer");
                    steps.push(Step::Linear { layer, relu: fused[i], kernel: *kernels.linear(linear.encoding), from, to });
                }
                Op::Relu if i > 0 && fused[i - 1] && node.input == i => {} // done by the layer before
                Op::Relu => steps.push(Step::Relu { from, to }),
                Op::Softmax => steps.push(Step::Softmax { from, to }),
                Op::Flatten => {} // the same floats in the same order
            }
        }
        let prepare =
            |(i, layer): (usize, &crate::model::Layer)| (kernels.linear(layer.linear.encoding).prepare)(&model.weights(i));
        let prepared = model.layers().iter().enumerate().map(prepare).collect::<Result<_>>()?;
        Ok(Self {
            isa: kernels.isa,
            converter: Converter::new(graph.input(), model.tables()),
            steps,
            input: slot(0),
            output: slot(graph.nodes().len()),
            arena_len: slots.floats(),
            prepared,
        })
    }

    /// Bytes of weights in a layout other than the stored one.
    #[must_use]
    pub fn prepared_bytes(&self) -> usize {
        self.prepared.iter().map(|words| words.len() * 4).sum()
    }
}

/// For each node: whether it is a linear layer whose only consumer is the ReLU right after it.
fn fused_relus(graph: &Graph) -> Vec<bool> {
    let nodes = graph.nodes();
    let mut uses = vec![0usize; nodes.len() + 1];
    nodes.iter().for_each(|node| uses[node.input] += 1);
    let fused = |(i, node): (usize, &crate::graph::Node)| {
        let next = nodes.get(i + 1);
        matches!(node.op, Op::Linear(_)) && uses[i + 1] == 1 && next.is_some_and(|n| n.op == Op::Relu && n.input == i + 1)
    };
    nodes.iter().enumerate().map(fused).collect()
}
