//! The steps that a plan runs: each reads one slot of the arena and writes another, sample by sample.

mod input;

use crate::base::math;
use crate::kernels::{LinearCall, LinearKernel, PADDING};
use crate::model::Model;
pub use input::{Converter, Input};

/// Where a value of all samples lies in the arena: sample `i` starts at `start + i * stride`; zeros follow its elements up to the stride.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The first float.
    pub start: usize,
    /// Elements of one sample.
    pub elements: usize,
    /// Floats from one sample to the next: a multiple of 16 with room for [`PADDING`] zeros.
    pub stride: usize,
}

impl Slot {
    /// Floats from one sample to the next for values of `elements` elements.
    #[must_use]
    pub fn stride_of(elements: usize) -> usize {
        (elements + PADDING).next_multiple_of(16)
    }

    /// Floats of the slot for `batch` samples.
    #[must_use]
    pub fn floats(&self, batch: usize) -> usize {
        batch * self.stride
    }
}

/// One step of a plan.
#[derive(Clone, Debug)]
pub enum Step {
    /// A linear layer of the model, fused with the ReLU after it.
    Linear {
        /// Its number in [`Model::layers`].
        layer: usize,
        /// Whether ReLU follows.
        relu: bool,
        /// What runs it.
        kernel: LinearKernel,
        /// The value read.
        from: Slot,
        /// The value written.
        to: Slot,
    },
    /// ReLU of a value: in place when both slots are one.
    Relu {
        /// The value read.
        from: Slot,
        /// The value written.
        to: Slot,
    },
    /// Softmax of a value: in place when both slots are one.
    Softmax {
        /// The value read.
        from: Slot,
        /// The value written.
        to: Slot,
    },
}

/// The memory that steps work in.
#[derive(Debug)]
pub struct Memory<'a> {
    /// Every slot.
    pub arena: &'a mut [f32],
    /// What kernels may scribble on.
    pub scratch: &'a mut [f32],
    /// The prepared weights of each layer.
    pub prepared: &'a [crate::base::align::AlignedVec<u32>],
}

impl Step {
    /// Runs the step on the first `batch` samples.
    pub fn run(&self, model: &Model, batch: usize, memory: &mut Memory<'_>) {
        match self {
            Self::Linear { layer, relu, kernel, from, to } => {
                let spec = &model.layers()[*layer];
                let (input, output) = disjoint(memory.arena, from, to, batch);
                let mut call = LinearCall {
                    input,
                    input_stride: from.stride,
                    batch,
                    scale: spec.scale.as_deref(),
                    bias: &spec.bias,
                    relu: *relu,
                    output,
                    output_stride: to.stride,
                    scratch: memory.scratch,
                };
                (kernel.run)(&model.weights(*layer), &memory.prepared[*layer], &mut call);
                zero_padding(output, to);
            }
            Self::Relu { from, to } => each_sample(memory.arena, from, to, batch, |values| {
                values.iter_mut().for_each(|x| *x = math::relu(*x));
            }),
            Self::Softmax { from, to } => each_sample(memory.arena, from, to, batch, math::softmax),
        }
    }
}

/// The floats after each sample's elements are zero for the kernel that reads the value next.
fn zero_padding(values: &mut [f32], slot: &Slot) {
    for sample in values.chunks_exact_mut(slot.stride) {
        sample[slot.elements..].fill(0.0);
    }
}

fn each_sample(arena: &mut [f32], from: &Slot, to: &Slot, batch: usize, mut f: impl FnMut(&mut [f32])) {
    if from != to {
        let (input, output) = disjoint(arena, from, to, batch);
        output.copy_from_slice(input);
    }
    for sample in arena[to.start..][..to.floats(batch)].chunks_exact_mut(to.stride) {
        f(&mut sample[..to.elements]);
    }
}

/// Both slots at once. The plan never lets a step read and write overlapping ones.
fn disjoint<'a>(arena: &'a mut [f32], from: &Slot, to: &Slot, batch: usize) -> (&'a [f32], &'a mut [f32]) {
    let (read, write) = (from.start..from.start + from.floats(batch), to.start..to.start + to.floats(batch));
    let [input, output] =
        arena.get_disjoint_mut([read, write]).expect("invariant: the plan's slots are disjoint and in the arena");
    (input, output)
}
