//! Order class T for 8 samples, which lie in the lanes: one lookup and one addition serve three columns of all of them.
//!
//! For each stored word's columns a table holds `t = (p0 + p1) + p2` of every code, a vector of 8 samples each; a row's code is
//! an index into it. Five bits never leave a table of 32, whatever the word. The tables of a word (6 KiB) serve 256 rows, whose chains stay in L1.
//!
//! Arrays of 8 floats become the vectors of a tier of 8 lanes. In a tier of 16 lanes LLVM would put rows in the lanes, and gather.

use crate::encoding::ternary::{FIELD_CODES, LAYOUT, Ternary};
use crate::encoding::tiles::TILE_ROWS;
use crate::kernels::LinearCall;
use crate::kernels::class_f::{TileRows, vectors};
use crate::kernels::segments::{SEGMENTS, segment};
use crate::kernels::simd::Simd;
use std::ops::Range;

/// Samples side by side.
pub(super) const SAMPLES: usize = 8;
/// Fewer are computed one by one: about as fast.
pub(super) const WORTHWHILE: usize = 4;
/// Tiles that share tables.
const SHARE: usize = 4;
/// One number per sample.
type PerSample = [f32; SAMPLES];
/// The sums of a field, by code.
type FieldTable = [PerSample; 32];
/// The activations of a word's columns.
type WordInputs = [PerSample; LAYOUT.columns()];

/// Runs a layer for up to [`SAMPLES`] samples.
pub(super) fn run(simd: impl Simd, stored: Ternary<'_>, samples: Range<usize>, call: &mut LinearCall<'_>) {
    for first in (0..stored.words().rows().div_ceil(TILE_ROWS)).step_by(SHARE) {
        tiles_from(simd, stored, first, samples.clone(), call);
    }
}

/// The [`SHARE`] tiles from tile `first`.
fn tiles_from(simd: impl Simd, stored: Ternary<'_>, first: usize, samples: Range<usize>, call: &mut LinearCall<'_>) {
    let words = stored.words();
    let tiles = || words.tiling().tiles().skip(first).take(SHARE);
    let mut sums = [[[0.0; SAMPLES]; TILE_ROWS]; SHARE];
    for s in 0..SEGMENTS {
        let mut chains = [[[0.0; SAMPLES]; TILE_ROWS]; SHARE];
        for unit in segment(words.tiling().units(), s) {
            let mut x = [[0.0; SAMPLES]; LAYOUT.columns()];
            for (i, sample) in samples.clone().enumerate() {
                let sample = &call.sample(sample)[unit * LAYOUT.columns()..][..LAYOUT.columns()];
                x.iter_mut().zip(sample).for_each(|(x, sample)| x[i] = *sample);
            }
            let (vectors_of_8, _) = call.scratch.as_chunks_mut();
            let tables: &mut [FieldTable] = &mut vectors_of_8.as_chunks_mut().0[..LAYOUT.columns() / 3];
            simd.vectorize(
                tables,
                #[inline(always)]
                |tables| make_tables(stored.levels(), &x, tables),
            );
            for (tile, chains) in tiles().zip(&mut chains) {
                let words = vectors(words.raw(), &tile, unit..unit + 1).as_flattened();
                simd.vectorize(
                    chains,
                    #[inline(always)]
                    |chains| add_sums(words, tables, chains),
                );
            }
        }
        for (sum, chain) in sums.as_flattened_mut().iter_mut().zip(chains.as_flattened()) {
            // No chain of this class is -0, so that sums may start from +0.
            sum.iter_mut().zip(chain).for_each(|(sum, c)| *sum += c);
        }
    }
    for (tile, sums) in tiles().zip(&sums) {
        for (lane, sample) in samples.clone().enumerate() {
            let of_sample: TileRows = sums.map(|samples| samples[lane]);
            call.finish(simd, sample, tile.row, &of_sample[..tile.rows]);
        }
    }
}

/// The sums of every code of each field of a word.
#[inline(always)]
fn make_tables(levels: [f32; 3], x: &WordInputs, tables: &mut [FieldTable]) {
    for (table, x) in tables.iter_mut().zip(x.as_chunks::<3>().0) {
        // By digit and column; digit 0 is +0, whatever the activation is.
        let mut products = [[[0.0; SAMPLES]; 3]; 3];
        for digit in 1..3 {
            for (product, x) in products[digit].iter_mut().zip(x) {
                product.iter_mut().zip(x).for_each(|(p, x)| *p = levels[digit] * x);
            }
        }
        let mut code = 0;
        for third in &products {
            for second in &products {
                for first in &products {
                    for i in 0..SAMPLES {
                        table[code][i] = (first[0][i] + second[1][i]) + third[2][i];
                    }
                    code += 1;
                }
            }
        }
        // Codes that are not valid: their third digit wraps to 0.
        table.copy_within(0..32 - FIELD_CODES as usize, FIELD_CODES as usize);
    }
}

/// Continues the chains of some rows over one word each.
#[inline(always)]
fn add_sums(words: &[u32], tables: &[FieldTable], chains: &mut [PerSample]) {
    let tables: &[FieldTable; LAYOUT.columns() / 3] = tables.try_into().expect("invariant: one table per field");
    for (word, chain) in words.iter().zip(chains) {
        for (table, shift) in tables.iter().zip((0..).step_by(5)) {
            let t = &table[(word >> shift & 31) as usize];
            chain.iter_mut().zip(t).for_each(|(c, t)| *c += t);
        }
    }
}
