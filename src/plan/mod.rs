//! What a session runs: the steps, the kernel of each layer, and one arena for all values.

mod choose;
mod fuse;
mod images;
mod lower;
mod place;

use crate::base::error::Result;
use crate::base::memory::{MemoryBudget, bytes_of};
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
    /// Plans `model` on the kernels of one instruction set. What the plan holds is charged to `memory`, and so is the arena, which the caller
    /// allocates.
    ///
    /// # Errors
    /// `limit`, `no_memory`.
    pub fn new(model: &Model, kernels: &Kernels, batch: usize, memory: &mut MemoryBudget) -> Result<Self> {
        let graph = model.graph();
        let direct = choose::direct(model, kernels, memory)?;
        let is_whole = |node: usize| {
            let layer = model.layers().binary_search_by_key(&node, |layer| layer.node);
            layer.is_ok_and(|layer| direct[layer].as_ref().is_some_and(DirectConv::is_whole))
        };
        let fusions = fuse::fusions(graph, is_whole, memory)?;
        let slots = place::assign(graph, &fusions, batch, memory)?;
        memory.charge(bytes_of::<f32>(slots.floats()).saturating_add(63), "the values of a batch")?;
        let lowering = Lowering { model, kernels, fusions: &fusions, slots: &slots, batch };
        let mut steps = memory.list(graph.nodes().len(), "the steps")?;
        let mut direct = direct.into_iter().enumerate();
        for (i, node) in graph.nodes().iter().enumerate() {
            let layer = node.op.linear().and_then(|_| direct.next());
            match lowering.lower(i, layer, memory)? {
                Lowered::Step(step) => steps.push(step),
                Lowered::Alias => {}
            }
        }
        Ok(Self {
            isa: kernels.isa,
            converter: Converter::new(graph.input(), model.tables(), kernels.values, memory)?,
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
