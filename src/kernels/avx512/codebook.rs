//! Codebook: indices of 1 to 8 bits.
//!
//! Up to 16 levels are one register: `vpermps` reads the 4 low bits of each lane, and a table that is repeated to 16 entries makes the bits above a
//! shorter index harmless. More levels are 1, 2, 4 or 8 pairs of registers: `vpermi2ps` looks the 5 low bits up in each pair, the
//! bits above choose among the pairs. All tables stay in registers.
#![allow(unsafe_code)] // functions that need this tier's features

use super::WRONG;
use super::memory::load;
use super::packed::{self, Decode};
use crate::encoding::Weights;
use crate::encoding::codebook::Codebook;
use crate::kernels::LinearCall;
use std::arch::x86_64::{
    __m512, __m512i, _mm512_mask_blend_ps, _mm512_permutex2var_ps, _mm512_permutexvar_ps, _mm512_set1_epi32, _mm512_setzero_ps,
    _mm512_srli_epi32, _mm512_test_epi32_mask,
};

/// Up to 16 levels.
pub(super) fn run(weights: &Weights<'_>, _: &[u32], call: &mut LinearCall<'_>) {
    let Weights::Codebook(w) = *weights else { panic!("{WRONG}") };
    match w.words().layout().field_bits() {
        1 => packed::linear(w.words(), &Permute::<1>(table(w)), call),
        2 => packed::linear(w.words(), &Permute::<2>(table(w)), call),
        3 => packed::linear(w.words(), &Permute::<3>(table(w)), call),
        _ => packed::linear(w.words(), &Permute::<4>(table(w)), call),
    }
}

/// 17 to 256 levels.
pub(super) fn run_large(weights: &Weights<'_>, _: &[u32], call: &mut LinearCall<'_>) {
    let Weights::Codebook(w) = *weights else { panic!("{WRONG}") };
    match w.words().layout().field_bits() {
        5 => packed::linear(w.words(), &Pairs::<5, 1, 2>(table(w)), call),
        6 => packed::linear(w.words(), &Pairs::<6, 2, 4>(table(w)), call),
        7 => packed::linear(w.words(), &Pairs::<7, 4, 8>(table(w)), call),
        _ => packed::linear(w.words(), &Pairs::<8, 8, 16>(table(w)), call),
    }
}

/// The levels, repeated to fill `N` registers.
fn table<const N: usize>(w: Codebook<'_>) -> [[f32; 16]; N] {
    let mut table = [[0.0; 16]; N];
    let parts = table.as_flattened_mut().chunks_exact_mut(w.table().len());
    parts.for_each(|part| part.copy_from_slice(w.table()));
    table
}

/// Up to 16 levels.
#[derive(Clone, Copy)]
struct Permute<const BITS: u32>([[f32; 16]; 1]);

impl<const BITS: u32> Decode for Permute<BITS> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
    unsafe fn decode(&self, words: __m512i) -> (__m512, __m512i) {
        (_mm512_permutexvar_ps(words, load(&self.0[0])), _mm512_srli_epi32::<BITS>(words))
    }
}

/// `32 * PAIRS` levels, in twice as many registers.
#[derive(Clone, Copy)]
struct Pairs<const BITS: u32, const PAIRS: usize, const REGISTERS: usize>([[f32; 16]; REGISTERS]);

impl<const BITS: u32, const PAIRS: usize, const REGISTERS: usize> Decode for Pairs<BITS, PAIRS, REGISTERS> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
    unsafe fn decode(&self, words: __m512i) -> (__m512, __m512i) {
        let mut levels = [_mm512_setzero_ps(); PAIRS];
        for (levels, [low, high]) in levels.iter_mut().zip(self.0.as_chunks().0) {
            *levels = _mm512_permutex2var_ps(load(low), words, load(high));
        }
        let (mut left, mut bit) = (PAIRS, 32);
        while left > 1 {
            let upper = _mm512_test_epi32_mask(words, _mm512_set1_epi32(bit));
            for i in 0..left / 2 {
                levels[i] = _mm512_mask_blend_ps(upper, levels[2 * i], levels[2 * i + 1]);
            }
            (left, bit) = (left / 2, 2 * bit);
        }
        (levels[0], _mm512_srli_epi32::<BITS>(words))
    }
}
