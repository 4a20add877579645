//! Order class F on SIMD: the loops around a tier's two inner loops, the same for every tier and encoding.
//!
//! The inner loops only ever see **panels**: columns of 16-row vectors, one multiply-add per element. Dense arrays are stored as panels.
//! Packed ones are expanded, a few columns at a time, into the call's scratch (16 KiB: it stays in L1), where every sample of a batch
//! finds them decoded. A chain that a block of columns cuts continues through memory, which changes no bit of it.

use super::LinearCall;
use super::segments::{SEGMENTS, segment};
use crate::encoding::tiles::{LANES, TILE_ROWS, Tile, Tiling};
use std::ops::Range;

/// One vector of 16 rows.
pub(super) type Rows<T> = [T; LANES];
/// One number per row of a tile.
pub(super) type TileRows = [f32; TILE_ROWS];
/// Samples whose chains are kept while a panel is in scratch.
const CHUNK: usize = 32;

/// Weights, column by column: column `k` of vector `v` is `vectors[k * stride + v]`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panel<'a, T> {
    pub(super) vectors: &'a [Rows<T>],
    /// Vectors from one column to the next.
    pub(super) stride: usize,
}

/// A panel of all the vectors of a tile, and the activation of each column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stream<'a, T> {
    pub(super) panel: Panel<'a, T>,
    pub(super) x: &'a [f32],
}

/// The two inner loops of a tier. Implemented by its token: whoever holds one may call.
pub(super) trait Chains<T>: Copy {
    /// Samples that `gemm` takes at once.
    const SAMPLES: usize;

