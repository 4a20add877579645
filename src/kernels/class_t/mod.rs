//! Order class T (ternary) on SIMD: the loops around a tier's two inner loops, the same for every tier.
//!
//! For a block of columns the tier makes tables from the activations: what each code contributes, looked up by permutes. The tables and the
//! chains of [`SHARE`] tiles lie in the call's scratch (16 KiB: it stays in L1), so that each table serves many rows. A chain that a
//! block cuts continues through memory, which changes no bit of it.

mod samples;

use super::LinearCall;
use super::class_f::{TileRows, vectors};
use super::segments::SEGMENTS;
use super::simd::{Rows, Simd};
use crate::encoding::ternary::Ternary;
use crate::encoding::tiles::{TILE_ROWS, Tile, Tiling};
use std::ops::Range;

/// Tiles that share tables.
const SHARE: usize = 16;

/// Words of ternary codes in tile order, in a layout that the tier chose.
#[derive(Clone, Debug)]
pub(super) struct TernaryWords<'a> {
    /// The words; unit `u` of segment `s` is one of `segments[s]`.
    pub(super) words: &'a [u32],
    /// The order of the words.
    pub(super) tiling: Tiling,
    /// The units of each segment.
    pub(super) segments: [Range<usize>; SEGMENTS],
    /// The first column of each segment.
    pub(super) first_columns: [usize; SEGMENTS],
    /// The levels of the digits 0, 1 and 2.
    pub(super) levels: [f32; 3],
}

/// The two inner loops of a tier for one sample, and the vectors of 8 lanes that compute several.
pub(super) trait TernaryLoops: Simd {
    /// Columns of a word.
    const COLUMNS: usize;
    /// Floats of the tables of one word.
    const TABLE: usize;
    /// The tier whose vectors have 8 lanes.
    type Eight: Simd;

    /// The token of that tier.
    fn eight(self) -> Self::Eight;

    /// The tables of some words, from the activations of their columns.
    fn tables(self, levels: [f32; 3], x: &[f32], tables: &mut [f32]);

    /// Continues the chains of a tile over the words that `tables` are for.
    fn accumulate(self, tile: &Tile, words: &[Rows<u32>], tables: &[f32], chains: &mut TileRows);
}

/// Runs a layer; `words` is the tier's own layout of the weights `stored`.
pub(super) fn linear<S: TernaryLoops>(simd: S, words: &TernaryWords<'_>, stored: Ternary<'_>, call: &mut LinearCall<'_>) {
    call.check(words.tiling.rows(), stored.words().cols());
    for first in (0..call.batch).step_by(samples::SAMPLES) {
        let samples = first..(first + samples::SAMPLES).min(call.batch);
        if samples.len() < samples::WORTHWHILE {
            samples.for_each(|sample| one_sample(simd, words, sample, call));
        } else {
            samples::run(simd.eight(), stored, samples, call);
        }
    }
}

/// Runs a layer for one sample.
fn one_sample<S: TernaryLoops>(simd: S, words: &TernaryWords<'_>, sample: usize, call: &mut LinearCall<'_>) {
    for first in (0..words.tiling.rows().div_ceil(TILE_ROWS)).step_by(SHARE) {
        tiles_from(simd, words, first, sample, call);
    }
}

/// The [`SHARE`] tiles from tile `first`.
fn tiles_from<S: TernaryLoops>(simd: S, layer: &TernaryWords<'_>, first: usize, sample: usize, call: &mut LinearCall<'_>) {
    let tiles = || layer.tiling.tiles().skip(first).take(SHARE);
    let (sums, rest) = call.scratch.split_at_mut(SHARE * TILE_ROWS);
    let (chains, tables) = rest.split_at_mut(SHARE * TILE_ROWS);
    let (sums, chains): (&mut [TileRows], &mut [TileRows]) = (sums.as_chunks_mut().0, chains.as_chunks_mut().0);
    let room = tables.len() / S::TABLE;
    let x = &call.input[sample * call.input_stride..][..call.input_stride];
    // A chain of this class is never -0, so that sums may start from +0, and that empty segments add nothing.
    sums.iter_mut().zip(tiles()).for_each(|(sums, _)| sums.fill(0.0));
    for s in 0..SEGMENTS {
        let all = layer.segments[s].clone();
        if all.is_empty() {
            continue;
        }
        chains.iter_mut().zip(tiles()).for_each(|(chains, _)| chains.fill(0.0));
        for start in all.clone().step_by(room) {
            let units = start..(start + room).min(all.end);
            let tables = &mut tables[..units.len() * S::TABLE];
            let column = layer.first_columns[s] + (start - all.start) * S::COLUMNS;
            simd.tables(layer.levels, &x[column..column + units.len() * S::COLUMNS], tables);
            for (tile, chains) in tiles().zip(chains.iter_mut()) {
                simd.accumulate(&tile, vectors(layer.words, &tile, units.clone()), tables, chains);
            }
        }
        for ((sums, chains), _) in sums.iter_mut().zip(chains.iter()).zip(tiles()) {
            sums.iter_mut().zip(chains).for_each(|(sum, c)| *sum += c);
        }
    }
    for (i, tile) in tiles().enumerate() {
        let sums: TileRows = call.scratch.as_chunks().0[i];
        call.finish(simd, sample, tile.row, &sums[..tile.rows]);
    }
}
