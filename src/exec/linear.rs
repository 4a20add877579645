//! Linear layers: one call of a kernel for all samples.

use super::call::{Action, Call, LayerWork};
use super::slot::disjoint;
use crate::base::align::AlignedVec;
use crate::base::checked::to_u64;
use crate::kernels::{LinearCall, LinearKernel, Reads};
use crate::model::Model;

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
        self.kernel.run(|| call.model.weights(self.layer), &self.prepared, &mut linear);
        // The kernel that reads the value next needs zeros after each sample's elements.
        for sample in output.chunks_exact_mut(to.stride) {
            sample[to.elements..].fill(0.0);
        }
    }

    fn scratch_len(&self) -> usize {
        self.scratch_len
    }

    fn layer_work(&self, model: &Model, batch: usize) -> Option<LayerWork> {
        let reads = self.kernel.reads(&self.prepared, batch);
        let may_expand = matches!(self.kernel.reads(&self.prepared, 1), Reads::Expanded(_));
        let words = match reads {
            Reads::Expanded(words) | Reads::Prepared(words) => Some(words),
            Reads::Stored => None,
        };
        let kernel = match reads {
            Reads::Expanded(_) => "expanded, outputs in lanes".to_owned(),
            _ if may_expand => format!("{}; expanded for samples of many zeros", self.kernel.name),
            _ => self.kernel.name.to_owned(),
        };
        Some(LayerWork {
            layer: self.layer,
            kernel,
            isa: self.kernel.isa,
            read_bytes: words.map_or_else(|| self.stored_bytes(model), |words| 4 * to_u64(words)),
            skips_zeros: matches!(reads, Reads::Expanded(_)),
        })
    }

    fn prepared_bytes(&self) -> usize {
        self.prepared.len() * 4
    }
}

impl LayerStep {
    /// Bytes of the weights in the layout of the file.
    fn stored_bytes(&self, model: &Model) -> u64 {
        let layer = &model.layers()[self.layer];
        let bytes = layer.linear.encoding.array_bytes(layer.linear.pattern, layer.linear.rows, layer.cols);
        bytes.expect("invariant: the layer was loaded with this size")
    }
}
