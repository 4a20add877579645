//! The table of the tier.

use super::Avx2;
use super::codebook::{CodebookKernel, LargeCodebookKernel};
use super::lists::ListKernel;
use super::ternary::TernaryKernel;
use crate::kernels::class_f::{
    dense::{F16Kernel, F32Kernel},
    fixed_point::FixedPointKernel,
};
use crate::kernels::class_s::blocks::BlockKernel;
use crate::kernels::direct::{DirectKernel, On};
use crate::kernels::expanded::Expanded;
use crate::kernels::{Isa, Kernels, LinearKernel, ValueKernel};

/// The kernels of this tier; those of the tier below where it has none.
pub(in crate::kernels) fn kernels(avx2: Avx2, below: Kernels) -> Kernels {
    const ISA: Isa = Isa::Avx2;
    let mut kernels = Kernels { isa: ISA, ..below };
    kernels.dense_f32 = LinearKernel::new(ISA, "fma, 8 chains", Expanded(avx2, F32Kernel(avx2)));
    kernels.dense_f16 = LinearKernel::new(ISA, "vcvtph2ps, fma", Expanded(avx2, F16Kernel(avx2)));
    kernels.fixed_point = LinearKernel::new(ISA, "integers in the mantissa", Expanded(avx2, FixedPointKernel(avx2)));
    kernels.codebook = LinearKernel::new(ISA, "vpermilps, vpermps or vpshufb", Expanded(avx2, CodebookKernel(avx2)));
    kernels.large_codebook = LinearKernel::new(ISA, "looked up one by one", Expanded(avx2, LargeCodebookKernel(avx2)));
    kernels.ternary = LinearKernel::new(ISA, "product tables in vpermilps", TernaryKernel(avx2));
    kernels.slots = LinearKernel::new(ISA, "lists, 8 rows in the lanes", Expanded(avx2, ListKernel(avx2)));
    kernels.lists = LinearKernel::new(ISA, "lists, 8 rows in the lanes", Expanded(avx2, ListKernel(avx2)));
    kernels.block8 = LinearKernel::new(ISA, "broadcast x, 4 strips", Expanded(avx2, BlockKernel::<_, 1>(avx2)));
    kernels.block16 = LinearKernel::new(ISA, "broadcast x, 4 strips", Expanded(avx2, BlockKernel::<_, 2>(avx2)));
    kernels.values = Some(ValueKernel::new(avx2));
    kernels.direct = Some(DirectKernel::new(ISA, "positions in lanes, zeros skipped", On(avx2)));
    kernels
}
