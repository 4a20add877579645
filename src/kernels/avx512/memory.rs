//! The loads and stores of this tier: the only places where its intrinsics touch memory, each a whole array by reference.
#![allow(unsafe_code)]

use super::Avx512;
use std::arch::x86_64::{
    __m128i, __m256i, __m512, __m512i, _mm_loadu_si128, _mm256_loadu_si256, _mm512_loadu_epi32, _mm512_loadu_ps, _mm512_storeu_ps,
};

// `self` proves the features that each intrinsic asks for; the comments say why its pointer is valid.
impl Avx512 {
    /// 16 floats.
    #[inline(always)]
    pub(super) fn load16(self, from: &[f32; 16]) -> __m512 {
        // SAFETY: a reference to 16 floats is valid for 64 bytes.
        unsafe { _mm512_loadu_ps(from.as_ptr()) }
    }

    /// 16 words.
    #[inline(always)]
    pub(super) fn load_u32(self, from: &[u32; 16]) -> __m512i {
        // SAFETY: a reference to 16 words is valid for 64 bytes.
        unsafe { _mm512_loadu_epi32(from.as_ptr().cast()) }
    }

    /// 16 half words.
    #[inline(always)]
    pub(super) fn load_u16(self, from: &[u16; 16]) -> __m256i {
        // SAFETY: a reference to 16 elements of 2 bytes is valid for 32 bytes.
        unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
    }

    /// 16 bytes.
    #[inline(always)]
    pub(super) fn load_u8(self, from: &[u8; 16]) -> __m128i {
        // SAFETY: a reference to 16 bytes is valid for 16 bytes.
        unsafe { _mm_loadu_si128(from.as_ptr().cast()) }
    }

    /// 16 floats.
    #[inline(always)]
    pub(super) fn store16(self, to: &mut [f32; 16], value: __m512) {
        // SAFETY: an exclusive reference to 16 floats is valid for writes of 64 bytes.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), value) }
    }
}
