//! Fixed point: integers of `BITS` bits.
//!
//! A field `u` is the integer `(u ^ s) - s` for the sign bit `s`. Put under the exponent of 2^23, `u ^ s` is the float `2^23 + (u ^ s)`; one
//! exact subtraction of `2^23 + s` leaves the integer. So: `vpternlogd` (mask, flip the sign bit, set the exponent), sub, shift to
//! the next field.
#![allow(unsafe_code)] // a function that needs this tier's features

use super::WRONG;
use super::packed::{self, Decode};
use crate::encoding::Weights;
use crate::kernels::LinearCall;
use std::arch::x86_64::{
    __m512, __m512i, _mm512_castsi512_ps, _mm512_set1_epi32, _mm512_set1_ps, _mm512_srli_epi32, _mm512_sub_ps,
    _mm512_ternarylogic_epi32,
};

/// The bits of 2^23: the float whose unit in the last place is 1.
const TWO_23: i32 = 0x4B00_0000;
/// `(a & b) ^ c`, as the truth table of `vpternlogd`.
const AND_XOR: i32 = (0xF0 & 0xCC) ^ 0xAA;

pub(super) fn run(weights: &Weights<'_>, _: &[u32], call: &mut LinearCall<'_>) {
    let Weights::FixedPoint(w) = *weights else { panic!("{WRONG}") };
    match w.bits() {
        2 => packed::linear(w.words(), &Integers::<1, 2>, call),
        3 => packed::linear(w.words(), &Integers::<2, 3>, call),
        4 => packed::linear(w.words(), &Integers::<3, 4>, call),
        5 => packed::linear(w.words(), &Integers::<4, 5>, call),
        6 => packed::linear(w.words(), &Integers::<5, 6>, call),
        7 => packed::linear(w.words(), &Integers::<6, 7>, call),
        _ => packed::linear(w.words(), &Integers::<7, 8>, call),
    }
}

/// `SIGN` is the place of the sign bit, `BITS - 1`.
#[derive(Clone, Copy)]
struct Integers<const SIGN: i32, const BITS: u32>;

impl<const SIGN: i32, const BITS: u32> Decode for Integers<SIGN, BITS> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
    unsafe fn decode(&self, words: __m512i) -> (__m512, __m512i) {
        let sign = 1 << SIGN;
        let mask = _mm512_set1_epi32(2 * sign - 1);
        let exponent = _mm512_set1_epi32(TWO_23 | sign);
        let offset = _mm512_set1_ps(f32::from_bits((TWO_23 | sign).cast_unsigned()));
        let float = _mm512_castsi512_ps(_mm512_ternarylogic_epi32::<AND_XOR>(words, mask, exponent));
        (_mm512_sub_ps(float, offset), _mm512_srli_epi32::<BITS>(words))
    }
}
