//! Order class T on SIMD for several samples, which lie in the lanes: one lookup and one addition serve three columns of 8 samples.
//!
//! For each stored word's columns a table holds `t = (p0 + p1) + p2` of every code, a vector of 8 samples each; a row's code is
//! an index into it. Five bits never leave a table of 32, whatever the word. The tables of a word (6 KiB) serve 256 rows, whose chains stay in L1.
//!
//! Plain Rust: inlined into a tier's functions, arrays of 8 floats become its vectors.

use super::LinearCall;
use super::fields::{self, Fields, Layer};
use super::panels::{TileRows, vectors};
use super::segments::{SEGMENTS, segment};
use crate::encoding::ternary::{FIELD_CODES, LAYOUT, Ternary};
use crate::encoding::tiles::TILE_ROWS;
use std::ops::Range;

/// Samples side by side.
const SAMPLES: usize = 8;
/// Fewer are computed one by one: about as fast.
const WORTHWHILE: usize = 4;
/// Tiles that share tables.
const GROUP: usize = 4;
/// One number per sample.
pub(super) type Samples = [f32; SAMPLES];
/// The sums of a field, by code.
pub(super) type Sums = [Samples; 32];
/// The activations of a word's columns.
pub(super) type Activations = [Samples; LAYOUT.columns()];

/// Runs a layer of order class T; `layer` is the tier's own layout of the same weights.
pub(super) fn linear<K: Fields>(tier: K, layer: &Layer<'_>, stored: Ternary<'_>, call: &mut LinearCall<'_>) {
    call.check(layer.tiling.rows(), stored.words().cols());
    for first in (0..call.batch).step_by(SAMPLES) {
        let count = (call.batch - first).min(SAMPLES);
        if count < WORTHWHILE {
            (first..first + count).for_each(|sample| fields::one_sample(tier, layer, sample, call));
            continue;
        }
        for start in (0..stored.words().rows().div_ceil(TILE_ROWS)).step_by(GROUP) {
            many_samples(tier, stored, start, first..first + count, call);
        }
    }
}

/// A group of tiles from tile `first`, for some samples.
fn many_samples<K: Fields>(tier: K, stored: Ternary<'_>, first: usize, samples: Range<usize>, call: &mut LinearCall<'_>) {
    let words = stored.words();
    let tiles = || words.tiling().tiles().skip(first).take(GROUP);
    let mut sums = [[[0.0; SAMPLES]; TILE_ROWS]; GROUP];
    for s in 0..SEGMENTS {
        let mut chains = [[[0.0; SAMPLES]; TILE_ROWS]; GROUP];
        for unit in segment(words.tiling().units(), s) {
            let mut x = [[0.0; SAMPLES]; LAYOUT.columns()];
            for (i, sample) in samples.clone().enumerate() {
                let sample = &call.input[sample * call.input_stride + unit * LAYOUT.columns()..][..LAYOUT.columns()];
                x.iter_mut().zip(sample).for_each(|(x, sample)| x[i] = *sample);
            }
            let (vectors_of_8, _) = call.scratch.as_chunks_mut();
            let tables: &mut [Sums] = &mut vectors_of_8.as_chunks_mut().0[..LAYOUT.columns() / 3];
            tier.sample_tables(stored.levels(), &x, tables);
            for (tile, chains) in tiles().zip(&mut chains) {
                tier.sample_sums(vectors(words.raw(), &tile, unit..unit + 1).as_flattened(), tables, chains);
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
            call.finish(tier, sample, tile.row, &of_sample[..tile.rows]);
        }
    }
}

/// The sums of every code of each field of a word.
#[inline(always)]
pub(super) fn make_tables(levels: [f32; 3], x: &Activations, tables: &mut [Sums]) {
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
pub(super) fn add_sums(words: &[u32], tables: &[Sums], chains: &mut [Samples]) {
    let tables: &[Sums; LAYOUT.columns() / 3] = tables.try_into().expect("invariant: one table per field");
    for (word, chain) in words.iter().zip(chains) {
        for (table, shift) in tables.iter().zip((0..).step_by(5)) {
            let t = &table[(word >> shift & 31) as usize];
            chain.iter_mut().zip(t).for_each(|(c, t)| *c += t);
        }
    }
}
