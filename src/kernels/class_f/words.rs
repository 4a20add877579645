//! Digits in words (fixed point, codebook): decode in registers, then one fma per column.
//!
//! A decoder takes a vector of words to the weights of their next `G` columns, and to the words whose lowest field is the next column's.
//! One sample multiplies them at once; up to 4 vectors share each broadcast activation. For several samples
//! they are stored as a panel.

use super::array::{Array, Segment, Segments, TileChains, TileRows};
use super::layer::linear;
use crate::encoding::tiles::Tile;
use crate::encoding::words::Words;
use crate::kernels::LinearCall;
use crate::kernels::simd::{Rows, Simd, part_of};

/// How a vector of words becomes weights, `G` columns at a time. `G` divides the columns of a word.
pub(in crate::kernels) trait Decode<S: Simd, const G: usize>: Copy {
    /// The weights of the next `G` columns, and the rest of the words. `#[inline(always)]`.
    fn decode(&self, simd: S, words: S::Words) -> ([S::Floats; G], S::Words);
}

/// Runs a layer.
pub(in crate::kernels) fn run<S: Simd, const G: usize>(
    simd: S,
    words: Words<'_>,
    decoder: &impl Decode<S, G>,
    call: &mut LinearCall<'_>,
) {
    let columns = words.layout().columns();
    let chains = |tile: &Tile, segments: &Segments<'_, u32>, chains: &mut TileChains| {
        tile_chains(simd, decoder, tile, columns, segments, chains);
    };
    let expand = |words: &[Rows<u32>], first: usize, stride: usize, out: &mut [Rows<f32>]| {
        simd.vectorize(
            out,
            #[inline(always)]
            |out| expand(simd, decoder, words, first, stride, columns, out),
        );
    };
    let (elements, tiling, cols) = (words.raw(), words.tiling(), words.cols());
    let array = Array { elements, tiling, cols, unit_columns: columns, chains: &chains, expand: &expand };
    linear(simd, &array, call);
}

/// The parts of the tile that hold real rows, 4 at a time: their words and chains stay in registers. Fewer may be left, at the end of a layer.
fn tile_chains<S: Simd, const G: usize>(
    simd: S,
    decoder: &impl Decode<S, G>,
    tile: &Tile,
    columns: usize,
    segments: &Segments<'_, u32>,
    chains: &mut TileChains,
) {
    let (parts, mut first) = (tile.rows.div_ceil(S::LANES), 0);
    while first < parts {
        macro_rules! counts {
            ($($counts:pat => $count:literal),*) => {
                match parts - first {
                    $($counts => {
                        simd.vectorize(
                            chains,
                            #[inline(always)]
                            |chains| for (segment, chains) in segments.iter().zip(chains) {
                                some_parts::<S, _, G, $count>(simd, decoder, [tile.vectors, columns, first], *segment, chains);
                            },
                        );
                        first += $count;
                    })*
                }
            };
        }
        counts!(4.. => 4, 2..4 => 2, _ => 1);
    }
}

/// One sample: `COUNT` parts from part `first` of a tile of `vectors` vectors.
#[inline(always)]
fn some_parts<S: Simd, D: Decode<S, G>, const G: usize, const COUNT: usize>(
    simd: S,
    decoder: &D,
    [vectors, columns, first]: [usize; 3],
    segment: Segment<'_, u32>,
    chains: &mut TileRows,
) {
    let decoder = *decoder;
    let mut c = [simd.zero(); COUNT];
    for (words, x) in segment.vectors.chunks_exact(vectors).zip(segment.x.chunks_exact(columns)) {
        let mut word = [simd.zero_words(); COUNT];
        for (i, word) in word.iter_mut().enumerate() {
            let (rows, part) = part_of::<S, _>(words, first + i);
            *word = simd.load_words(rows, part);
        }
        for x in x.as_chunks::<G>().0 {
            for (c, word) in c.iter_mut().zip(&mut word) {
                let (weights, rest) = decoder.decode(simd, *word);
                *word = rest;
                for (w, x) in weights.into_iter().zip(x) {
                    *c = simd.fma(w, simd.splat(*x), *c);
                }
            }
        }
    }
    for (i, c) in c.iter().enumerate() {
        simd.store(&mut chains.as_chunks_mut().0[(first + i) / S::PARTS], (first + i) % S::PARTS, *c);
    }
}

/// The weights of one vector of 16 rows, as a panel.
#[inline(always)]
fn expand<S: Simd, const G: usize>(
    simd: S,
    decoder: &impl Decode<S, G>,
    words: &[Rows<u32>],
    first: usize,
    stride: usize,
    columns: usize,
    out: &mut [Rows<f32>],
) {
    let decoder = *decoder;
    for (words, out) in words.chunks_exact(stride).zip(out.chunks_exact_mut(columns)) {
        for part in 0..S::PARTS {
            let mut word = simd.load_words(&words[first], part);
            for out in out.as_chunks_mut::<G>().0 {
                let (weights, rest) = decoder.decode(simd, word);
                word = rest;
                for (out, w) in out.iter_mut().zip(weights) {
                    simd.store(out, part, w);
                }
            }
        }
    }
}
