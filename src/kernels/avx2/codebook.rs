//! Codebook: indices of 1 to 8 bits, expanded to their levels.
//!
//! - up to 4 levels: `vpermilps` on a table repeated to 4 entries, which makes the second bit of a 1-bit index harmless;
//! - up to 8: `vpermps` on a table repeated to 8;
//! - up to 16: `vpermps` would take two lookups and a blend (a `vpermps` is 1.3 cycles on Zen 3). Bytes are faster: the 16 levels are four
//!   tables of 16 bytes, one per byte of the float. A word holds 8 indices; a 4 x 4 transpose of bytes brings the same byte of four
//!   rows together, `vpshufb` looks up 32 bytes at once, and interleaving the four results makes floats of 8 rows: 25 shuffles for 64
//!   weights;
//! - more: the levels are loaded one by one, from a table of 256 that no 8 bits leave (`vgatherdps` is no faster).
#![allow(unsafe_code)] // one call into a function of this tier per kernel

use super::chains::{half, half_mut};
use super::memory::{load, load_bytes, load_words, store};
use super::{WRONG, proof};
use crate::encoding::Weights;
use crate::encoding::codebook::Codebook;
use crate::kernels::LinearCall;
use crate::kernels::panels::{self, Packed, Rows};
use std::arch::x86_64::{
    __m256i, _mm256_and_si256, _mm256_castsi256_ps, _mm256_permutevar_ps, _mm256_permutevar8x32_ps, _mm256_set1_epi8,
    _mm256_shuffle_epi8, _mm256_srli_epi16, _mm256_srli_epi32, _mm256_unpackhi_epi8, _mm256_unpackhi_epi16, _mm256_unpacklo_epi8,
    _mm256_unpacklo_epi16,
};

/// The levels, repeated to fill `N` entries.
fn table<const N: usize>(w: Codebook<'_>) -> [f32; N] {
    std::array::from_fn(|i| w.table()[i % w.table().len()])
}

/// Up to 16 levels.
pub(super) fn run(weights: &Weights<'_>, _: &[u32], call: &mut LinearCall<'_>) {
    let Weights::Codebook(w) = *weights else { panic!("{WRONG}") };
    match w.words().layout().field_bits() {
        1 => with(w, call, &table(w), expand_permute::<1>),
        2 => with(w, call, &table(w), expand_permute::<2>),
        3 => with(w, call, &table(w), expand_permute::<3>),
        _ => with(w, call, &planes(&table(w)), expand_bytes),
    }
}

/// 17 to 256 levels.
pub(super) fn run_large(weights: &Weights<'_>, _: &[u32], call: &mut LinearCall<'_>) {
    let Weights::Codebook(w) = *weights else { panic!("{WRONG}") };
    let table: [f32; 256] = table(w);
    match w.words().layout().field_bits() {
        5 => with(w, call, &table, expand_large::<5>),
        6 => with(w, call, &table, expand_large::<6>),
        7 => with(w, call, &table, expand_large::<7>),
        _ => with(w, call, &table, expand_large::<8>),
    }
}

/// Expands the words of one vector, `usize` vectors apart, to columns `usize` vectors apart, through a table.
type Expand<T> = unsafe fn(&T, &[Rows<u32>], usize, &mut [Rows<f32>], usize);

fn with<T>(w: Codebook<'_>, call: &mut LinearCall<'_>, table: &T, function: Expand<T>) {
    let isa = proof();
    let expand = |words: &[Rows<u32>], from: usize, out: &mut [Rows<f32>], to: usize| {
        // SAFETY: `function` is one of this file, which need this tier's features: `isa` proves them.
        unsafe { function(table, words, from, out, to) }
    };
    panels::linear(isa, &Packed { words: w.words(), expand }, call);
}

