//! The loads and stores of this tier: the only places where its intrinsics touch memory, each a whole array by reference.
#![allow(unsafe_code)]

use crate::encoding::tiles::LANES;
use crate::kernels::panels::Rows;
use std::arch::x86_64::{
    __m128, __m128i, __m256, __m256i, _mm_cvtsi128_si64, _mm_extract_epi64, _mm_loadu_ps, _mm_loadu_si128, _mm_storeu_ps,
    _mm256_and_si256, _mm256_broadcast_ps, _mm256_castsi256_si128, _mm256_cvtepu16_epi32, _mm256_extracti128_si256,
    _mm256_i32gather_ps, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_min_epu32, _mm256_set1_epi32, _mm256_setr_ps,
    _mm256_storeu_ps,
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

/// 8 columns of 16 bits.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn load_columns(from: &[u16; 8]) -> __m256i {
    _mm256_cvtepu16_epi32(load_halves(from))
}

/// 8 columns of 32 bits.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn load_wide_columns(from: &[u32; 8]) -> __m256i {
    load_words(from)
}

/// The activations of a sample, and the one after the last, which is zero.
///
/// Invariant: (I1) `last < x.len()`.
#[derive(Clone, Copy)]
pub(super) struct Activations<'a> {
    x: &'a [f32],
    last: u32,
}

impl<'a> Activations<'a> {
    /// Of a layer of `cols` columns.
    pub(super) fn new(x: &'a [f32], cols: usize) -> Self {
        let last = u32::try_from(cols).expect("invariant: a layer has fewer than 2^32 columns");
        assert!(cols < x.len(), "zeros follow the activations");
        Self { x, last }
    }

    /// The activations of 8 columns; a column past the last reads the zero after it.
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    pub(super) fn at(self, columns: __m256i) -> __m256 {
        let columns = _mm256_min_epu32(columns, _mm256_set1_epi32(self.last.cast_signed()));
        let (low, high) = (_mm256_castsi256_si128(columns), _mm256_extracti128_si256::<1>(columns));
        let pairs = [_mm_cvtsi128_si64(low), _mm_extract_epi64::<1>(low), _mm_cvtsi128_si64(high), _mm_extract_epi64::<1>(high)];
        let at = |i: usize| {
            let column = pairs[i / 2].cast_unsigned() >> (32 * (i % 2)) & 0xFFFF_FFFF;
            // SAFETY: the minimum above is at most `last`, an index by (I1).
            unsafe { *self.x.get_unchecked(column as usize) }
        };
        _mm256_setr_ps(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7))
    }
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
