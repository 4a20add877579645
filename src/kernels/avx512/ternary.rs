//! Ternary, exact: `t = (p0 + p1) + p2`, `c = c + t` for every three columns, each `t` looked up.
//!
//! Per field of three columns a table of its 27 sums (and 5 that no valid code names), two registers: `vpermi2ps` looks up 16 rows by
//! the 5 low bits of each lane, straight from the stored words. Per field: permute, add, shift; four vectors of rows share each table.
//! The addition is an fma by 1, which is exact and leaves the ports of permutes and shifts alone; the 1 is hidden from
//! the compiler, which would make an addition of it.
#![allow(unsafe_code)] // calls into functions of this tier

use super::memory::{load, load_words, store};
use super::{Avx512, WRONG, proof};
use crate::encoding::Weights;
use crate::encoding::ternary::LAYOUT;
use crate::encoding::tiles::Tile;
use crate::kernels::LinearCall;
use crate::kernels::avx2::ternary as avx2;
use crate::kernels::fields::{Fields, Layer};
use crate::kernels::panels::{Rows, TileRows};
use crate::kernels::samples::{self, Activations, Samples, Sums};
use crate::kernels::segments::segment;
use std::arch::x86_64::{
    __m512, __m512i, _mm512_add_ps, _mm512_fmadd_ps, _mm512_maskz_mul_ps, _mm512_permutex2var_ps, _mm512_permutexvar_ps,
    _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_srli_epi32,
};

/// Fields of a word.
const FIELDS: usize = 6;
/// The table of a field: the sum of each code, two registers.
type Table = [[f32; 16]; 2];

/// Digit `i` of code `c`, at `[i][c / 16][c % 16]`: as `encoding::ternary::digits`, for 32 codes.
const DIGITS: [[[u32; 16]; 2]; 3] = {
    let mut digits = [[[0; 16]; 2]; 3];
    let mut code = 0;
    while code < 32 {
        digits[0][code / 16][code % 16] = code as u32 % 3;
        digits[1][code / 16][code % 16] = code as u32 / 3 % 3;
        digits[2][code / 16][code % 16] = code as u32 / 9 % 3;
        code += 1;
    }
    digits
};

pub(super) fn run(weights: &Weights<'_>, _: &[u32], call: &mut LinearCall<'_>) {
    let Weights::Ternary(w) = *weights else { panic!("{WRONG}") };
    let tiling = w.words().tiling();
    let segments = std::array::from_fn(|s| segment(tiling.units(), s));
    let layer = Layer {
        words: w.words().raw(),
        tiling,
        first_columns: std::array::from_fn(|s| segment(tiling.units(), s).start * LAYOUT.columns()),
        segments,
        levels: w.levels(),
    };
    samples::linear(proof(), &layer, w, call);
}

impl Fields for Avx512 {
    const COLUMNS: usize = LAYOUT.columns();
    const TABLE: usize = FIELDS * 32;

    fn tables(self, levels: [f32; 3], x: &[f32], tables: &mut [f32]) {
        // SAFETY: `self` proves the features.
        unsafe { make_tables(levels, x, tables) }
    }

    fn accumulate(self, tile: &Tile, words: &[Rows<u32>], tables: &[f32], chains: &mut TileRows) {
        // SAFETY: `self` proves the features.
        unsafe { accumulate(tile, words, tables, chains) }
    }

    fn sample_tables(self, levels: [f32; 3], x: &Activations, tables: &mut [Sums]) {
        // SAFETY: `self` proves the features of AVX2, too.
        unsafe { avx2::sample_tables(levels, x, tables) }
    }

    fn sample_sums(self, words: &[u32], tables: &[Sums], chains: &mut [Samples]) {
        // The vectors of 8 samples are AVX2's; under AVX-512, LLVM would put rows in the lanes, and gather.
        // SAFETY: `self` proves the features of AVX2, too.
        unsafe { avx2::sample_sums(words, tables, chains) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
fn make_tables([_, positive, negative]: [f32; 3], x: &[f32], tables: &mut [f32]) {
    let mut levels = [0.0; 16];
    (levels[1], levels[2]) = (positive, negative);
    let levels = load(&levels);
    let (tables, _) = tables.as_chunks_mut::<16>();
    let (tables, _) = tables.as_chunks_mut::<2>();
    for (table, x) in tables.iter_mut().zip(x.as_chunks::<3>().0) {
        for (half, table) in table.iter_mut().enumerate() {
            let mut products = [_mm512_setzero_ps(); 3];
            for (i, product) in products.iter_mut().enumerate() {
                // Only the lanes 1 and 2: digit 0 is +0, whatever the activation is.
                let by_digit = _mm512_maskz_mul_ps(0b110, levels, _mm512_set1_ps(x[i]));
                *product = _mm512_permutexvar_ps(load_words(&DIGITS[i][half]), by_digit);
            }
            store(table, _mm512_add_ps(_mm512_add_ps(products[0], products[1]), products[2]));
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
fn accumulate(tile: &Tile, words: &[Rows<u32>], tables: &[f32], chains: &mut TileRows) {
    let (halves, _) = tables.as_chunks::<16>();
    let (tables, _) = halves.as_chunks::<2>();
    let (tables, _) = tables.as_chunks::<FIELDS>();
    match tile.vectors {
        4 => vectors::<4>(words, tables, chains),
        3 => vectors::<3>(words, tables, chains),
        2 => vectors::<2>(words, tables, chains),
        _ => vectors::<1>(words, tables, chains),
    }
}

/// A tile of `VECTORS` vectors.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
fn vectors<const VECTORS: usize>(words: &[Rows<u32>], tables: &[[Table; FIELDS]], chains: &mut TileRows) {
    let one = std::hint::black_box(_mm512_set1_ps(1.0));
    let (chains, _) = chains.as_chunks_mut::<16>();
    let mut c = [_mm512_setzero_ps(); VECTORS];
    for (c, chain) in c.iter_mut().zip(chains.iter()) {
        *c = load(chain);
    }
    for (words, tables) in words.as_chunks::<VECTORS>().0.iter().zip(tables) {
        let mut word: [__m512i; VECTORS] = [_mm512_setzero_si512(); VECTORS];
        for (word, words) in word.iter_mut().zip(words) {
            *word = load_words(words);
        }
        for [low, high] in tables {
            let (low, high): (__m512, __m512) = (load(low), load(high));
            for (c, word) in c.iter_mut().zip(&mut word) {
                *c = _mm512_fmadd_ps(_mm512_permutex2var_ps(low, *word, high), one, *c);
                *word = _mm512_srli_epi32::<5>(*word);
            }
        }
    }
    for (c, chain) in c.iter().zip(chains) {
        store(chain, *c);
    }
}
