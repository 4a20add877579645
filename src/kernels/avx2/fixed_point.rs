//! Fixed point: integers of `BITS` bits, expanded to floats.
//!
//! A field `u` is the integer `(u ^ s) - s` for the sign bit `s`. Put under the exponent of 2^23, `u ^ s` is the float `2^23 + (u ^ s)`; one
//! exact subtraction of `2^23 + s` leaves the integer. So: and, xor (which also sets the exponent), sub, shift to the next field.
#![allow(unsafe_code)] // one call into a function of this tier

use super::chains::{half, half_mut};
use super::memory::{load_words, store};
use super::{WRONG, proof};
use crate::encoding::Weights;
use crate::encoding::fixed_point::FixedPoint;
use crate::kernels::LinearCall;
use crate::kernels::panels::{self, Packed, Rows};
use std::arch::x86_64::{
    _mm256_and_si256, _mm256_castsi256_ps, _mm256_set1_epi32, _mm256_set1_ps, _mm256_srli_epi32, _mm256_sub_ps, _mm256_xor_si256,
};

/// The bits of 2^23: the float whose unit in the last place is 1.
const TWO_23: i32 = 0x4B00_0000;

pub(super) fn run(weights: &Weights<'_>, _: &[u32], call: &mut LinearCall<'_>) {
    let Weights::FixedPoint(w) = *weights else { panic!("{WRONG}") };
    match w.bits() {
        2 => with::<2>(w, call),
        3 => with::<3>(w, call),
        4 => with::<4>(w, call),
        5 => with::<5>(w, call),
        6 => with::<6>(w, call),
        7 => with::<7>(w, call),
        _ => with::<8>(w, call),
    }
}

fn with<const BITS: i32>(w: FixedPoint<'_>, call: &mut LinearCall<'_>) {
    let isa = proof();
    let expand = |words: &[Rows<u32>], from: usize, out: &mut [Rows<f32>], to: usize| {
        // SAFETY: `isa` proves the features.
        unsafe { expand::<BITS>(words, from, out, to) }
    };
    panels::linear(isa, &Packed { words: w.words(), expand }, call);
}

#[target_feature(enable = "avx2,fma,f16c")]
fn expand<const BITS: i32>(words: &[Rows<u32>], from: usize, out: &mut [Rows<f32>], to: usize) {
    let sign = 1 << (BITS - 1);
    let mask = _mm256_set1_epi32(2 * sign - 1);
    let exponent = _mm256_set1_epi32(TWO_23 | sign);
    let offset = _mm256_set1_ps(f32::from_bits((TWO_23 | sign).cast_unsigned()));
    let fields = 32 / BITS as usize;
    for (words, out) in words.chunks(from).zip(out.chunks_mut(fields * to)) {
        for h in 0..2 {
            let mut word = load_words(half(&words[0], h));
            for column in out.chunks_mut(to) {
                let float = _mm256_castsi256_ps(_mm256_xor_si256(_mm256_and_si256(word, mask), exponent));
                store(half_mut(&mut column[0], h), _mm256_sub_ps(float, offset));
                word = _mm256_srli_epi32::<BITS>(word);
            }
        }
    }
}