#[target_feature(enable = "avx2,fma,f16c")]
fn expand_permute<const BITS: i32>(table: &[f32; 8], words: &[Rows<u32>], from: usize, out: &mut [Rows<f32>], to: usize) {
    let table = load(table);
    for (words, out) in words.chunks(from).zip(out.chunks_mut(32 / BITS as usize * to)) {
        for h in 0..2 {
            let mut word = load_words(half(&words[0], h));
            for column in out.chunks_mut(to) {
                let levels = if BITS < 3 { _mm256_permutevar_ps(table, word) } else { _mm256_permutevar8x32_ps(table, word) };
                store(half_mut(&mut column[0], h), levels);
                word = _mm256_srli_epi32::<BITS>(word);
            }
        }
    }
}

/// Byte `b` of each of 16 levels, twice: a table of `vpshufb`.
type Planes = [[u8; 32]; 4];

fn planes(levels: &[f32; 16]) -> Planes {
    std::array::from_fn(|b| std::array::from_fn(|i| levels[i % 16].to_le_bytes()[b]))
}

/// Byte `4 r + q` to byte `4 q + r`, in each half of a vector.
const TRANSPOSE: [u8; 32] =
    [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15];

#[target_feature(enable = "avx2,fma,f16c")]
fn expand_bytes(planes: &Planes, words: &[Rows<u32>], from: usize, out: &mut [Rows<f32>], to: usize) {
    let planes = [load_bytes(&planes[0]), load_bytes(&planes[1]), load_bytes(&planes[2]), load_bytes(&planes[3])];
    let (transpose, low) = (load_bytes(&TRANSPOSE), _mm256_set1_epi8(15));
    for (words, out) in words.chunks(from).zip(out.chunks_mut(8 * to)) {
        for h in 0..2 {
            // Dword q now holds byte q of four rows: the indices of the columns 2q (low) and 2q + 1.
            let indices = _mm256_shuffle_epi8(load_words(half(&words[0], h)), transpose);
            let even = levels(planes, _mm256_and_si256(indices, low));
            let odd = levels(planes, _mm256_and_si256(_mm256_srli_epi16::<4>(indices), low));
            for q in 0..4 {
                store(half_mut(&mut out[2 * q * to], h), _mm256_castsi256_ps(even[q]));
                store(half_mut(&mut out[(2 * q + 1) * to], h), _mm256_castsi256_ps(odd[q]));
            }
        }
    }
}

/// The levels of 32 indices, 8 rows of four columns.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn levels(planes: [__m256i; 4], indices: __m256i) -> [__m256i; 4] {
    let p0 = _mm256_shuffle_epi8(planes[0], indices);
    let p1 = _mm256_shuffle_epi8(planes[1], indices);
    let p2 = _mm256_shuffle_epi8(planes[2], indices);
    let p3 = _mm256_shuffle_epi8(planes[3], indices);
    let (low01, high01) = (_mm256_unpacklo_epi8(p0, p1), _mm256_unpackhi_epi8(p0, p1));
    let (low23, high23) = (_mm256_unpacklo_epi8(p2, p3), _mm256_unpackhi_epi8(p2, p3));
    [
        _mm256_unpacklo_epi16(low01, low23),
        _mm256_unpackhi_epi16(low01, low23),
        _mm256_unpacklo_epi16(high01, high23),
        _mm256_unpackhi_epi16(high01, high23),
    ]
}

#[target_feature(enable = "avx2,fma,f16c")]
fn expand_large<const BITS: u32>(table: &[f32; 256], words: &[Rows<u32>], from: usize, out: &mut [Rows<f32>], to: usize) {
    for (words, out) in words.chunks(from).zip(out.chunks_mut((32 / BITS) as usize * to)) {
        for (column, shift) in out.chunks_mut(to).zip((0..).step_by(BITS as usize)) {
            for (level, word) in column[0].iter_mut().zip(words[0]) {
                *level = table[(word >> shift & ((1 << BITS) - 1)) as usize];
            }
        }
    }
}
