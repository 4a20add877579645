//! x86-64 with AVX2, FMA and F16C: 8 lanes, two vectors for the 16 rows of a stored one.

pub(super) mod block;
mod codebook;
mod dense;
mod fixed_point;
mod memory;
mod packed;
mod panel;
pub(super) mod sparse;
pub(super) mod ternary;

use super::isa::Avx2;
use super::segments::{self, Tier};
use super::{Isa, Kernels, LinearKernel, stored_layout};

// Every function of this tier says `#[target_feature(enable = "avx2,fma,f16c")]`: what `Avx2` detects.

pub(super) fn kernels(_: Avx2, _: Kernels) -> Kernels {
    let kernel = |name, run| LinearKernel { isa: Isa::Avx2, name, prepare: stored_layout, run };
    Kernels {
        isa: Isa::Avx2,
        dense_f32: kernel("fma, 8 chains", dense::run_f32),
        dense_f16: kernel("vcvtph2ps, fma", dense::run_f16),
        fixed_point: kernel("integers in the mantissa, expanded", fixed_point::run),
        codebook: kernel("vpermilps, vpermps or vpshufb, expanded", codebook::run),
        large_codebook: kernel("looked up one by one, expanded", codebook::run_large),
        ternary: LinearKernel { prepare: ternary::prepare, ..kernel("product tables in vpermilps", ternary::run) },
        sparse: LinearKernel { prepare: sparse::prepare, ..kernel("lists of two rows, 8 chains", sparse::run) },
        block: kernel("broadcast x, 4 chains", block::run),
    }
}

/// The proof, in a kernel that only the table of [`kernels`] hands out.
fn proof() -> Avx2 {
    Avx2::detect().expect("invariant: the table of this tier was made with its proof")
}

/// What each kernel says when it is given another encoding's weights.
const WRONG: &str = "invariant: the plan gives each kernel its own encoding";

impl Tier for Avx2 {
    fn finish(self, sums: &[f32], scale: Option<&[f32]>, bias: &[f32], relu: bool, out: &mut [f32]) {
        #[target_feature(enable = "avx2,fma,f16c")]
        fn inner(sums: &[f32], scale: Option<&[f32]>, bias: &[f32], relu: bool, out: &mut [f32]) {
            segments::finish(sums, scale, bias, relu, out);
        }
        // SAFETY: `self` proves the features.
        #[allow(unsafe_code)]
        unsafe {
            inner(sums, scale, bias, relu, out);
        }
    }
}
