//! The operations of this tier on values, each one instruction.

use super::Avx512;
use crate::kernels::simd::operations;
use std::arch::x86_64::*;

operations!(Avx512:
    /// 16 zeros.
    zeros = _mm512_setzero_ps() -> __m512;
    /// 16 words of zeros.
    zeros_u32 = _mm512_setzero_si512() -> __m512i;
    /// `x` in 16 lanes.
    splat_f32 = _mm512_set1_ps(x: f32) -> __m512;
    /// `x` in 16 lanes.
    splat_u32 = _mm512_set1_epi32(x: i32) -> __m512i;
    /// `a + b`.
    add = _mm512_add_ps(a: __m512, b: __m512) -> __m512;
    /// `a * b`.
    multiply = _mm512_mul_ps(a: __m512, b: __m512) -> __m512;
    /// The greater of `a` and `b`; `b` where one is NaN or both are zero.
    max = _mm512_max_ps(a: __m512, b: __m512) -> __m512;
    /// The lesser of `a` and `b`; `b` where one is NaN or both are zero.
    min = _mm512_min_ps(a: __m512, b: __m512) -> __m512;
    /// The lanes in which the comparison `N` holds.
    compare = _mm512_cmp_ps_mask::<N: i32>(a: __m512, b: __m512) -> __mmask16;
    /// `a` in the lanes that `mask` names, +0 in the others.
    or_zero = _mm512_maskz_mov_ps(mask: __mmask16, a: __m512) -> __m512;
    /// `a - b`.
    sub = _mm512_sub_ps(a: __m512, b: __m512) -> __m512;
    /// `a * b` in the lanes that `mask` names, +0 in the others.
    multiply_or_zero = _mm512_maskz_mul_ps(mask: __mmask16, a: __m512, b: __m512) -> __m512;
    /// `a * b + c`, rounded once.
    multiply_add = _mm512_fmadd_ps(a: __m512, b: __m512, c: __m512) -> __m512;
    /// 16-bit floats as 32-bit floats.
    widen_f16 = _mm512_cvtph_ps(a: __m256i) -> __m512;
    /// Bytes as words.
    widen_u8 = _mm512_cvtepu8_epi32(a: __m128i) -> __m512i;
    /// Integers as floats.
    to_f32 = _mm512_cvtepi32_ps(a: __m512i) -> __m512;
    /// The bits of floats, as they are.
    as_f32 = _mm512_castsi512_ps(a: __m512i) -> __m512;
    /// A function of three bits, whose truth table is `N`.
    combine = _mm512_ternarylogic_epi32::<N: i32>(a: __m512i, b: __m512i, c: __m512i) -> __m512i;
    /// Words shifted left by `N`.
    shift_left = _mm512_slli_epi32::<N: u32>(a: __m512i) -> __m512i;
    /// Words shifted right by `N`.
    shift_right = _mm512_srli_epi32::<N: u32>(a: __m512i) -> __m512i;
    /// Each word shifted right by its own count.
    shift_right_each = _mm512_srlv_epi32(a: __m512i, counts: __m512i) -> __m512i;
    /// Integers shifted right by `N`.
    shift_right_signed = _mm512_srai_epi32::<N: u32>(a: __m512i) -> __m512i;
    /// The float of `table` that the low 4 bits of a lane name.
    look_up16 = _mm512_permutexvar_ps(indices: __m512i, table: __m512) -> __m512;
    /// The float of `low`, then `high` that the low 5 bits of a lane name.
    look_up32 = _mm512_permutex2var_ps(low: __m512, indices: __m512i, high: __m512) -> __m512;
    /// The lanes in which `a` and `b` share a bit.
    share_bits = _mm512_test_epi32_mask(a: __m512i, b: __m512i) -> __mmask16;
    /// The lanes of `b` that `mask` names, the others of `a`.
    blend = _mm512_mask_blend_ps(mask: __mmask16, a: __m512, b: __m512) -> __m512;
);
