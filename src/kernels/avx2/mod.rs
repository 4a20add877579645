//! x86-64 with AVX2, FMA and F16C: 8 lanes, two vectors for the 16 rows of a stored one.

mod block;
mod codebook;
mod lists;
mod memory;
mod operations;
mod ternary;
mod vectors;

use super::class_f::{
    dense::{F16Kernel, F32Kernel},
    fixed_point::FixedPointKernel,
};
use super::direct::{DirectKernel, On};
use super::segments::SEGMENTS;
use super::simd::{Rows, token};
use super::{Isa, Kernels, LinearKernel};
use crate::encoding::tiles::LANES;
use std::arch::x86_64::__m256;

token!(
    /// Proof that the processor has AVX2, FMA and F16C.
    Avx2(()) = Some(()), "avx2" "fma" "f16c"
);

/// The kernels of this tier; those of the tier below where it has none.
pub(super) fn kernels(avx2: Avx2, below: Kernels) -> Kernels {
    const ISA: Isa = Isa::Avx2;
    let mut kernels = Kernels { isa: ISA, ..below };
    kernels.dense_f32 = LinearKernel::new(ISA, "fma, 8 chains", F32Kernel(avx2));
    kernels.dense_f16 = LinearKernel::new(ISA, "vcvtph2ps, fma", F16Kernel(avx2));
    kernels.fixed_point = LinearKernel::new(ISA, "integers in the mantissa, expanded", FixedPointKernel(avx2));
    kernels.codebook = LinearKernel::new(ISA, "vpermilps, vpermps or vpshufb, expanded", codebook::CodebookKernel(avx2));
    kernels.large_codebook = LinearKernel::new(ISA, "looked up one by one, expanded", codebook::LargeCodebookKernel(avx2));
    kernels.ternary = LinearKernel::new(ISA, "product tables in vpermilps", ternary::TernaryKernel(avx2));
    kernels.slots = LinearKernel::new(ISA, "lists of two rows, 8 chains", lists::ListKernel(avx2));
    kernels.lists = LinearKernel::new(ISA, "lists of two rows, 8 chains", lists::ListKernel(avx2));
    kernels.block8 = LinearKernel::new(ISA, "broadcast x, 4 chains", block::BlockKernel(avx2));
    kernels.block16 = LinearKernel::new(ISA, "broadcast x, 4 chains", block::BlockKernel(avx2));
    kernels.direct = Some(DirectKernel::new(ISA, "positions in lanes, zeros skipped", On(avx2)));
    kernels
}

/// Lanes of a vector: half the rows of a stored one.
const HALF: usize = LANES / 2;

/// The lower (0) or upper (1) 8 of 16 rows.
#[inline(always)]
fn half<T>(rows: &Rows<T>, which: usize) -> &[T; HALF] {
    &rows.as_chunks().0[which]
}

impl Avx2 {
    /// The sum of four chains, in their order.
    #[inline(always)]
    fn total(self, [c0, c1, c2, c3]: [__m256; SEGMENTS]) -> __m256 {
        self.add(self.add(self.add(c0, c1), c2), c3)
    }
}
