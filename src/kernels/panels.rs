//! Order class F on SIMD: the loops around a tier's inner loops, the same for every tier and encoding.
//!
//! For one sample the inner loop reads the stored array. For several it sees **panels**: columns of 16-row vectors, one multiply-add per
//! element and sample. Dense arrays are stored as panels; packed ones are expanded, a block of columns at a time, into the call's scratch
//! (16 KiB: it stays in L1), where every sample finds them decoded. A chain that a block cuts continues through memory, which
//! changes no bit of it.

use super::LinearCall;
use super::segments::{SEGMENTS, segment};
use crate::encoding::tiles::{LANES, TILE_ROWS, Tile, Tiling};
use crate::encoding::words::Words;
use std::ops::Range;

/// One vector of 16 rows.
pub(super) type Rows<T> = [T; LANES];
/// One number per row of a tile.
pub(super) type TileRows = [f32; TILE_ROWS];
/// Samples whose chains are kept while a panel is in scratch.
const CHUNK: usize = 32;

/// Weights of 16 rows, column by column: column `k` is `vectors[k * stride + first]`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panel<'a, T> {
    pub(super) vectors: &'a [Rows<T>],
    /// Vectors from one column to the next.
    pub(super) stride: usize,
    /// Less than `stride`.
    pub(super) first: usize,
}

/// A segment of a tile: all vectors of its columns in order, and the activation of each column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'a, T> {
    pub(super) vectors: &'a [Rows<T>],
    pub(super) x: &'a [f32],
}

/// The inner loops of a tier. Implemented by its token: whoever holds one may call.
pub(super) trait Chains<T>: Copy {
    /// Samples that `gemm` takes at once.
    const SAMPLES: usize;

    /// One sample: the chain of each segment and row of the tile, from +0. No segment is longer than the one before.
    fn gemv(self, tile: &Tile, segments: &[Segment<'_, T>; SEGMENTS], chains: &mut [TileRows; SEGMENTS]);

    /// Up to `SAMPLES` samples: continues one chain per sample and row of the panel, of which `rows` are real.
    /// Every `xs` has as many elements as the panel has columns.
    fn gemm(self, panel: Panel<'_, T>, rows: usize, xs: &[&[f32]], chains: &mut [Rows<f32>]);

    /// [`super::segments::finish`], in the tier's vectors.
    fn finish(self, sums: &[f32], scale: Option<&[f32]>, bias: &[f32], relu: bool, out: &mut [f32]);
}

/// An array of weights, as the loops of this file need it.
pub(super) trait Source<T> {
    /// The order of the stored elements.
    fn tiling(&self) -> Tiling;
    /// Columns of the layer.
    fn cols(&self) -> usize;
    /// Columns of a unit.
    fn unit_columns(&self) -> usize;
    /// The chain of each segment and row of a tile, from +0; `x` is a sample with its padding.
    fn one_sample(&self, tile: &Tile, x: &[f32], chains: &mut [TileRows; SEGMENTS]);
    /// Units of a panel that `floats` floats of scratch have room for; at least 1.
    fn room(&self, floats: usize) -> usize;
    /// The panel of a vector and some units of a tile.
    fn panel<'a>(&'a self, tile: &Tile, vector: usize, units: Range<usize>, scratch: &'a mut [f32]) -> Panel<'a, T>;
}

/// Runs a layer of order class F.
pub(super) fn linear<T: Copy>(tier: impl Chains<T>, source: &impl Source<T>, call: &mut LinearCall<'_>) {
    call.check(source.tiling().rows(), source.cols());
    for first in (0..call.batch).step_by(CHUNK) {
        let samples = first..(first + CHUNK).min(call.batch);
        for tile in source.tiling().tiles() {
            if call.batch == 1 {
                one_sample(tier, source, &tile, call);
            } else {
                (0..tile.vectors).for_each(|vector| many_samples(tier, source, &tile, vector, samples.clone(), call));
            }
        }
    }
}

fn one_sample<T: Copy>(tier: impl Chains<T>, source: &impl Source<T>, tile: &Tile, call: &mut LinearCall<'_>) {
    let mut chains = [[0.0; TILE_ROWS]; SEGMENTS];
    source.one_sample(tile, call.input, &mut chains);
    let [mut sums, rest @ ..] = chains;
    for chain in rest {
        sums.iter_mut().zip(chain).for_each(|(sum, c)| *sum += c);
    }
    let rows = tile.row..tile.row + tile.rows;
    let scale = call.scale.map(|scale| &scale[rows.clone()]);
    tier.finish(&sums, scale, &call.bias[rows.clone()], call.relu, &mut call.output[rows]);
}

/// A vector of 16 rows for up to [`CHUNK`] samples: each panel serves them all.
fn many_samples<T: Copy, K: Chains<T>>(
    tier: K,
    source: &impl Source<T>,
    tile: &Tile,
    vector: usize,
    samples: Range<usize>,
    call: &mut LinearCall<'_>,
) {
    let (units, width, count) = (source.tiling().units(), source.unit_columns(), samples.len());
    let rows = tile.row + vector * LANES..(tile.row + (vector + 1) * LANES).min(tile.row + tile.rows);
    let room = source.room(call.scratch.len());
    let group_len = count.div_ceil(count.div_ceil(K::SAMPLES));
    let mut sums = [[0.0; LANES]; CHUNK];
    let mut chains = [[0.0; LANES]; CHUNK];
    for s in 0..SEGMENTS {
        let all = segment(units, s);
        chains[..count].fill([0.0; LANES]);
        for start in all.clone().step_by(room) {
            let block = start..(start + room).min(all.end);
            let panel = source.panel(tile, vector, block.clone(), call.scratch);
            for first in (0..count).step_by(group_len) {
                let group = first..(first + group_len).min(count);
                let mut xs: [&[f32]; CHUNK] = [&[]; CHUNK];
                for (x, i) in xs.iter_mut().zip(group.clone()) {
                    let sample = (samples.start + i) * call.input_stride;
                    *x = &call.input[sample + block.start * width..sample + block.end * width];
                }
                tier.gemm(panel, rows.len(), &xs[..group.len()], &mut chains[group]);
            }
        }
        for (sum, chain) in sums[..count].iter_mut().zip(&chains) {
            // The first segment replaces: 0 + c would turn a chain of -0 into +0.
            sum.iter_mut().zip(chain).for_each(|(sum, c)| *sum = if s == 0 { *c } else { *sum + c });
        }
    }
    for (i, sums) in samples.zip(&sums) {
        let out = &mut call.output[i * call.output_stride..][rows.clone()];
        let scale = call.scale.map(|scale| &scale[rows.clone()]);
        tier.finish(sums, scale, &call.bias[rows.clone()], call.relu, out);
    }
}

/// An array that is stored as panels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored<'a, T, K> {
    pub(super) tier: K,
    pub(super) elements: &'a [T],
    pub(super) tiling: Tiling,
}

impl<T: Copy, K: Chains<T>> Source<T> for Stored<'_, T, K> {
    fn tiling(&self) -> Tiling {
        self.tiling
    }
    fn cols(&self) -> usize {
        self.tiling.units()
    }
    fn unit_columns(&self) -> usize {
        1
    }
    fn one_sample(&self, tile: &Tile, x: &[f32], chains: &mut [TileRows; SEGMENTS]) {
        let segments = std::array::from_fn(|s| {
            let units = segment(self.tiling.units(), s);
            Segment { vectors: vectors(self.elements, tile, units.clone()), x: &x[units] }
        });
        self.tier.gemv(tile, &segments, chains);
    }
    fn room(&self, _: usize) -> usize {
        // A column of a full tile is four lines, of which a panel reads one: 64 of them take half of the L1 sets that they map to.
        64
    }
    fn panel<'a>(&'a self, tile: &Tile, vector: usize, units: Range<usize>, _: &'a mut [f32]) -> Panel<'a, T> {
        Panel { vectors: vectors(self.elements, tile, units), stride: tile.vectors, first: vector }
    }
}

/// All vectors of some units of a tile.
pub(super) fn vectors<'a, T>(elements: &'a [T], tile: &Tile, units: Range<usize>) -> &'a [Rows<T>] {
    let start = |unit: usize| tile.start + unit * tile.vectors * LANES;
    elements[start(units.start)..start(units.end)].as_chunks().0
}

