//! The table of the tier.

use super::Avx512;
use super::codebook::{CodebookKernel, LargeCodebookKernel};
use super::slots::SlotKernel;
use super::ternary::TernaryKernel;
use crate::kernels::avx2::ListKernel;
use crate::kernels::class_f::{
    dense::{F16Kernel, F32Kernel},
    fixed_point::FixedPointKernel,
};
use crate::kernels::class_s::blocks::BlockKernel;
use crate::kernels::expanded::Expanded;
use crate::kernels::{Isa, Kernels, LinearKernel};

/// The kernels of this tier. Blocks of 8 rows are half of a vector: theirs is that of the tier below. Lists are too, where they are not expanded.
pub(in crate::kernels) fn kernels(avx512: Avx512, below: Kernels) -> Kernels {
    const ISA: Isa = Isa::Avx512;
    let mut kernels = Kernels { isa: ISA, ..below };
    kernels.dense_f32 = LinearKernel::new(ISA, "fma, 8 chains", Expanded(avx512, F32Kernel(avx512)));
    kernels.dense_f16 = LinearKernel::new(ISA, "vcvtph2ps, fma", Expanded(avx512, F16Kernel(avx512)));
    kernels.fixed_point = LinearKernel::new(ISA, "integers in the mantissa", Expanded(avx512, FixedPointKernel(avx512)));
    kernels.codebook = LinearKernel::new(ISA, "vpermps", Expanded(avx512, CodebookKernel(avx512)));
    kernels.large_codebook = LinearKernel::new(ISA, "vpermi2ps, blended", Expanded(avx512, LargeCodebookKernel(avx512)));
    kernels.ternary = LinearKernel::new(ISA, "sums of three in vpermi2ps", TernaryKernel(avx512));
    kernels.slots = LinearKernel::new(ISA, "vpermi2ps; lists", Expanded(avx512, SlotKernel(avx512)));
    kernels.lists = LinearKernel::new(ISA, "lists, 8 rows in the lanes", Expanded(avx512, ListKernel(avx512.avx2())));
    kernels.block16 = LinearKernel::new(ISA, "broadcast x, 4 strips", Expanded(avx512, BlockKernel::<_, 1>(avx512)));
    kernels
}
