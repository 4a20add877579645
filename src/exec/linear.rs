//! Linear layers: one call of a kernel for all samples.

use super::slot::disjoint;
use super::step::{Action, Call};
use crate::base::align::AlignedVec;
use crate::kernels::{LinearCall, LinearKernel};

/// A layer with weights: its number in [`Model::layers`](crate::model::Model::layers), what runs it, and whether ReLU follows in the same pass.
#[derive(Debug)]
pub struct LayerStep {
    /// The number of the layer.
    pub layer: usize,
    /// The kernel.
    pub kernel: LinearKernel,
    /// The weights as the kernel prepared them; empty when it reads the stored layout.
    pub prepared: AlignedVec<u32>,
    /// Floats of scratch that the kernel needs.
    pub scratch_len: usize,
    /// Whether ReLU follows.
    pub relu: bool,
}

impl Action for LayerStep {
    fn run(&self, call: &mut Call<'_>) {
        let (from, to) = (&call.from[0], call.to);
        let layer = &call.model.layers()[self.layer];
        let (input, output) = disjoint(call.memory.arena, from, to, call.batch);
        let mut linear = LinearCall {
            input,
            input_stride: from.stride,
            batch: call.batch,
            scale: layer.scale.as_deref(),
            bias: &layer.bias,
            relu: self.relu,
            output,
            output_stride: to.stride,
            scratch: call.memory.scratch,
        };
        self.kernel.run(&call.model.weights(self.layer), &self.prepared, &mut linear);
        // The kernel that reads the value next needs zeros after each sample's elements.
        for sample in output.chunks_exact_mut(to.stride) {
            sample[to.elements..].fill(0.0);
        }
    }

    fn scratch_len(&self) -> usize {
        self.scratch_len
    }

    fn prepared_bytes(&self) -> usize {
        self.prepared.len() * 4
    }
}
