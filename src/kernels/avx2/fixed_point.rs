//! Fixed point: integers of `BITS` bits.
//!
//! A field `u` is the integer `(u ^ s) - s` for the sign bit `s`. Put under the exponent of 2^23, `u ^ s` is the float `2^23 + (u ^ s)`; one
//! exact subtraction of `2^23 + s` leaves the integer. So: and, xor (which also sets the exponent), sub, shift to the next field.
#![allow(unsafe_code)] // a function that needs this tier's features

use super::WRONG;
use super::packed::{self, Decode};
use crate::encoding::Weights;
use crate::kernels::LinearCall;
use std::arch::x86_64::{
    __m256, __m256i, _mm256_and_si256, _mm256_castsi256_ps, _mm256_set1_epi32, _mm256_set1_ps, _mm256_srli_epi32, _mm256_sub_ps,
    _mm256_xor_si256,
};

/// The bits of 2^23: the float whose unit in the last place is 1.
const TWO_23: i32 = 0x4B00_0000;

pub(super) fn run(weights: &Weights<'_>, _: &[u32], call: &mut LinearCall<'_>) {
    let Weights::FixedPoint(w) = *weights else { panic!("{WRONG}") };
    match w.bits() {
        2 => packed::linear(w.words(), &Integers::<2>, call),
        3 => packed::linear(w.words(), &Integers::<3>, call),
        4 => packed::linear(w.words(), &Integers::<4>, call),
        5 => packed::linear(w.words(), &Integers::<5>, call),
        6 => packed::linear(w.words(), &Integers::<6>, call),
        7 => packed::linear(w.words(), &Integers::<7>, call),
        _ => packed::linear(w.words(), &Integers::<8>, call),
    }
}

#[derive(Clone, Copy)]
struct Integers<const BITS: i32>;

impl<const BITS: i32> Decode<1> for Integers<BITS> {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn decode(&self, words: __m256i) -> ([__m256; 1], __m256i) {
        let sign = 1 << (BITS - 1);
        let mask = _mm256_set1_epi32(2 * sign - 1);
        let exponent = _mm256_set1_epi32(TWO_23 | sign);
        let offset = _mm256_set1_ps(f32::from_bits((TWO_23 | sign).cast_unsigned()));
        let float = _mm256_castsi256_ps(_mm256_xor_si256(_mm256_and_si256(words, mask), exponent));
        ([_mm256_sub_ps(float, offset)], _mm256_srli_epi32::<BITS>(words))
    }
}