/// An array of packed words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packed<'a, C, E> {
    pub(super) words: Words<'a>,
    /// `chains(tile, words, x, chains)`: the chains of a segment of a tile for one sample.
    pub(super) chains: C,
    /// `expand(words, first, stride, out)`: the weights of the words at `first`, `first + stride`, ...; one vector of `out` per column.
    pub(super) expand: E,
}

impl<C, E> Source<f32> for Packed<'_, C, E>
where
    C: Fn(&Tile, &[Rows<u32>], &[f32], &mut TileRows),
    E: Fn(&[Rows<u32>], usize, usize, &mut [Rows<f32>]),
{
    fn tiling(&self) -> Tiling {
        self.words.tiling()
    }
    fn cols(&self) -> usize {
        self.words.cols()
    }
    fn unit_columns(&self) -> usize {
        self.words.layout().columns()
    }
    fn one_sample(&self, tile: &Tile, x: &[f32], chains: &mut [TileRows; SEGMENTS]) {
        for (s, chains) in chains.iter_mut().enumerate() {
            let units = segment(self.tiling().units(), s);
            let x = &x[units.start * self.unit_columns()..units.end * self.unit_columns()];
            (self.chains)(tile, vectors(self.words.raw(), tile, units), x, chains);
        }
    }
    fn room(&self, floats: usize) -> usize {
        floats / (LANES * self.unit_columns())
    }
    fn panel<'a>(&'a self, tile: &Tile, vector: usize, units: Range<usize>, scratch: &'a mut [f32]) -> Panel<'a, f32> {
        let out = &mut scratch.as_chunks_mut().0[..units.len() * self.unit_columns()];
        (self.expand)(vectors(self.words.raw(), tile, units), vector, tile.vectors, out);
        Panel { vectors: out, stride: 1, first: 0 }
    }
}
