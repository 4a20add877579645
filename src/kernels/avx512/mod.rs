//! x86-64 with AVX-512 F, BW, DQ, VL, VBMI and VNNI: 16 lanes, one vector for the 16 rows of a stored one.

mod block;
mod codebook;
mod memory;
mod operations;
mod slots;
mod ternary;
mod vectors;

use super::avx2::Avx2;
use super::class_f::{
    dense::{F16Kernel, F32Kernel},
    fixed_point::FixedPointKernel,
};
use super::segments::SEGMENTS;
use super::simd::token;
use super::{Isa, Kernels, LinearKernel};
use std::arch::x86_64::__m512;

token!(
    /// Proof that the processor has AVX-512 F, BW, DQ, VL, VBMI and VNNI, and what AVX2's token proves.
    ///
    /// Few intrinsics need VL, BW and DQ: without their names LLVM leaves half of the registers alone.
    Avx512(Avx2) = Avx2::detect(), "avx512f" "avx512bw" "avx512dq" "avx512vl" "avx512vbmi" "avx512vnni"
);

/// The kernels of this tier. Blocks of 8 rows are half of a vector, and lists have no slots to permute: they are those of the tier below.
pub(super) fn kernels(avx512: Avx512, below: Kernels) -> Kernels {
    const ISA: Isa = Isa::Avx512;
    let mut kernels = Kernels { isa: ISA, ..below };
    kernels.dense_f32 = LinearKernel::new(ISA, "fma, 8 chains", F32Kernel(avx512));
    kernels.dense_f16 = LinearKernel::new(ISA, "vcvtph2ps, fma", F16Kernel(avx512));
    kernels.fixed_point = LinearKernel::new(ISA, "integers in the mantissa", FixedPointKernel(avx512));
    kernels.codebook = LinearKernel::new(ISA, "vpermps", codebook::CodebookKernel(avx512));
    kernels.large_codebook = LinearKernel::new(ISA, "vpermi2ps, blended", codebook::LargeCodebookKernel(avx512));
    kernels.ternary = LinearKernel::new(ISA, "sums of three in vpermi2ps", ternary::TernaryKernel(avx512));
    kernels.slots = LinearKernel::new(ISA, "vpermi2ps; lists", slots::SlotKernel(avx512));
    kernels.block16 = LinearKernel::new(ISA, "broadcast x, 4 chains", block::BlockKernel(avx512));
    kernels
}

impl Avx512 {
    /// The proof of the tier below.
    pub(super) fn avx2(self) -> Avx2 {
        self.0
    }

    /// The sum of four chains, in their order.
    #[inline(always)]
    fn total(self, [c0, c1, c2, c3]: [__m512; SEGMENTS]) -> __m512 {
        self.add(self.add(self.add(c0, c1), c2), c3)
    }
}
