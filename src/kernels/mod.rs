//! The kernels of linear layers: a table per tier (instruction set), from which a plan takes one kernel per layer.
//!
//! A tier overrides what it is good at and inherits the rest from the tier below. Every kernel computes the chains of
//! `format-spec/arithmetic.md` and nothing else, so that tiers are bit-identical; the scalar one is the reference.

mod call;
pub mod direct;
pub mod isa;
mod kernel;
mod scalar;
pub mod segments;

// The tiers with vectors, and the loops around their inner loops, by order class.
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod class_f;
#[cfg(target_arch = "x86_64")]
mod class_s;
#[cfg(target_arch = "x86_64")]
mod class_t;
#[cfg(target_arch = "x86_64")]
mod simd;

use crate::base::error::Result;
use crate::encoding::{Encoding, Pattern, Weights};
#[cfg(target_arch = "x86_64")]
use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use avx512::Avx512;
pub use call::LinearCall;
use direct::DirectKernel;
pub use isa::Isa;
pub use kernel::LinearKernel;

/// Floats of zeros that follow every value in an activation buffer: no unit of an array has more columns.
pub const PADDING: usize = 32;
/// The floats of scratch that suffice for every call: 16 KiB.
pub const SCRATCH: usize = 4096;

/// The kernels of a tier, one for each kind of weights.
#[derive(Clone, Copy, Debug)]
pub struct Kernels {
    /// The tier.
    pub isa: Isa,
    /// Dense: 32-bit floats.
    pub dense_f32: LinearKernel,
    /// Dense: 16-bit floats.
    pub dense_f16: LinearKernel,
    /// Fixed point.
    pub fixed_point: LinearKernel,
    /// Ternary.
    pub ternary: LinearKernel,
    /// Codebook of up to 16 levels.
    pub codebook: LinearKernel,
    /// Codebook of 17 to 256 levels.
    pub large_codebook: LinearKernel,
    /// Sparse, with slots: floats, fixed point, codebook.
    pub slots: LinearKernel,
    /// Sparse, lists only: floats, fixed point, codebook.
    pub lists: LinearKernel,
    /// Blocks of 8 rows.
    pub block8: LinearKernel,
    /// Blocks of 16 rows.
    pub block16: LinearKernel,
    /// Convolutions without im2col, where the tier has them.
    pub direct: Option<DirectKernel>,
}

impl Kernels {
    /// The kernels of `isa`.
    ///
    /// # Errors
    /// `isa` when this processor lacks it.
    pub fn of(isa: Isa) -> Result<Self> {
        let scalar = scalar::kernels();
        match isa {
            Isa::Scalar => Ok(scalar),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => Avx2::detect().map(|avx2| avx2::kernels(avx2, scalar)).ok_or_else(|| isa.missing()),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => {
                let kernels = |avx512: Avx512| avx512::kernels(avx512, avx2::kernels(avx512.avx2(), scalar));
                Avx512::detect().map(kernels).ok_or_else(|| isa.missing())
            }
            #[cfg(not(target_arch = "x86_64"))]
            Isa::Avx2 | Isa::Avx512 => Err(isa.missing()),
        }
    }

    /// The kernel of a layer.
    #[must_use]
    pub fn linear(&self, encoding: Encoding, pattern: Pattern) -> LinearKernel {
        match encoding {
            Encoding::DenseF32 => self.dense_f32,
            Encoding::DenseF16 => self.dense_f16,
            Encoding::FixedPoint { .. } => self.fixed_point,
            Encoding::Ternary => self.ternary,
            Encoding::Codebook { levels: ..=16 } => self.codebook,
            Encoding::Codebook { .. } => self.large_codebook,
            Encoding::SparseF32 | Encoding::SparseFixedPoint { .. } | Encoding::SparseCodebook { .. } => {
                if pattern.units == 0 {
                    self.lists
                } else {
                    self.slots
                }
            }
            Encoding::BlockF32 { height: 8 } => self.block8,
            Encoding::BlockF32 { .. } => self.block16,
        }
    }
}

/// Computes the rows `rows` of a layer only: output `i` of a sample is row `rows.start + i`. Scalar, for grouped convolutions.
///
/// # Panics
/// When a buffer of `call` is too short.
pub fn run_rows(weights: &Weights<'_>, rows: std::ops::Range<usize>, call: &mut LinearCall<'_>) {
    scalar::run_rows(weights, rows, call);
}
