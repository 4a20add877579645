//! Ternary, exact: `t = (p0 + p1) + p2`, `c = c + t` for every three columns, each product looked up.
//!
//! Per column a table of four floats, `[+0, positive * x, negative * x, +0]`, in both halves of a vector: `vpermilps` looks up the product
//! of 8 rows by the two low bits of each lane. The stored base-3 fields would need 27 entries, three times as many permutes and
//! blends; so `prepare` repacks them, when the session is planned, to 2-bit digits:
//!
//! - a word holds 15 columns, column `j` in bits `2j` and `2j + 1`; bits 30 and 31 are zero;
//! - words keep the order of SPEC 6.1; each segment starts a word of its own, its last word is filled with digit 0. The fields of three
//!   columns that this adds contribute +0, and no chain is ever -0 (it starts from +0), so they change nothing.
//!
//! Per step of three columns: 3 shifts, 3 permutes, 3 additions for 8 rows; four of them share each table. On Zen 3 that is about one cycle
//! per column and 8 rows. Shifting by multiplication (`vpmulhuw`) or adding by fma, to use other ports, gained nothing.
#![allow(unsafe_code)] // one call into a function of this tier per method

use super::memory::{half, load, load_twice, load_words, store, store_four};
use super::{Avx2, WRONG, proof};
use crate::base::align::AlignedVec;
use crate::base::error::Result;
use crate::encoding::Weights;
use crate::encoding::ternary::{LAYOUT, Ternary, digits};
use crate::encoding::tiles::{LANES, Tile, Tiling};
use crate::kernels::LinearCall;
use crate::kernels::fields::{Fields, Layer};
use crate::kernels::panels::{Rows, TileRows};
use crate::kernels::samples::{self, Activations, Samples, Sums};
use crate::kernels::segments::{SEGMENTS, segment};
use std::arch::x86_64::{
    __m256, __m256i, _mm_blend_ps, _mm_mul_ps, _mm_set_ps, _mm_set1_ps, _mm_setzero_ps, _mm256_add_ps, _mm256_permutevar_ps,
    _mm256_setzero_ps, _mm256_setzero_si256, _mm256_srli_epi32,
};
use std::ops::Range;

/// Columns of a repacked word.
const COLUMNS: usize = 15;
/// Floats of a column's table.
const ENTRIES: usize = 4;
/// Halves of vectors that share a table while it is in registers.
const SHARE: usize = 4;

/// The units of the repacked layout: of each segment, and all.
fn repacked(units: usize) -> ([Range<usize>; SEGMENTS], usize) {
    let mut end = 0;
    let segments = std::array::from_fn(|s| {
        let start = end;
        end += (segment(units, s).len() * LAYOUT.columns()).div_ceil(COLUMNS);
        start..end
    });
    (segments, end)
}

fn tiling(w: &Ternary<'_>) -> Tiling {
    let (_, units) = repacked(w.words().tiling().units());
    Tiling::new(w.words().rows(), units).expect("invariant: repacked words are fewer than 5/4 of the stored ones and 4")
}

pub(super) fn prepare(weights: &Weights<'_>) -> Result<AlignedVec<u32>> {
    let Weights::Ternary(w) = *weights else { panic!("{WRONG}") };
    let (stored, tiling) = (w.words(), tiling(&w));
    let (segments, _) = repacked(stored.tiling().units());
    let mut out = AlignedVec::zeroed(tiling.elements())?;
    for row in 0..stored.rows() {
        for (s, segment_units) in segments.iter().enumerate() {
            let fields = segment(stored.tiling().units(), s).flat_map(|unit| LAYOUT.split(stored.word(row, unit)));
            for (column, digit) in fields.flat_map(digits).enumerate() {
                let index = tiling.index(row, segment_units.start + column / COLUMNS);
                out[index] |= digit << (2 * (column % COLUMNS));
            }
        }
    }
    Ok(out)
}

pub(super) fn run(weights: &Weights<'_>, prepared: &[u32], call: &mut LinearCall<'_>) {
    let Weights::Ternary(w) = *weights else { panic!("{WRONG}") };
    let units = w.words().tiling().units();
    let tiling = tiling(&w);
    assert_eq!(prepared.len(), tiling.elements(), "invariant: prepared from the same weights");
    let layer = Layer {
        words: prepared,
        tiling,
        segments: repacked(units).0,
        first_columns: std::array::from_fn(|s| segment(units, s).start * LAYOUT.columns()),
        levels: w.levels(),
    };
    samples::linear(proof(), &layer, w, call);
}

impl Fields for Avx2 {
    const COLUMNS: usize = COLUMNS;
    const TABLE: usize = COLUMNS * ENTRIES;

    fn tables(self, levels: [f32; 3], x: &[f32], tables: &mut [f32]) {
        // SAFETY: `self` proves the features.
        unsafe { make_tables(levels, x, tables) }
    }

    fn accumulate(self, tile: &Tile, words: &[Rows<u32>], tables: &[f32], chains: &mut TileRows) {
        // SAFETY: `self` proves the features.
        unsafe { accumulate(tile, words, tables, chains) }
    }

    fn sample_tables(self, levels: [f32; 3], x: &Activations, tables: &mut [Sums]) {
        // SAFETY: `self` proves the features.
        unsafe { sample_tables(levels, x, tables) }
    }

