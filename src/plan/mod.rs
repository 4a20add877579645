//! What a session runs: the steps, the kernel of each layer, and one arena for all values.

mod arena;
mod lower;

use crate::base::align::AlignedVec;
use crate::base::checked::{at_most, to_u64};
use crate::base::error::Result;
use crate::base::limits::Limits;
use crate::exec::{Action, Converter, Slot, Step};
use crate::graph::Op;
use crate::kernels::scattered::scratch_len;
use crate::kernels::{Isa, Kernels, SCRATCH};
use crate::model::{Layer, Model};
use lower::{fused_relus, lower};

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
    /// Floats that convolutions gather patches in.
    pub patches_len: usize,
    /// Floats that kernels are lent.
    pub scratch_len: usize,
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
        let mut steps = Vec::new();
        for (i, node) in graph.nodes().iter().enumerate() {
            let (from, to) = (node.inputs.iter().map(|&input| slots.of(input)).collect::<Vec<_>>(), slots.of(i + 1));
            let by_layer = i > 0 && fused[i - 1] && node.input() == i;
            if let Some(action) = lower(model, kernels, i, node, fused[i]).filter(|_| !by_layer) {
                let nothing = matches!(action, Action::Copy) && from.iter().all(|slot| slot.start == to.start);
                if !nothing {
                    steps.push(Step { action, from, to });
                }
            }
        }
        let prepare = |(i, layer): (usize, &Layer)| (kernels.linear(layer.linear.encoding).prepare)(&model.weights(i));
        let prepared = model.layers().iter().enumerate().map(prepare).collect::<Result<_>>()?;
        let patches = steps.iter().map(|step| match &step.action {
            Action::Conv(_, geometry) => geometry.floats(),
            _ => 0,
        });
        // The patches of a convolution are a batch.
        let samples = |layer: &Layer| if matches!(graph.nodes()[layer.node].op, Op::Conv2d(_)) { usize::MAX } else { batch };
        let scratch = model.layers().iter().map(|layer| scratch_len(layer.linear.encoding, layer.cols, samples(layer)));
        Ok(Self {
            isa: kernels.isa,
            scratch_len: scratch.max().unwrap_or(SCRATCH),
            converter: Converter::new(graph.input(), model.tables()),
            patches_len: patches.max().unwrap_or(0),
            steps,
            input: slots.of(0),
            output: slots.of(graph.nodes().len()),
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
