//! A layer: tile by tile, one sample at a time or several through panels.

use super::array::{Array, Segment, vectors};
use super::panel;
use crate::encoding::tiles::{LANES, TILE_ROWS, TILE_VECTORS, Tile};
use crate::kernels::LinearCall;
use crate::kernels::segments::{SEGMENTS, segment};
use crate::kernels::simd::Simd;
use std::ops::Range;

/// Samples whose chains are kept while panels are in scratch: 2 x 4 KiB of chains and sums.
const CHUNK: usize = 16;

/// Runs a layer.
pub(super) fn linear<T>(simd: impl Simd, array: &Array<'_, T>, call: &mut LinearCall<'_>) {
    call.check(array.tiling.rows(), array.cols);
    for first in (0..call.batch).step_by(CHUNK) {
        let samples = first..(first + CHUNK).min(call.batch);
        for tile in array.tiling.tiles() {
            if samples.len() == 1 {
                one_sample(simd, array, &tile, first, call);
            } else {
                many_samples(simd, array, &tile, samples.clone(), call);
            }
        }
    }
}

fn one_sample<T>(simd: impl Simd, array: &Array<'_, T>, tile: &Tile, sample: usize, call: &mut LinearCall<'_>) {
    let x = call.sample(sample);
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
    call.finish(simd, sample, tile.row, sums);
}

/// A tile for up to [`CHUNK`] samples: each panel serves them all.
fn many_samples<S: Simd, T>(simd: S, array: &Array<'_, T>, tile: &Tile, samples: Range<usize>, call: &mut LinearCall<'_>) {
    let (count, width) = (samples.len(), array.unit_columns);
    let room = call.scratch.len() / (tile.vectors * LANES * width);
    let share = count.div_ceil(count.div_ceil(panel::most_samples::<S>()));
    let mut sums = [[[0.0; LANES]; CHUNK]; TILE_VECTORS];
    for s in 0..SEGMENTS {
        let all = segment(array.tiling.units(), s);
        let mut chains = [[[0.0; LANES]; CHUNK]; TILE_VECTORS];
        // Blocks of nearly equal length.
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
                for (i, chains) in chains[..count].chunks_mut(share).enumerate() {
                    panel::multiply(simd, panel, rows, &x[i * share * call.input_stride..], call.input_stride, chains);
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
            call.finish(simd, sample, tile.row + vector * LANES, &sums[..rows]);
        }
    }
}
