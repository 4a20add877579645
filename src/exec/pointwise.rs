//! Operators that treat each element, or each channel, alike (`format-spec/arithmetic.md`, section 5).

use super::{Slot, disjoint};
use crate::base::math::{clip, relu, sigmoid, tanh};
use crate::graph::Activation;

/// Applies an activation in place.
pub(super) fn activate(activation: Activation, values: &mut [f32]) {
    match activation {
        Activation::Relu => each(values, relu),
        Activation::LeakyRelu { slope } => each(values, |x| if x > 0.0 { x } else { slope * x }),
        Activation::Sigmoid => each(values, sigmoid),
        Activation::Tanh => each(values, tanh),
        Activation::Clip { min, max } => each(values, |x| clip(x, min, max)),
        Activation::HardSigmoid { alpha, beta } => each(values, |x| clip(alpha * x + beta, 0.0, 1.0)),
        Activation::HardSwish => each(values, |x| x * clip(x + 3.0, 0.0, 6.0) / 6.0),
    }
}

fn each(values: &mut [f32], f: impl Fn(f32) -> f32) {
    values.iter_mut().for_each(|x| *x = f(*x));
}

/// `scale_c * x + offset_c` in place.
pub(super) fn affine(values: &mut [f32], scale: &[f32], offset: &[f32], channel_elements: usize) {
    let channels = scale.iter().zip(offset);
    for (channel, (scale, offset)) in values.chunks_exact_mut(channel_elements.max(1)).zip(channels) {
        each(channel, |x| x * scale + offset);
    }
}

/// `to = a + b`; `to` may be the slot of `a`.
pub(super) fn add(arena: &mut [f32], [a, b]: [&Slot; 2], to: &Slot, batch: usize) {
    if a.start != to.start {
        let (input, output) = disjoint(arena, a, to, batch);
        output.copy_from_slice(input);
    }
    if b.start == to.start {
        // a + a, in place
        return each(&mut arena[to.start..][..to.floats(batch)], |x| x + x);
    }
    let (input, output) = disjoint(arena, b, to, batch);
    output.iter_mut().zip(input).for_each(|(out, x)| *out += x);
}

/// The values of `from` one after the other, in each sample of `to`.
pub(super) fn concat(arena: &mut [f32], from: &[Slot], to: &Slot, batch: usize) {
    let mut at = 0;
    for slot in from {
        let (input, output) = disjoint(arena, slot, to, batch);
        for (sample, out) in input.chunks_exact(slot.stride).zip(output.chunks_exact_mut(to.stride)) {
            out[at..][..slot.elements].copy_from_slice(&sample[..slot.elements]);
        }
        at += slot.elements;
    }
    for out in arena[to.start..][..to.floats(batch)].chunks_exact_mut(to.stride) {
        out[to.elements..].fill(0.0);
    }
}
