//! x86-64 with AVX-512 F, BW, DQ, VL, VBMI and VNNI: 16 lanes, one vector for the 16 rows of a stored one.
//!
//! Every function of this tier enables the features that [`Avx512`] detects; the compiler refuses a safe call between functions whose lists
//! differ. (VL, BW and DQ are named although few intrinsics need them: without them LLVM leaves half of the registers alone.)

mod block;
mod codebook;
mod dense;
mod fixed_point;
mod memory;
mod packed;
mod panel;
mod sparse;
mod ternary;

use super::isa::Avx512;
use super::segments::{self, Tier};
use super::{Isa, Kernels, LinearKernel, stored_layout};

pub(super) fn kernels(_: Avx512, _: Kernels) -> Kernels {
    let kernel = |name, run| LinearKernel { isa: Isa::Avx512, name, prepare: stored_layout, run };
    Kernels {
        isa: Isa::Avx512,
        dense_f32: kernel("fma, 8 chains", dense::run_f32),
        dense_f16: kernel("vcvtph2ps, fma", dense::run_f16),
        fixed_point: kernel("integers in the mantissa", fixed_point::run),
        codebook: kernel("vpermps", codebook::run),
        large_codebook: kernel("vpermi2ps, blended", codebook::run_large),
        ternary: kernel("sums of three in vpermi2ps", ternary::run),
        sparse: LinearKernel { prepare: sparse::prepare, ..kernel("vpermi2ps; lists", sparse::run) },
        block: kernel("broadcast x, 4 chains", block::run),
    }
}

/// The proof, in a kernel that only the table of [`kernels`] hands out.
fn proof() -> Avx512 {
    Avx512::detect().expect("invariant: the table of this tier was made with its proof")
}

/// What each kernel says when it is given another encoding's weights.
const WRONG: &str = "invariant: the plan gives each kernel its own encoding";

impl Tier for Avx512 {
    fn finish(self, sums: &[f32], scale: Option<&[f32]>, bias: &[f32], relu: bool, out: &mut [f32]) {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
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
