//! The token of the tier, and the only list of its features.

use crate::kernels::simd::token;

token!(
    /// Proof that the processor has AVX2, FMA and F16C.
    Avx2(()) = Some(()), "avx2" "fma" "f16c"
);
