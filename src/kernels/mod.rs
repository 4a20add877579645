//! The table of kernels: one safe function per encoding, chosen once when a session is planned.
//!
//! A tier (instruction set) overrides what it is good at and inherits the rest from the tier below. Every kernel computes the chains of
//! `format-spec/arithmetic.md` and nothing else, so that tiers are bit-identical; the scalar one is the reference.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod fields;
pub mod isa;
mod panels;
mod samples;
mod scalar;
pub mod scattered;
pub mod segments;

use crate::base::align::AlignedVec;
use crate::base::error::Result;
use crate::encoding::{Encoding, Weights};
pub use isa::Isa;

/// Floats of zeros that follow every value in an activation buffer: no unit of an array has more columns.
pub const PADDING: usize = 32;
/// Floats of scratch that a call lends to its kernel: 16 KiB.
pub const SCRATCH: usize = 4096;

/// One call of a linear kernel: `y = relu?(scale * (W x) + bias)` for each sample.
#[derive(Debug)]
pub struct LinearCall<'a> {
    /// Samples, each `input_stride` floats after the one before; [`PADDING`] zeros follow a sample's last column.
    pub input: &'a [f32],
    /// At least the columns of the layer and [`PADDING`].
    pub input_stride: usize,
    /// Samples.
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
    /// [`SCRATCH`] floats of any content, aligned to 64.
    pub scratch: &'a mut [f32],
}

impl LinearCall<'_> {
    /// Asserts the relations between the arguments that kernels rely on, outside of any loop.
    ///
    /// # Panics
    /// When a buffer is shorter than `rows`, `cols` and the batch ask for: a bug of the caller, never a matter of a file.
    pub fn check(&self, rows: usize, cols: usize) {
        self.check_rows(rows, rows, cols);
    }

    /// [`LinearCall::check`] where only `rows` of `all_rows` rows are computed.
    fn check_rows(&self, all_rows: usize, rows: usize, cols: usize) {
        let samples = |stride: usize, len: usize| if self.batch == 0 { 0 } else { (self.batch - 1) * stride + len };
        assert!(self.input_stride >= cols + PADDING && self.input.len() >= samples(self.input_stride, cols + PADDING));
        assert!(self.output_stride >= rows && self.output.len() >= samples(self.output_stride, rows));
        assert!(self.bias.len() == all_rows && self.scale.is_none_or(|scale| scale.len() == all_rows));
        assert!(self.scratch.len() >= SCRATCH);
    }
}

/// The kernel of one encoding in one tier.
#[derive(Clone, Copy, Debug)]
pub struct LinearKernel {
    /// The tier that wrote it: an inherited kernel keeps its own.
    pub isa: Isa,
    /// What it does, in a few words.
    pub name: &'static str,
    /// The weights in another layout, for kernels that want one; empty for those that read the stored one.
    pub prepare: fn(&Weights<'_>) -> Result<AlignedVec<u32>>,
    /// Runs the layer. `prepared` is what `prepare` made of the same weights.
    pub run: fn(&Weights<'_>, prepared: &[u32], call: &mut LinearCall<'_>),
}

/// For kernels that read the stored layout.
pub(crate) fn stored_layout(_: &Weights<'_>) -> Result<AlignedVec<u32>> {
    AlignedVec::zeroed(0)
}

/// The kernels of a tier, one per encoding.
#[derive(Clone, Copy, Debug)]
pub struct Kernels {
    /// The tier.
    pub isa: Isa,
    /// 32-bit floats.
    pub dense_f32: LinearKernel,
    /// 16-bit floats.
    pub dense_f16: LinearKernel,
    /// Fixed point.
    pub fixed_point: LinearKernel,
    /// Ternary.
    pub ternary: LinearKernel,
    /// Codebook of up to 16 levels.
    pub codebook: LinearKernel,
    /// Codebook of 17 to 256 levels.
    pub large_codebook: LinearKernel,
    /// Sparse: floats, fixed point, codebook.
    pub sparse: LinearKernel,
    /// Blocks.
    pub block: LinearKernel,
}

/// Computes the rows `rows` of a layer only: output `i` of a sample is row `rows.start + i`. Scalar, for grouped convolutions.
pub fn run_rows(weights: &Weights<'_>, rows: std::ops::Range<usize>, call: &mut LinearCall<'_>) {
    scalar::run_rows(weights, rows, call);
}

impl Kernels {
    /// The kernels of `isa`. Error: `isa` when this processor lacks it.
    pub fn of(isa: Isa) -> Result<Self> {
        let scalar = scalar::kernels();
        match isa {
            Isa::Scalar => Ok(scalar),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => Ok(avx2::kernels(isa::Avx2::detect().ok_or_else(|| isa.missing())?, scalar)),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => {
                let below = Self::of(Isa::Avx2)?;
                Ok(avx512::kernels(isa::Avx512::detect().ok_or_else(|| isa.missing())?, below))
            }
            #[allow(unreachable_patterns)] // the tiers of other processors
            _ => Err(isa.missing()),
        }
    }

    /// The kernel that serves `encoding`.
    #[must_use]
    pub fn linear(&self, encoding: Encoding) -> &LinearKernel {
        match encoding {
            Encoding::DenseF32 => &self.dense_f32,
            Encoding::DenseF16 => &self.dense_f16,
            Encoding::FixedPoint { .. } => &self.fixed_point,
            Encoding::Ternary => &self.ternary,
            Encoding::Codebook { levels: ..=16 } => &self.codebook,
            Encoding::Codebook { .. } => &self.large_codebook,
            Encoding::SparseF32 | Encoding::SparseFixedPoint { .. } | Encoding::SparseCodebook { .. } => &self.sparse,
            Encoding::BlockF32 { .. } => &self.block,
        }
    }
}
