//! One call of a linear kernel, and the epilogue that ends each of its sums.

#[cfg(target_arch = "x86_64")]
use super::simd::Simd;
#[cfg(target_arch = "x86_64")]
use crate::base::math::{finite, finite_relu};

/// Floats of zeros that follow every value in an activation buffer: no unit of an array has more columns.
pub const PADDING: usize = 32;
/// The floats of scratch that suffice for every call: 16 KiB.
pub const SCRATCH: usize = 4096;

/// The arguments of a linear kernel: `y = finite(relu?(scale * (W x) + bias))` for each sample.
#[derive(Debug)]
pub struct LinearCall<'a> {
    /// Samples of finite values, each `input_stride` floats after the one before; [`PADDING`] zeros follow the last column of each.
    pub input: &'a [f32],
    /// At least the columns of the layer and [`PADDING`].
    pub input_stride: usize,
    /// The number of samples.
    pub batch: usize,
    /// The scale of each output, or none.
    pub scale: Option<&'a [f32]>,
    /// The bias of each output.
    pub bias: &'a [f32],
    /// Whether ReLU follows.
    pub relu: bool,
    /// Where sample `i` writes its outputs: exactly `rows` floats from `i * output_stride`.
    pub output: &'a mut [f32],
    /// At least the rows of the layer.
    pub output_stride: usize,
    /// At least [`SCRATCH`] floats of any content, aligned to 64 bytes; best [`LinearKernel::scratch_len`](super::LinearKernel::scratch_len).
    pub scratch: &'a mut [f32],
}

impl LinearCall<'_> {
    /// Asserts once, outside of all loops, what kernels rely on.
    ///
    /// # Panics
    /// When a buffer is too short for `rows`, `cols` and the batch. That is a bug of the caller; no file can cause it.
    pub fn check(&self, rows: usize, cols: usize) {
        self.check_rows(rows, rows, cols);
    }

    /// [`LinearCall::check`] where only `rows` of `all_rows` rows are computed.
    pub(super) fn check_rows(&self, all_rows: usize, rows: usize, cols: usize) {
        let samples = |stride: usize, len: usize| if self.batch == 0 { 0 } else { (self.batch - 1) * stride + len };
        assert!(self.input_stride >= cols + PADDING && self.input.len() >= samples(self.input_stride, cols + PADDING));
        assert!(self.output_stride >= rows && self.output.len() >= samples(self.output_stride, rows));
        assert!(self.bias.len() == all_rows && self.scale.is_none_or(|scale| scale.len() == all_rows));
        assert!(self.scratch.len() >= SCRATCH);
    }
}

#[cfg(target_arch = "x86_64")]
impl<'a> LinearCall<'a> {
    /// A sample, with the zeros that follow it.
    #[inline(always)]
    pub(super) fn sample(&self, sample: usize) -> &'a [f32] {
        &self.input[sample * self.input_stride..][..self.input_stride]
    }

    /// Writes the outputs from row `row` of a sample, one for each sum.
    pub(super) fn finish(&mut self, simd: impl Simd, sample: usize, row: usize, sums: &[f32]) {
        let rows = row..row + sums.len();
        let out = &mut self.output[sample * self.output_stride..][rows.clone()];
        let (scale, bias, relu) = (self.scale.map(|scale| &scale[rows.clone()]), &self.bias[rows], self.relu);
        simd.vectorize(
            out,
            #[inline(always)]
            |out| epilogue(simd, sums, scale, bias, relu, out),
        );
    }
}

/// The epilogue `y = finite(relu?(scale * sum + bias))` (arithmetic.md, section 4) of as many sums as `out` has.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn epilogue<S: Simd>(simd: S, sums: &[f32], scale: Option<&[f32]>, bias: &[f32], apply_relu: bool, out: &mut [f32]) {
    let rows = out.len();
    let (sums, bias) = (&sums[..rows], &bias[..rows]);
    if rows < S::LANES {
        for i in 0..rows {
            let y = scale.map_or(sums[i], |scale| sums[i] * scale[i]) + bias[i];
            out[i] = if apply_relu { finite_relu(y) } else { finite(y) };
        }
        return;
    }
    for first in (0..rows).step_by(S::LANES) {
        // The last vector may overlap the one before: it computes the same again.
        let first = first.min(rows - S::LANES);
        let mut y = simd.load_lanes(&sums[first..]);
        if let Some(scale) = scale {
            y = simd.times(y, simd.load_lanes(&scale[first..]));
        }
        y = simd.plus(y, simd.load_lanes(&bias[first..]));
        simd.store_lanes(&mut out[first..], if apply_relu { simd.finite_relu(y) } else { simd.finite(y) });
    }
}
