//! The steps that a plan runs: each reads slots of the arena and writes another, sample by sample.

mod conv;
mod input;
mod pointwise;
mod pool;
mod slot;

use crate::base::align::AlignedVec;
use crate::base::math;
use crate::graph::Activation;
use crate::kernels::{LinearCall, LinearKernel};
use crate::model::Model;
pub use conv::ConvGeometry;
pub use input::{Converter, Input};
pub use pool::PoolGeometry;
pub use slot::Slot;
use slot::disjoint;

/// A layer with weights: its number in [`Model::layers`], what runs it, and whether ReLU follows in the same pass.
#[derive(Clone, Copy, Debug)]
pub struct LayerStep {
    /// The number of the layer.
    pub layer: usize,
    /// The kernel.
    pub kernel: LinearKernel,
    /// Whether ReLU follows.
    pub relu: bool,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Action {
    /// A linear layer.
    Linear(LayerStep),
    /// A convolution.
    Conv(LayerStep, ConvGeometry),
    /// Pooling; global average pooling is one window.
    Pool(PoolGeometry),
    /// The affine node of this number, for channels of so many elements.
    Affine {
        /// Its number in the model's tables.
        affine: usize,
        /// Elements of one channel.
        channel_elements: usize,
    },
    /// A function of each element.
    Activation(Activation),
    /// Softmax.
    Softmax,
    /// A copy: a reshape whose input is still needed.
    Copy,
    /// The sum of two values.
    Add,
    /// Values one after the other.
    Concat,
}

/// One step of a plan.
#[derive(Clone, Debug)]
pub struct Step {
    /// What is done.
    pub action: Action,
    /// The values read.
    pub from: Vec<Slot>,
    /// The value written: the first one read, for actions that work in place.
    pub to: Slot,
}

/// The memory that steps work in.
#[derive(Debug)]
pub struct Memory<'a> {
    /// Every slot.
    pub arena: &'a mut [f32],
    /// What kernels may scribble on.
    pub scratch: &'a mut [f32],
    /// Patches and their outputs, for convolutions.
    pub patches: &'a mut [f32],
    /// The prepared weights of each layer.
    pub prepared: &'a [AlignedVec<u32>],
}

impl Step {
    /// Runs the step on the first `batch` samples.
    pub fn run(&self, model: &Model, batch: usize, memory: &mut Memory<'_>) {
        let (from, to) = (&self.from[0], &self.to);
        match &self.action {
            Action::Linear(step) => linear(step, model, from, to, batch, memory),
            Action::Conv(step, geometry) => {
                let (input, output) = disjoint(memory.arena, from, to, batch);
                let samples = input.chunks_exact(from.stride).zip(output.chunks_exact_mut(to.stride));
                for (sample, out) in samples {
                    geometry.run(step, model, memory.prepared, sample, &mut out[..to.elements], memory.patches, memory.scratch);
                    out[to.elements..].fill(0.0);
                }
            }
            Action::Pool(geometry) => {
                let (input, output) = disjoint(memory.arena, from, to, batch);
                let samples = input.chunks_exact(from.stride).zip(output.chunks_exact_mut(to.stride));
                for (sample, out) in samples {
                    geometry.run(&sample[..from.elements], &mut out[..to.elements]);
                    out[to.elements..].fill(0.0);
                }
            }
            Action::Affine { affine, channel_elements } => {
                let tables = &model.tables().affines[*affine];
                each_sample(memory.arena, from, to, batch, |values| {
                    pointwise::affine(values, &tables.scale, &tables.offset, *channel_elements)
                });
            }
            Action::Activation(activation) => {
                each_sample(memory.arena, from, to, batch, |values| pointwise::activate(*activation, values));
            }
            Action::Softmax => each_sample(memory.arena, from, to, batch, math::softmax),
            Action::Copy => each_sample(memory.arena, from, to, batch, |_| {}),
            Action::Add => pointwise::add(memory.arena, [from, &self.from[1]], to, batch),
            Action::Concat => pointwise::concat(memory.arena, &self.from, to, batch),
        }
    }
}

fn linear(step: &LayerStep, model: &Model, from: &Slot, to: &Slot, batch: usize, memory: &mut Memory<'_>) {
    let layer = &model.layers()[step.layer];
    let (input, output) = disjoint(memory.arena, from, to, batch);
    let mut call = LinearCall {
        input,
        input_stride: from.stride,
        batch,
        scale: layer.scale.as_deref(),
        bias: &layer.bias,
        relu: step.relu,
        output,
        output_stride: to.stride,
        scratch: memory.scratch,
    };
    (step.kernel.run)(&model.weights(step.layer), &memory.prepared[step.layer], &mut call);
    // The floats after each sample's elements are zero for the kernel that reads the value next.
    for sample in output.chunks_exact_mut(to.stride) {
        sample[to.elements..].fill(0.0);
    }
}

/// Calls `f` on every sample of `to`, after copying it from `from` when they are not one.
fn each_sample(arena: &mut [f32], from: &Slot, to: &Slot, batch: usize, mut f: impl FnMut(&mut [f32])) {
    if from.start != to.start {
        let (input, output) = disjoint(arena, from, to, batch);
        output.copy_from_slice(input); // values of as many elements: the strides are equal
    }
    for sample in arena[to.start..][..to.floats(batch)].chunks_exact_mut(to.stride) {
        f(&mut sample[..to.elements]);
    }
}
