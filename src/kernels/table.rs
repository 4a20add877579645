//! The table of a tier: one kernel for each kind of weights.

use super::direct::DirectKernel;
use super::isa::Isa;
use super::kernel::{LinearKernel, Preference};
use super::values::ValueKernel;
use crate::encoding::{Encoding, Pattern};

/// The kernels of a tier, one for each kind of weights.
#[derive(Clone, Copy, Debug)]
pub struct Kernels {
    /// The tier.
    pub isa: Isa,
    /// Which form of a layer is taken.
    pub preference: Preference,
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
    /// Loops over values, where the tier has some of its own.
    pub values: Option<ValueKernel>,
}

impl Kernels {
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
