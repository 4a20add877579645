//! What a session runs: the steps, the kernel of each layer, and one arena for all values.

mod choose;
mod fuse;
mod images;
mod lower;
mod place;

use crate::base::checked::{at_most, to_u64};
use crate::base::error::Result;
use crate::base::limits::Limits;
use crate::exec::{Converter, Slot, Step};
use crate::kernels::direct::DirectConv;
use crate::kernels::{Isa, Kernels, SCRATCH};
use crate::model::Model;
use lower::{Lowered, Lowering};

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
    /// Floats of scratch memory that kernels may overwrite.
    pub scratch_len: usize,
}

impl Plan {
    /// Plans `model` on the kernels of one instruction set.
    ///
    /// # Errors
    /// `limit` when a batch of values is too large for this machine, `no_memory`.
    pub fn new(model: &Model, kernels: &Kernels, batch: usize) -> Result<Self> {
        let graph = model.graph();
        let total: u64 = graph.shapes().iter().map(|shape| to_u64(Slot::stride_of(shape.elements()))).sum();
        at_most(total.saturating_mul(to_u64(batch)), Limits::FORMAT.activations, "the activations of a batch")?;
        let direct = choose::direct(model, kernels)?;
        let fusions = fuse::fusions(graph, |i| direct[i].as_ref().is_some_and(DirectConv::is_whole));
        let slots = place::assign(graph, &fusions, batch);
        let lowering = Lowering { model, kernels, fusions: &fusions, slots: &slots, batch };
        let mut steps = Vec::new();
        for (i, direct) in direct.into_iter().enumerate() {
            match lowering.lower(i, direct)? {
                Lowered::Step(step) => steps.push(step),
                Lowered::Alias => {}
            }
        }
        Ok(Self {
            isa: kernels.isa,
            converter: Converter::new(graph.input(), model.tables(), kernels.values),
            input: slots.of(0),
            output: slots.of(graph.nodes().len()),
            arena_len: slots.floats(),
            patches_len: steps.iter().map(|step| step.action.patches_len()).max().unwrap_or(0),
            scratch_len: steps.iter().map(|step| step.action.scratch_len()).max().unwrap_or(0).max(SCRATCH),
            steps,
        })
    }

    /// Bytes of weights in a layout other than the stored one.
    #[must_use]
    pub fn prepared_bytes(&self) -> usize {
        self.steps.iter().map(|step| step.action.prepared_bytes()).sum()
    }
}
