//! Order class T on SIMD for one sample: the loops around a tier's two inner loops, the same for every tier.
//!
//! For a block of columns the tier makes tables from the activations: what a code contributes, looked up by permutes. The tables and the chains of
//! [`GROUP`] tiles share the call's scratch (16 KiB: it stays in L1), so that each table serves many rows. A chain that a block cuts
//! continues through memory, which changes no bit of it.

use super::LinearCall;
use super::panels::{Rows, TileRows, vectors};
use super::samples::{Activations, Samples, Sums};
use super::segments::{SEGMENTS, Tier};
use crate::encoding::tiles::{TILE_ROWS, Tile, Tiling};
use std::ops::Range;

/// Tiles that share tables.
const GROUP: usize = 16;

/// Words of ternary codes in tile order, in a layout that the tier chose.
#[derive(Clone, Debug)]
pub(super) struct Layer<'a> {
    /// The words; unit `u` of segment `s` is one of `segments[s]`.
    pub(super) words: &'a [u32],
    /// The order of the words.
    pub(super) tiling: Tiling,
    /// The units of each segment.
    pub(super) segments: [Range<usize>; SEGMENTS],
    /// The first column of each segment.
    pub(super) first_columns: [usize; SEGMENTS],
    /// Of digit 0, 1 and 2.
    pub(super) levels: [f32; 3],
}

/// The two inner loops of a tier. Implemented by its token: whoever holds one may call.
pub(super) trait Fields: Tier {
    /// Columns of a word.
    const COLUMNS: usize;
    /// Floats of the tables of one word.
    const TABLE: usize;

    /// The tables of some words, from the activations of their columns.
    fn tables(self, levels: [f32; 3], x: &[f32], tables: &mut [f32]);

    /// Continues the chains of a tile over the words that `tables` are for.
    fn accumulate(self, tile: &Tile, words: &[Rows<u32>], tables: &[f32], chains: &mut TileRows);

    /// [`super::samples::make_tables`], in the tier's vectors.
    fn sample_tables(self, levels: [f32; 3], x: &Activations, tables: &mut [Sums]);

    /// [`super::samples::add_sums`], in the tier's vectors.
    fn sample_sums(self, words: &[u32], tables: &[Sums], chains: &mut [Samples]);
}

/// Runs a layer of order class T for one sample.
pub(super) fn one_sample<K: Fields>(tier: K, layer: &Layer<'_>, sample: usize, call: &mut LinearCall<'_>) {
    for first in (0..layer.tiling.rows().div_ceil(TILE_ROWS)).step_by(GROUP) {
        tiles_of_group(tier, layer, first, sample, call);
    }
}

/// A group of tiles from tile `first`.
fn tiles_of_group<K: Fields>(tier: K, layer: &Layer<'_>, first: usize, sample: usize, call: &mut LinearCall<'_>) {
    let tiles = || layer.tiling.tiles().skip(first).take(GROUP);
    let (sums, rest) = call.scratch.split_at_mut(GROUP * TILE_ROWS);
    let (chains, tables) = rest.split_at_mut(GROUP * TILE_ROWS);
    let (sums, chains): (&mut [TileRows], &mut [TileRows]) = (sums.as_chunks_mut().0, chains.as_chunks_mut().0);
    let room = tables.len() / K::TABLE;
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
            let tables = &mut tables[..units.len() * K::TABLE];
            let column = layer.first_columns[s] + (start - all.start) * K::COLUMNS;
            tier.tables(layer.levels, &x[column..column + units.len() * K::COLUMNS], tables);
            for (tile, chains) in tiles().zip(chains.iter_mut()) {
                tier.accumulate(&tile, vectors(layer.words, &tile, units.clone()), tables, chains);
            }
        }
        for ((sums, chains), _) in sums.iter_mut().zip(chains.iter()).zip(tiles()) {
            sums.iter_mut().zip(chains).for_each(|(sum, c)| *sum += c);
        }
    }
    for (i, tile) in tiles().enumerate() {
        let sums: TileRows = call.scratch.as_chunks().0[i];
        call.finish(tier, sample, tile.row, &sums[..tile.rows]);
    }
}
