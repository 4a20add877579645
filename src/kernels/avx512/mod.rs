//! x86-64 with AVX-512 F, BW, DQ, VL, VBMI and VNNI: 16 lanes, one vector for the 16 rows of a stored one.

use super::isa::Avx512;
use super::{Isa, Kernels};

pub(super) fn kernels(_: Avx512, below: Kernels) -> Kernels {
    Kernels { isa: Isa::Avx512, ..below }
}
