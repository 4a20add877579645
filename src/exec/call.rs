//! What a step is run with, and what it says of itself.

use super::slot::{Slot, disjoint};
use crate::kernels::Isa;
use crate::model::Model;
use std::fmt::Debug;

/// What a step does.
pub trait Action: Debug + Send + Sync {
    /// Runs it.
    fn run(&self, call: &mut Call<'_>);

    /// Floats of patches that it needs.
    fn patches_len(&self) -> usize {
        0
    }

    /// Floats of scratch that its kernel needs.
    fn scratch_len(&self) -> usize {
        0
    }

    /// How it computes a layer for `batch` samples; `None` for other operators.
    fn layer_work(&self, _model: &Model, _batch: usize) -> Option<LayerWork> {
        None
    }

    /// Bytes of weights that it holds in a layout other than the stored one.
    fn prepared_bytes(&self) -> usize {
        0
    }
}

/// How a step computes a layer with weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerWork {
    /// The number of the layer in [`Model::layers`].
    pub layer: usize,
    /// What the kernel does, in a few words.
    pub kernel: String,
    /// The tier that wrote the kernel.
    pub isa: Isa,
    /// Bytes of weights that a call reads, if no activation is zero.
    pub read_bytes: u64,
    /// Whether the weights of an activation that is zero are not read.
    pub skips_zeros: bool,
}

/// The memory that steps work in.
#[derive(Debug)]
pub struct Memory<'a> {
    /// Every slot.
    pub arena: &'a mut [f32],
    /// What kernels may overwrite.
    pub scratch: &'a mut [f32],
    /// Patches and their outputs, for convolutions.
    pub patches: &'a mut [f32],
}

/// One run of a step.
#[derive(Debug)]
pub struct Call<'a> {
    /// The weights.
    pub model: &'a Model,
    /// The values read.
    pub from: &'a [Slot],
    /// The value written.
    pub to: &'a Slot,
    /// Samples.
    pub batch: usize,
    /// Slots, scratch and patches.
    pub memory: Memory<'a>,
}

impl Call<'_> {
    /// Calls `f` with every sample of the first input and of the output, and with the rest of the memory; zeros follow each output, as the
    /// kernel that reads it next needs them.
    pub(super) fn each_sample(&mut self, mut f: impl FnMut(&[f32], &mut [f32], &mut [f32], &mut [f32])) {
        let (from, to) = (&self.from[0], self.to);
        let Memory { arena, scratch, patches } = &mut self.memory;
        let (input, output) = disjoint(arena, from, to, self.batch);
        for (sample, out) in input.chunks_exact(from.stride).zip(output.chunks_exact_mut(to.stride)) {
            let (out, padding) = out.split_at_mut(to.elements);
            f(sample, out, patches, scratch);
            padding.fill(0.0);
        }
    }

    /// Calls `f` on every sample of the output, after copying it from the first input when they are not one.
    pub(super) fn in_place(&mut self, mut f: impl FnMut(&mut [f32])) {
        let (from, to) = (&self.from[0], self.to);
        let arena = &mut *self.memory.arena;
        if from.start != to.start {
            let (input, output) = disjoint(arena, from, to, self.batch);
            output.copy_from_slice(input); // values of as many elements: the strides are equal
        }
        for sample in arena[to.start..][..to.floats(self.batch)].chunks_exact_mut(to.stride) {
            f(&mut sample[..to.elements]);
        }
    }
}
