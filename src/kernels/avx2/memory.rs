//! The loads and stores of this tier: the only places where its intrinsics touch memory, each a whole array by reference.
#![allow(unsafe_code)]

use super::Avx2;
use super::halves::HALF;
use std::arch::x86_64::{
    __m128, __m128i, __m256, __m256i, _mm_loadl_epi64, _mm_loadu_ps, _mm_loadu_si128, _mm_storeu_ps, _mm256_i32gather_ps,
    _mm256_loadu_ps, _mm256_loadu_si256, _mm256_storeu_ps, _mm256_storeu_si256,
};

// `self` proves the features that each intrinsic asks for; the comments say why its pointer is valid.
impl Avx2 {
    /// 8 floats.
    #[inline(always)]
    pub(super) fn load8(self, from: &[f32; HALF]) -> __m256 {
        // SAFETY: a reference to 8 floats is valid for 32 bytes.
        unsafe { _mm256_loadu_ps(from.as_ptr()) }
    }

    /// 8 words.
    #[inline(always)]
    pub(super) fn load_u32(self, from: &[u32; HALF]) -> __m256i {
        // SAFETY: a reference to 8 words is valid for 32 bytes.
        unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
    }

    /// 8 half words.
    #[inline(always)]
    pub(super) fn load_u16(self, from: &[u16; HALF]) -> __m128i {
        // SAFETY: a reference to 8 elements of 2 bytes is valid for 16 bytes.
        unsafe { _mm_loadu_si128(from.as_ptr().cast()) }
    }

    /// 8 bytes, in the lower half of the vector.
    #[inline(always)]
    pub(super) fn load_bytes(self, from: &[u8; HALF]) -> __m128i {
        // SAFETY: a reference to 8 bytes is valid for 8 bytes.
        unsafe { _mm_loadl_epi64(from.as_ptr().cast()) }
    }

    /// 32 bytes.
    #[inline(always)]
    pub(super) fn load_u8(self, from: &[u8; 32]) -> __m256i {
        // SAFETY: a reference to 32 bytes is valid for 32 bytes.
        unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
    }

    /// 4 floats, in both halves of the vector.
    #[inline(always)]
    pub(super) fn load_twice(self, from: &[f32; 4]) -> __m256 {
        // SAFETY: a reference to 4 floats is valid for 16 bytes.
        let four = unsafe { _mm_loadu_ps(from.as_ptr()) };
        self.twice(&four)
    }

    /// 8 floats.
    #[inline(always)]
    pub(super) fn store8(self, to: &mut [f32; HALF], value: __m256) {
        // SAFETY: an exclusive reference to 8 floats is valid for writes of 32 bytes.
        unsafe { _mm256_storeu_ps(to.as_mut_ptr(), value) }
    }

    /// 8 words.
    #[inline(always)]
    pub(super) fn store_u32(self, to: &mut [u32; HALF], value: __m256i) {
        // SAFETY: an exclusive reference to 8 words is valid for writes of 32 bytes.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), value) }
    }

    /// 4 floats.
    #[inline(always)]
    pub(super) fn store_four(self, to: &mut [f32; 4], value: __m128) {
        // SAFETY: an exclusive reference to 4 floats is valid for writes of 16 bytes.
        unsafe { _mm_storeu_ps(to.as_mut_ptr(), value) }
    }

    /// The floats that the low 8 bits of each lane name; the other bits do not count.
    #[inline(always)]
    pub(super) fn gather(self, from: &[f32; 256], indices: __m256i) -> __m256 {
        let indices = self.and(indices, self.splat_u32(255));
        // SAFETY: the line above leaves indices of 0 to 255, in an array of 256.
        unsafe { _mm256_i32gather_ps::<4>(from.as_ptr(), indices) }
    }
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
    /// The activations of a layer of `cols` columns.
    pub(super) fn new(x: &'a [f32], cols: usize) -> Self {
        let last = u32::try_from(cols).expect("invariant: a layer has fewer than 2^32 columns");
        assert!(cols < x.len(), "zeros follow the activations");
        Self { x, last }
    }

    /// The activations of 8 columns; a column past the last reads the zero after it.
    #[inline(always)]
    pub(super) fn at(self, avx2: Avx2, columns: __m256i) -> __m256 {
        let columns = avx2.min_u32(columns, avx2.splat_u32(self.last.cast_signed()));
        let (low, high) = (avx2.lower(columns), avx2.half_of::<1>(columns));
        let pairs = [avx2.lower_u64(low), avx2.pair_of::<1>(low), avx2.lower_u64(high), avx2.pair_of::<1>(high)];
        let at = |i: usize| {
            let column = pairs[i / 2].cast_unsigned() >> (32 * (i % 2)) & 0xFFFF_FFFF;
            // SAFETY: the minimum above is at most `last`, an index by (I1).
            unsafe { *self.x.get_unchecked(column as usize) }
        };
        avx2.vector_of(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7))
    }
}
