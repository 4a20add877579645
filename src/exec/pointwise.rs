//! Operators that treat each element, or each channel, alike (`format-spec/arithmetic.md`, section 5).

use super::call::{Action, Call};
use super::slot::disjoint;
use crate::base::math::{clip, finite, relu, sigmoid, softmax, tanh};
use crate::graph::op::Activation;

/// A function of each element.
#[derive(Debug)]
pub struct ActivationStep(pub Activation);

impl Action for ActivationStep {
    fn run(&self, call: &mut Call<'_>) {
        call.in_place(|values| match self.0 {
            Activation::Relu => each(values, relu),
            Activation::LeakyRelu { slope } => each(values, |x| if x > 0.0 { x } else { finite(slope * x) }),
            Activation::Sigmoid => each(values, sigmoid),
            Activation::Tanh => each(values, tanh),
            Activation::Clip { min, max } => each(values, |x| clip(x, min, max)),
            Activation::HardSigmoid { alpha, beta } => each(values, |x| clip(alpha * x + beta, 0.0, 1.0)),
            Activation::HardSwish => each(values, |x| finite(x * clip(x + 3.0, 0.0, 6.0) / 6.0)),
        });
    }
}

fn each(values: &mut [f32], f: impl Fn(f32) -> f32) {
    values.iter_mut().for_each(|x| *x = f(*x));
}

/// Softmax of each sample.
#[derive(Debug)]
pub struct SoftmaxStep;

impl Action for SoftmaxStep {
    fn run(&self, call: &mut Call<'_>) {
        call.in_place(softmax);
    }
}

/// A copy: a reshape whose input is still needed.
#[derive(Debug)]
pub struct CopyStep;

impl Action for CopyStep {
    fn run(&self, call: &mut Call<'_>) {
        call.in_place(|_| {});
    }
}

/// `scale_c * x + offset_c`.
#[derive(Debug)]
pub struct AffineStep {
    /// Its number among the affine nodes: the model's tables hold the scale and the offset of each channel.
    pub number: usize,
    /// Elements of one channel.
    pub channel_elements: usize,
}

impl Action for AffineStep {
    fn run(&self, call: &mut Call<'_>) {
        let tables = &call.model.tables().affines[self.number];
        call.in_place(|values| {
            let channels = tables.scale.iter().zip(&tables.offset);
            for (channel, (scale, offset)) in values.chunks_exact_mut(self.channel_elements.max(1)).zip(channels) {
                each(channel, |x| finite(x * scale + offset));
            }
        });
    }
}

/// The sum of two values; the output may be the slot of the first.
#[derive(Debug)]
pub struct AddStep;

impl Action for AddStep {
    fn run(&self, call: &mut Call<'_>) {
        combine(call, |a, b| finite(a + b));
    }
}

/// `to = f(a, b)`, element by element.
fn combine(call: &mut Call<'_>, f: impl Fn(f32, f32) -> f32) {
    call.in_place(|_| {});
    let (b, to, batch) = (&call.from[1], call.to, call.batch);
    let arena = &mut *call.memory.arena;
    if b.start == to.start {
        // A value with itself, in place.
        return each(&mut arena[to.start..][..to.floats(batch)], |x| f(x, x));
    }
    let (input, output) = disjoint(arena, b, to, batch);
    output.iter_mut().zip(input).for_each(|(out, x)| *out = f(*out, *x));
}

/// The values read, one after the other.
#[derive(Debug)]
pub struct ConcatStep;

impl Action for ConcatStep {
    fn run(&self, call: &mut Call<'_>) {
        let (to, arena) = (call.to, &mut *call.memory.arena);
        let mut at = 0;
        for slot in call.from {
            let (input, output) = disjoint(arena, slot, to, call.batch);
            for (sample, out) in input.chunks_exact(slot.stride).zip(output.chunks_exact_mut(to.stride)) {
                out[at..][..slot.elements].copy_from_slice(&sample[..slot.elements]);
            }
            at += slot.elements;
        }
        for out in arena[to.start..][..to.floats(call.batch)].chunks_exact_mut(to.stride) {
            out[to.elements..].fill(0.0);
        }
    }
}
