//! The loads and stores of this tier: the only places where its intrinsics touch memory, each a whole array by reference.
#![allow(unsafe_code)]

use crate::encoding::tiles::LANES;
use crate::kernels::panels::Rows;
use std::arch::x86_64::{
    __m128, __m128i, __m256, __m256i, _mm_loadu_ps, _mm_loadu_si128, _mm_storeu_ps, _mm256_and_si256, _mm256_broadcast_ps,
    _mm256_i32gather_ps, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_set1_epi32, _mm256_storeu_ps,
};

/// Lanes of a vector of this tier: half the rows of a stored one.
pub(super) const HALF: usize = LANES / 2;

/// 8 floats.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn load(from: &[f32; 8]) -> __m256 {
    // SAFETY: a reference to 8 floats is valid for 32 bytes.
    unsafe { _mm256_loadu_ps(from.as_ptr()) }
}

/// 8 words.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn load_words(from: &[u32; 8]) -> __m256i {
    // SAFETY: a reference to 8 words is valid for 32 bytes.
    unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
}

/// 32 bytes.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn load_bytes(from: &[u8; 32]) -> __m256i {
    // SAFETY: a reference to 32 bytes is valid for 32 bytes.
    unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
}

/// 8 halves of a word.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn load_halves(from: &[u16; 8]) -> __m128i {
    // SAFETY: a reference to 8 elements of 2 bytes is valid for 16 bytes.
    unsafe { _mm_loadu_si128(from.as_ptr().cast()) }
}

/// 4 floats.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn store_four(to: &mut [f32; 4], value: __m128) {
    // SAFETY: an exclusive reference to 4 floats is valid for writes of 16 bytes.
    unsafe { _mm_storeu_ps(to.as_mut_ptr(), value) }
}

/// 4 floats, in both halves of the vector.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn load_twice(from: &[f32; 4]) -> __m256 {
    // SAFETY: a reference to 4 floats is valid for 16 bytes.
    let four = unsafe { _mm_loadu_ps(from.as_ptr()) };
    _mm256_broadcast_ps(&four)
}

/// 8 floats.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn store(to: &mut [f32; 8], value: __m256) {
    // SAFETY: an exclusive reference to 8 floats is valid for writes of 32 bytes.
    unsafe { _mm256_storeu_ps(to.as_mut_ptr(), value) }
}

/// The floats that the low 8 bits of each lane name; the other bits do not count.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn gather(from: &[f32; 256], indices: __m256i) -> __m256 {
    let indices = _mm256_and_si256(indices, _mm256_set1_epi32(255));
    // SAFETY: the line above leaves indices of 0 to 255, in an array of 256.
    unsafe { _mm256_i32gather_ps::<4>(from.as_ptr(), indices) }
}

/// The lower (0) or upper (1) 8 of 16 rows.
#[inline(always)]
pub(super) fn half<T>(rows: &Rows<T>, which: usize) -> &[T; HALF] {
    &rows.as_chunks().0[which]
}

/// As [`half`], to be written.
#[inline(always)]
pub(super) fn half_mut<T>(rows: &mut Rows<T>, which: usize) -> &mut [T; HALF] {
    &mut rows.as_chunks_mut().0[which]
}
