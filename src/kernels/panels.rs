//! Order class F on SIMD: the loops around a tier's inner loops, the same for every tier and encoding.
//!
//! For one sample the inner loop reads the stored array. For several, a block of columns of a tile is first expanded to floats in the
//! call's scratch (16 KiB: it stays in L1), a **panel** per vector of 16 rows, where every sample finds it decoded and contiguous. A
//! chain that a block cuts continues through memory, which changes no bit of it.

use super::LinearCall;
use super::segments::{SEGMENTS, Tier, segment};
use crate::encoding::tiles::{LANES, TILE_ROWS, TILE_VECTORS, Tile, Tiling};
use std::ops::Range;

/// One vector of 16 rows.
pub(super) type Rows<T> = [T; LANES];
/// One number per row of a tile.
pub(super) type TileRows = [f32; TILE_ROWS];
/// Samples whose chains are kept while panels are in scratch: 2 x 4 KiB of chains and sums.
const CHUNK: usize = 16;

/// A segment of a tile: all vectors of its units in order, and the activations of their columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'a, T> {
    pub(super) vectors: &'a [Rows<T>],
    pub(super) x: &'a [f32],
}

/// Samples, `stride` floats apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Samples<'a> {
    /// From the first column of the first sample.
    pub(super) x: &'a [f32],
    pub(super) stride: usize,
}

impl<'a> Samples<'a> {
    /// The first `columns` activations of each of the first `N` samples: slices of one length, so that a loop needs no check.
    #[inline(always)]
    pub(super) fn columns<const N: usize>(self, columns: usize) -> [&'a [f32]; N] {
        let mut all: [&[f32]; N] = [&[]; N];
        for (i, x) in all.iter_mut().enumerate() {
            *x = &self.x[i * self.stride..][..columns];
        }
        all
    }
}

/// What a tier does with a panel.
pub(super) trait Panels: Tier {
    /// Samples that `multiply` takes at once.
    const SAMPLES: usize;

    /// Up to `SAMPLES` samples, as many as there are `chains`: continues one chain per sample and row of the panel, of which `rows` are
    /// real; one vector of the panel per column.
    fn multiply(self, panel: &[Rows<f32>], rows: usize, samples: Samples<'_>, chains: &mut [Rows<f32>]);
}

/// A stored array, and how a tier reads it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Array<'a, T, C, E> {
    /// The elements: weights, or words of several.
    pub(super) elements: &'a [T],
    /// Their order.
    pub(super) tiling: Tiling,
    /// Columns of the layer.
    pub(super) cols: usize,
    /// Columns of an element.
    pub(super) unit_columns: usize,
    /// `chains(tile, segments, chains)`: one sample, the chain of each segment and row of a tile, from +0.
    pub(super) chains: C,
    /// `expand(vectors, first, stride, panel)`: the weights of the vectors `first`, `first + stride`, ...
    pub(super) expand: E,
}

/// Runs a layer of order class F.
pub(super) fn linear<K, T, C, E>(tier: K, array: &Array<'_, T, C, E>, call: &mut LinearCall<'_>)
where
    K: Panels,
    C: Fn(&Tile, &[Segment<'_, T>; SEGMENTS], &mut [TileRows; SEGMENTS]),
    E: Fn(&[Rows<T>], usize, usize, &mut [Rows<f32>]),
{
    call.check(array.tiling.rows(), array.cols);
    for first in (0..call.batch).step_by(CHUNK) {
        let samples = first..(first + CHUNK).min(call.batch);
        for tile in array.tiling.tiles() {
            if samples.len() == 1 {
                one_sample(tier, array, &tile, first, call);
            } else {
                many_samples(tier, array, &tile, samples.clone(), call);
            }
        }
    }
}

fn one_sample<T, C, E>(tier: impl Tier, array: &Array<'_, T, C, E>, tile: &Tile, sample: usize, call: &mut LinearCall<'_>)
where
    C: Fn(&Tile, &[Segment<'_, T>; SEGMENTS], &mut [TileRows; SEGMENTS]),
{
    let x = &call.input[sample * call.input_stride..][..call.input_stride];
    let segments = std::array::from_fn(|s| {
        let units = segment(array.tiling.units(), s);
        let columns = units.start * array.unit_columns..units.end * array.unit_columns;
        Segment { vectors: vectors(array.elements, tile, units), x: &x[columns] }
    });
    let mut chains = [[0.0; TILE_ROWS]; SEGMENTS];
    (array.chains)(tile, &segments, &mut chains);
    let [mut sums, rest @ ..] = chains;
    let sums = &mut sums[..tile.rows];
    for chain in rest {
        sums.iter_mut().zip(chain).for_each(|(sum, c)| *sum += c);
    }
    call.finish(tier, sample, tile.row, sums);
}

/// A tile for up to [`CHUNK`] samples: each panel serves them all.
fn many_samples<K: Panels, T, C, E>(
    tier: K,
    array: &Array<'_, T, C, E>,
    tile: &Tile,
    samples: Range<usize>,
    call: &mut LinearCall<'_>,
) where
    E: Fn(&[Rows<T>], usize, usize, &mut [Rows<f32>]),
{
    let (count, width) = (samples.len(), array.unit_columns);
    let room = call.scratch.len() / (tile.vectors * LANES * width);
    let group_len = count.div_ceil(count.div_ceil(K::SAMPLES));
    let mut sums = [[[0.0; LANES]; CHUNK]; TILE_VECTORS];
    for s in 0..SEGMENTS {
        let all = segment(array.tiling.units(), s);
        let mut chains = [[[0.0; LANES]; CHUNK]; TILE_VECTORS];
        // Blocks of one length, as near as can be.
        let block = all.len().div_ceil(all.len().div_ceil(room).max(1)).max(1);
        for start in all.clone().step_by(block) {
            let units = start..(start + block).min(all.end);
            let columns = units.start * width..units.end * width;
            let stored = vectors(array.elements, tile, units);
            let panels = call.scratch.as_chunks_mut().0.chunks_exact_mut(columns.len());
            for (vector, (panel, chains)) in panels.zip(&mut chains).take(tile.vectors).enumerate() {
                (array.expand)(stored, vector, tile.vectors, panel);
                let rows = (tile.rows - vector * LANES).min(LANES);
                let x = &call.input[samples.start * call.input_stride + columns.start..];
                for (group, chains) in chains[..count].chunks_mut(group_len).enumerate() {
                    let x = &x[group * group_len * call.input_stride..];
                    tier.multiply(panel, rows, Samples { x, stride: call.input_stride }, chains);
                }
            }
        }
        for (sum, chain) in sums.as_flattened_mut().iter_mut().zip(chains.as_flattened()) {
            // The first segment replaces: +0 + -0 would be +0.
            sum.iter_mut().zip(chain).for_each(|(sum, c)| *sum = if s == 0 { *c } else { *sum + c });
        }
    }
    for (vector, sums) in sums.iter().enumerate().take(tile.vectors) {
        let rows = (tile.rows - vector * LANES).min(LANES);
        for (sample, sums) in samples.clone().zip(sums) {
            call.finish(tier, sample, tile.row + vector * LANES, &sums[..rows]);
        }
    }
}

/// All vectors of some units of a tile.
pub(super) fn vectors<'a, T>(elements: &'a [T], tile: &Tile, units: Range<usize>) -> &'a [Rows<T>] {
    let start = |unit: usize| tile.start + unit * tile.vectors * LANES;
    elements[start(units.start)..start(units.end)].as_chunks().0
}