    fn sample_sums(self, words: &[u32], tables: &[Sums], chains: &mut [Samples]) {
        // SAFETY: `self` proves the features.
        unsafe { sample_sums(words, tables, chains) }
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
fn make_tables([_, positive, negative]: [f32; 3], x: &[f32], tables: &mut [f32]) {
    let levels = _mm_set_ps(0.0, negative, positive, 0.0);
    for (table, x) in tables.as_chunks_mut().0.iter_mut().zip(x) {
        // Digit 0 is +0, whatever the activation is.
        let products = _mm_mul_ps(levels, _mm_set1_ps(*x));
        store_four(table, _mm_blend_ps::<0b0110>(_mm_setzero_ps(), products));
    }
}

/// Chooses the loops for the tile's shape: its halves that hold real rows, at most [`SHARE`] at a time.
#[target_feature(enable = "avx2,fma,f16c")]
fn accumulate(tile: &Tile, words: &[Rows<u32>], tables: &[f32], chains: &mut TileRows) {
    let (by_column, _) = tables.as_chunks();
    let (tables, _) = by_column.as_chunks();
    match (tile.vectors, tile.rows.div_ceil(LANES / 2)) {
        (4, 8) => tile_of::<4, 4>(words, tables, chains),
        (4, _) => tile_of::<4, 3>(words, tables, chains),
        (3, 6) => tile_of::<3, 2>(words, tables, chains),
        (3, _) => tile_of::<3, 1>(words, tables, chains),
        (2, 4) => halves::<2, 0, 4>(words, tables, chains),
        (2, _) => halves::<2, 0, 3>(words, tables, chains),
        (_, 2) => halves::<1, 0, 2>(words, tables, chains),
        _ => halves::<1, 0, 1>(words, tables, chains),
    }
}

/// A tile of more than two vectors: the first two, then what `LAST` halves hold.
#[target_feature(enable = "avx2,fma,f16c")]
fn tile_of<const VECTORS: usize, const LAST: usize>(words: &[Rows<u32>], tables: &[Tables], chains: &mut TileRows) {
    halves::<VECTORS, 0, SHARE>(words, tables, chains);
    halves::<VECTORS, SHARE, LAST>(words, tables, chains);
}

/// The tables of a word.
type Tables = [[f32; ENTRIES]; COLUMNS];

/// `COUNT` halves from half `FIRST` of a tile of `VECTORS` vectors.
#[target_feature(enable = "avx2,fma,f16c")]
fn halves<const VECTORS: usize, const FIRST: usize, const COUNT: usize>(
    words: &[Rows<u32>],
    tables: &[Tables],
    chains: &mut TileRows,
) {
    let (chains, _) = chains.as_chunks_mut::<8>();
    let chains = &mut chains[FIRST..FIRST + COUNT];
    let mut c = [_mm256_setzero_ps(); COUNT];
    for (c, chain) in c.iter_mut().zip(chains.iter()) {
        *c = load(chain);
    }
    let (columns, _) = words.as_chunks::<VECTORS>();
    for (words, tables) in columns.iter().zip(tables) {
        let mut word = [_mm256_setzero_si256(); COUNT];
        for (h, word) in word.iter_mut().enumerate() {
            *word = load_words(half(&words[(FIRST + h) / 2], (FIRST + h) % 2));
        }
        step::<0, 2, 4, COUNT>(word, &tables[0..3], &mut c);
        step::<6, 8, 10, COUNT>(word, &tables[3..6], &mut c);
        step::<12, 14, 16, COUNT>(word, &tables[6..9], &mut c);
        step::<18, 20, 22, COUNT>(word, &tables[9..12], &mut c);
        step::<24, 26, 28, COUNT>(word, &tables[12..15], &mut c);
    }
    for (c, chain) in c.iter().zip(chains) {
        store(chain, *c);
    }
}

/// Three columns, whose digits start at the bits `A`, `B` and `C`.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn step<const A: i32, const B: i32, const C: i32, const COUNT: usize>(
    word: [__m256i; COUNT],
    tables: &[[f32; ENTRIES]],
    c: &mut [__m256; COUNT],
) {
    let (first, second, third) = (load_twice(&tables[0]), load_twice(&tables[1]), load_twice(&tables[2]));
    for (c, word) in c.iter_mut().zip(word) {
        let p0 = _mm256_permutevar_ps(first, _mm256_srli_epi32::<A>(word));
        let p1 = _mm256_permutevar_ps(second, _mm256_srli_epi32::<B>(word));
        let p2 = _mm256_permutevar_ps(third, _mm256_srli_epi32::<C>(word));
        *c = _mm256_add_ps(*c, _mm256_add_ps(_mm256_add_ps(p0, p1), p2));
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
pub(in crate::kernels) fn sample_tables(levels: [f32; 3], x: &Activations, tables: &mut [Sums]) {
    samples::make_tables(levels, x, tables);
}

#[target_feature(enable = "avx2,fma,f16c")]
pub(in crate::kernels) fn sample_sums(words: &[u32], tables: &[Sums], chains: &mut [Samples]) {
    samples::add_sums(words, tables, chains);
}
