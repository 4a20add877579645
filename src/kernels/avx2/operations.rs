//! The operations of this tier on values, each one instruction.

use super::Avx2;
use crate::kernels::simd::operations;
use std::arch::x86_64::*;

operations!(Avx2:
    /// 8 zeros.
    zeros = _mm256_setzero_ps() -> __m256;
    /// 8 words of zeros.
    zeros_u32 = _mm256_setzero_si256() -> __m256i;
    /// `x` in 8 lanes.
    splat_f32 = _mm256_set1_ps(x: f32) -> __m256;
    /// `x` in 8 lanes.
    splat_u32 = _mm256_set1_epi32(x: i32) -> __m256i;
    /// `x` in 32 lanes.
    splat_u8 = _mm256_set1_epi8(x: i8) -> __m256i;
    /// `a + b`.
    add = _mm256_add_ps(a: __m256, b: __m256) -> __m256;
    /// `a * b`.
    multiply = _mm256_mul_ps(a: __m256, b: __m256) -> __m256;
    /// The greater of `a` and `b`; `b` where one is NaN or both are zero.
    max = _mm256_max_ps(a: __m256, b: __m256) -> __m256;
    /// The lesser of `a` and `b`; `b` where one is NaN or both are zero.
    min = _mm256_min_ps(a: __m256, b: __m256) -> __m256;
    /// All bits where the comparison `N` holds.
    compare = _mm256_cmp_ps::<N: i32>(a: __m256, b: __m256) -> __m256;
    /// The signs of the lanes, the lowest bit being the first.
    signs = _mm256_movemask_ps(a: __m256) -> i32;
    /// The bits of `a` that are set in `b`.
    and_f32 = _mm256_and_ps(a: __m256, b: __m256) -> __m256;
    /// `a - b`.
    sub = _mm256_sub_ps(a: __m256, b: __m256) -> __m256;
    /// `a * b + c`, rounded once.
    multiply_add = _mm256_fmadd_ps(a: __m256, b: __m256, c: __m256) -> __m256;
    /// 16-bit floats as 32-bit floats.
    widen_f16 = _mm256_cvtph_ps(a: __m128i) -> __m256;
    /// Bytes as words.
    widen_u8 = _mm256_cvtepu8_epi32(a: __m128i) -> __m256i;
    /// Integers as floats.
    to_f32 = _mm256_cvtepi32_ps(a: __m256i) -> __m256;
    /// `a + b`.
    add_u32 = _mm256_add_epi32(a: __m256i, b: __m256i) -> __m256i;
    /// 16-bit integers as 32-bit integers.
    widen_u16 = _mm256_cvtepu16_epi32(a: __m128i) -> __m256i;
    /// The bits of floats, as they are.
    as_f32 = _mm256_castsi256_ps(a: __m256i) -> __m256;
    /// `a & b`.
    and = _mm256_and_si256(a: __m256i, b: __m256i) -> __m256i;
    /// `a ^ b`.
    xor = _mm256_xor_si256(a: __m256i, b: __m256i) -> __m256i;
    /// The lesser of unsigned words.
    min_u32 = _mm256_min_epu32(a: __m256i, b: __m256i) -> __m256i;
    /// Words shifted right by `N`.
    shift_right = _mm256_srli_epi32::<N: i32>(a: __m256i) -> __m256i;
    /// Each word shifted right by its own count.
    shift_right_each = _mm256_srlv_epi32(a: __m256i, counts: __m256i) -> __m256i;
    /// Half words shifted right by `N`.
    shift_right_u16 = _mm256_srli_epi16::<N: i32>(a: __m256i) -> __m256i;
    /// In each half of the vector: the float of `table` that the low 2 bits of a lane name.
    look_up4 = _mm256_permutevar_ps(table: __m256, indices: __m256i) -> __m256;
    /// The float of `table` that the low 3 bits of a lane name.
    look_up8 = _mm256_permutevar8x32_ps(table: __m256, indices: __m256i) -> __m256;
    /// In each half of the vector: the byte of `table` that the low 4 bits of a byte name.
    look_up_bytes = _mm256_shuffle_epi8(table: __m256i, indices: __m256i) -> __m256i;
    /// In each half of the vector: the lower bytes of both, in turn.
    interleave_low_u8 = _mm256_unpacklo_epi8(a: __m256i, b: __m256i) -> __m256i;
    /// In each half of the vector: the upper bytes of both, in turn.
    interleave_high_u8 = _mm256_unpackhi_epi8(a: __m256i, b: __m256i) -> __m256i;
    /// In each half of the vector: the lower half words of both, in turn.
    interleave_low_u16 = _mm256_unpacklo_epi16(a: __m256i, b: __m256i) -> __m256i;
    /// In each half of the vector: the upper half words of both, in turn.
    interleave_high_u16 = _mm256_unpackhi_epi16(a: __m256i, b: __m256i) -> __m256i;
    /// In each half of the vector: the lower floats of both, in turn.
    interleave_low = _mm256_unpacklo_ps(a: __m256, b: __m256) -> __m256;
    /// In each half of the vector: the upper floats of both, in turn.
    interleave_high = _mm256_unpackhi_ps(a: __m256, b: __m256) -> __m256;
    /// In each half of the vector: two floats of `a`, then two of `b`, which the bits of `N` name.
    pick = _mm256_shuffle_ps::<N: i32>(a: __m256, b: __m256) -> __m256;
    /// The pairs of floats in the order that the bits of `N` name.
    order_pairs_f64 = _mm256_permute4x64_pd::<N: i32>(a: __m256d) -> __m256d;
    /// The bits of floats, as they are.
    as_f64 = _mm256_castps_pd(a: __m256) -> __m256d;
    /// The bits of floats, as they are.
    as_f32_pairs = _mm256_castpd_ps(a: __m256d) -> __m256;
    /// Two halves of `a` and `b`, which the bits of `N` name.
    pick_halves = _mm256_permute2f128_ps::<N: i32>(a: __m256, b: __m256) -> __m256;
    /// The lower 4 floats.
    lower_f32 = _mm256_castps256_ps128(a: __m256) -> __m128;
    /// The lower 4 words.
    lower = _mm256_castsi256_si128(a: __m256i) -> __m128i;
    /// Half `N` of the words.
    half_of = _mm256_extracti128_si256::<N: i32>(a: __m256i) -> __m128i;
    /// The lower two words.
    lower_u64 = _mm_cvtsi128_si64(a: __m128i) -> i64;
    /// Pair `N` of words.
    pair_of = _mm_extract_epi64::<N: i32>(a: __m128i) -> i64;
    /// 4 floats in both halves of a vector.
    twice = _mm256_broadcast_ps(four: &__m128) -> __m256;
    /// 8 floats.
    vector_of = _mm256_setr_ps(a: f32, b: f32, c: f32, d: f32, e: f32, f: f32, g: f32, h: f32) -> __m256;
    /// 4 floats.
    four_of = _mm_setr_ps(a: f32, b: f32, c: f32, d: f32) -> __m128;
    /// `x` in 4 lanes.
    splat_four = _mm_set1_ps(x: f32) -> __m128;
    /// `a * b` in 4 lanes.
    multiply_four = _mm_mul_ps(a: __m128, b: __m128) -> __m128;
    /// The lanes of `b` that the bits of `N` name, the others of `a`.
    blend_four = _mm_blend_ps::<N: i32>(a: __m128, b: __m128) -> __m128;
);

impl Avx2 {
    /// The pairs of floats in the order that the bits of `N` name.
    #[inline(always)]
    pub(super) fn order_pairs<const N: i32>(self, a: __m256) -> __m256 {
        self.as_f32_pairs(self.order_pairs_f64::<N>(self.as_f64(a)))
    }
}
