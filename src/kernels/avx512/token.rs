//! The token of the tier, and the only list of its features.

use crate::kernels::avx2::Avx2;
use crate::kernels::simd::token;

token!(
    /// Proof that the processor has AVX-512 F, BW, DQ, VL, VBMI and VNNI, and what AVX2's token proves.
    ///
    /// Few intrinsics need VL, BW and DQ: without their names LLVM leaves half of the registers alone.
    Avx512(Avx2) = Avx2::detect(), "avx512f" "avx512bw" "avx512dq" "avx512vl" "avx512vbmi" "avx512vnni"
);

impl Avx512 {
    /// The proof of the tier below.
    pub(in crate::kernels) fn avx2(self) -> Avx2 {
        self.0
    }
}
