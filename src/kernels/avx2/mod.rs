//! x86-64 with AVX2, FMA and F16C: 8 lanes, two vectors for the 16 rows of a stored one.

use super::isa::Avx2;
use super::{Isa, Kernels};

pub(super) fn kernels(_: Avx2, below: Kernels) -> Kernels {
    Kernels { isa: Isa::Avx2, ..below }
}
