//! Each linear layer on its own: the model's kernel beside the dense one at the shrunk and at the original shape.

use super::timing::{Budget, Timing, interleaved};
use super::twins;
use crate::base::align::AlignedVec;
use crate::base::checked::to_u64;
use crate::base::error::Result;
use crate::exec::Slot;
use crate::kernels::direct::DirectKernel;
use crate::kernels::{Isa, Kernels, LinearCall, LinearKernel};
use crate::model::Model;
use crate::plan::Plan;

/// One kernel on one layer.
#[derive(Clone, Copy, Debug)]
pub struct LinearTime {
    /// Outputs.
    pub rows: usize,
    /// Inputs.
    pub cols: usize,
    /// The kernel that ran it.
    pub kernel: LinearKernel,
    /// Bytes of weights that one call reads, in the prepared layout if there is one.
    pub weight_bytes: u64,
    /// Nanoseconds of one sample.
    pub timing: Timing,
}

impl LinearTime {
    /// Weight bytes read per nanosecond of a call of `batch` samples: GB/s.
    #[must_use]
    pub fn gb_per_s(&self, batch: usize) -> f64 {
        self.weight_bytes as f64 / (self.timing.median_ns * batch as f64)
    }
}

/// One layer, three ways.
#[derive(Clone, Copy, Debug)]
pub struct LayerTimes {
    /// Its number in [`Model::layers`].
    pub layer: usize,
    /// As the model stores it.
    pub compressed: LinearTime,
    /// Dense, at its shrunk shape.
    pub shrunk: LinearTime,
    /// Dense, at its original shape.
    pub original: Option<LinearTime>,
    /// The kernel that a session convolves this layer with. The times are those of im2col: of one patch.
    pub direct: Option<DirectKernel>,
}

/// Times every layer for `batch` samples; `budget` is for one layer. Nothing here checks the answers: run
/// [`Comparison::check`](super::Comparison::check) first.
///
/// # Errors
/// `isa`, `no_memory`, those of [`twins`].
pub fn time_layers(model: &Model, isa: Isa, batch: usize, budget: &Budget) -> Result<Vec<LayerTimes>> {
    let kernels = Kernels::of(isa)?;
    let (shrunk, original) = (twins::shrunk(model)?, twins::original(model).ok().flatten());
    let plan = Plan::new(model, &kernels, batch)?;
    let mut times = Vec::new();
    for layer in 0..model.layers().len() {
        let networks = [Some(model), Some(&shrunk), original.as_ref()];
        let runs = networks.into_iter().flatten().map(|network| LayerRun::new(network, layer, &kernels, batch));
        let mut runs = runs.collect::<Result<Vec<_>>>()?;
        let mut calls: Vec<_> = runs.iter_mut().map(|run| || run.call()).collect();
        let mut contestants: Vec<&mut dyn FnMut()> = calls.iter_mut().map(|call| call as &mut dyn FnMut()).collect();
        let timings = interleaved(&mut contestants, budget);
        drop(calls);
        let measured: Vec<_> = runs.iter().zip(timings).map(|(run, timing)| run.time(timing.divided_by(batch))).collect();
        let (shrunk, original, direct) = (measured[1], measured.get(2).copied(), plan.direct_kernel(layer));
        times.push(LayerTimes { layer, compressed: measured[0], shrunk, original, direct });
    }
    Ok(times)
}

/// A layer of a model with buffers of its own.
struct LayerRun<'a> {
    model: &'a Model,
    layer: usize,
    kernel: LinearKernel,
    prepared: AlignedVec<u32>,
    batch: usize,
    input: AlignedVec<f32>,
    output: AlignedVec<f32>,
    scratch: AlignedVec<f32>,
}

impl<'a> LayerRun<'a> {
    fn new(model: &'a Model, layer: usize, kernels: &Kernels, batch: usize) -> Result<Self> {
        let spec = &model.layers()[layer];
        let kernel = kernels.linear(spec.linear.encoding, spec.linear.pattern);
        let stride = Slot::stride_of(spec.cols);
        let mut input = AlignedVec::zeroed(batch * stride)?;
        for sample in input.chunks_exact_mut(stride) {
            // No kernel's time depends on the numbers unless they are subnormal.
            sample[..spec.cols].iter_mut().enumerate().for_each(|(i, x)| *x = 1.0 - (i % 7) as f32 * 0.25);
        }
        Ok(Self {
            model,
            layer,
            kernel,
            prepared: kernel.prepare(&model.weights(layer))?,
            batch,
            input,
            output: AlignedVec::zeroed(batch * Slot::stride_of(spec.linear.rows))?,
            scratch: AlignedVec::zeroed(kernel.scratch_len(spec.cols, batch))?,
        })
    }

    fn call(&mut self) {
        let spec = &self.model.layers()[self.layer];
        let mut call = LinearCall {
            input: &self.input,
            input_stride: Slot::stride_of(spec.cols),
            batch: self.batch,
            scale: spec.scale.as_deref(),
            bias: &spec.bias,
            relu: true,
            output: &mut self.output,
            output_stride: Slot::stride_of(spec.linear.rows),
            scratch: &mut self.scratch,
        };
        self.kernel.run(&self.model.weights(self.layer), &self.prepared, &mut call);
        std::hint::black_box(&mut self.output);
    }

    fn time(&self, timing: Timing) -> LinearTime {
        let spec = &self.model.layers()[self.layer];
        let stored = spec.linear.encoding.array_bytes(spec.linear.pattern, spec.linear.rows, spec.cols);
        let weight_bytes = match self.prepared.len() {
            0 => stored.expect("invariant: the layer was loaded with this size"),
            words => to_u64(words * 4),
        };
        LinearTime { rows: spec.linear.rows, cols: spec.cols, kernel: self.kernel, weight_bytes, timing }
    }
}