    /// One sample: continues one chain per stream and row of the tile. The first stream is the longest, or as long as the others.
    fn gemv(self, tile: &Tile, streams: &[Stream<'_, T>], chains: &mut [TileRows]);

    /// Up to `SAMPLES` samples: continues one chain per sample and row of the panel's first vector, of which `rows` are real.
    /// Every `xs` has as many elements as the panel has columns.
    fn gemm(self, panel: Panel<'_, T>, rows: usize, xs: &[&[f32]], chains: &mut [Rows<f32>]);

    /// [`super::segments::finish`], in the tier's vectors.
    fn finish(self, sums: &[f32], scale: Option<&[f32]>, bias: &[f32], relu: bool, out: &mut [f32]);
}

/// Where panels come from.
pub(super) trait Source<T> {
    /// The order of the stored elements.
    fn tiling(&self) -> Tiling;
    /// Columns of the layer.
    fn cols(&self) -> usize;
    /// Columns of a unit.
    fn unit_columns(&self) -> usize;
    /// Segments of a tile that are worked on at the same time.
    fn streams(&self, vectors: usize) -> usize;
    /// Units of a panel of `vectors` vectors that `floats` floats of scratch have room for; at least 1.
    fn room(&self, vectors: usize, floats: usize) -> usize;
    /// The panel of some vectors and units of a tile.
    fn panel<'a>(&'a self, tile: &Tile, vectors: Range<usize>, units: Range<usize>, scratch: &'a mut [f32]) -> Panel<'a, T>;
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

/// A tile for one sample. Few rows have few chains: several segments then run side by side, to hide the latency of the fma.
fn one_sample<T: Copy>(tier: impl Chains<T>, source: &impl Source<T>, tile: &Tile, call: &mut LinearCall<'_>) {
    let (units, width) = (source.tiling().units(), source.unit_columns());
    let streams = source.streams(tile.vectors);
    let mut chains = [[0.0; TILE_ROWS]; SEGMENTS];
    let share = call.scratch.len() / streams;
    let room = source.room(tile.vectors, share);
    for first in (0..SEGMENTS).step_by(streams) {
        let longest = segment(units, first);
        for start in (0..longest.len()).step_by(room) {
            let mut scratch = call.scratch.chunks_exact_mut(share);
            let blocks: [Stream<'_, T>; SEGMENTS] = std::array::from_fn(|i| {
                let Some(scratch) = scratch.next().filter(|_| i < streams) else {
                    return Stream { panel: Panel { vectors: &[], stride: tile.vectors }, x: &[] };
                };
                let all = segment(units, first + i);
                let block = (all.start + start).min(all.end)..(all.start + start + room).min(all.end);
                let x = &call.input[block.start * width..block.end * width];
                Stream { panel: source.panel(tile, 0..tile.vectors, block, scratch), x }
            });
            tier.gemv(tile, &blocks[..streams], &mut chains[first..first + streams]);
        }
    }
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
    let room = source.room(1, call.scratch.len());
    let groups = count.div_ceil(count.div_ceil(K::SAMPLES));
    let mut sums = [[0.0; LANES]; CHUNK];
    let mut chains = [[0.0; LANES]; CHUNK];
    for s in 0..SEGMENTS {
        let all = segment(units, s);
        chains[..count].fill([0.0; LANES]);
        for start in all.clone().step_by(room) {
            let block = start..(start + room).min(all.end);
            let panel = source.panel(tile, vector..vector + 1, block.clone(), call.scratch);
            for first in (0..count).step_by(groups) {
                let group = first..(first + groups).min(count);
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
pub(super) struct Stored<'a, T> {
    pub(super) elements: &'a [T],
    pub(super) tiling: Tiling,
}

impl<T> Source<T> for Stored<'_, T> {
    fn tiling(&self) -> Tiling {
        self.tiling
    }
    fn cols(&self) -> usize {
        self.tiling.units()
    }
    fn unit_columns(&self) -> usize {
        1
    }
    fn streams(&self, _: usize) -> usize {
        SEGMENTS
    }
    fn room(&self, _: usize, _: usize) -> usize {
        self.tiling.units().max(1)
    }
    fn panel<'a>(&'a self, tile: &Tile, vectors: Range<usize>, units: Range<usize>, _: &'a mut [f32]) -> Panel<'a, T> {
        Panel { vectors: columns(self.elements, tile, vectors.start, units), stride: tile.vectors }
    }
}

/// The stored vectors of some units of a tile, from its vector `first` on.
fn columns<'a, T>(elements: &'a [T], tile: &Tile, first: usize, units: Range<usize>) -> &'a [Rows<T>] {
    let vectors = |unit: usize| tile.start + unit * tile.vectors * LANES;
    let (vectors, _) = elements[vectors(units.start)..vectors(units.end)].as_chunks();
    vectors.get(first..).unwrap_or_default()
}

/// An array of packed words, and how a word of each of 16 rows is expanded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packed<'a, E> {
    pub(super) words: crate::encoding::words::Words<'a>,
    /// `expand(words, from, out, to)`: decodes the words of one vector, `from` vectors apart, to columns `to` vectors apart.
    pub(super) expand: E,
}

impl<E: Fn(&[Rows<u32>], usize, &mut [Rows<f32>], usize)> Source<f32> for Packed<'_, E> {
    fn tiling(&self) -> Tiling {
        self.words.tiling()
    }
    fn cols(&self) -> usize {
        self.words.cols()
    }
    fn unit_columns(&self) -> usize {
        self.words.layout().columns()
    }
    fn streams(&self, vectors: usize) -> usize {
        if vectors > 2 { 1 } else { SEGMENTS / vectors }
    }
    fn room(&self, vectors: usize, floats: usize) -> usize {
        floats / (vectors * LANES * self.unit_columns())
    }
    fn panel<'a>(&'a self, tile: &Tile, vectors: Range<usize>, units: Range<usize>, scratch: &'a mut [f32]) -> Panel<'a, f32> {
        let stride = vectors.len();
        let (out, _) = scratch.as_chunks_mut();
        let out = &mut out[..units.len() * self.unit_columns() * stride];
        for (to, from) in vectors.enumerate() {
            let words = columns(self.words.raw(), tile, from, units.clone());
            if !words.is_empty() {
                (self.expand)(words, tile.vectors, &mut out[to..], stride);
            }
        }
        Panel { vectors: out, stride }
    }
}
