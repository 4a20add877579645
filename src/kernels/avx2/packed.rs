//! The loops over packed words: decode in registers, then one fma per column.
//!
//! A decoder takes a vector of 8 words to the weights of their next `G` columns, and to the words whose lowest field is the next column's.
//! One sample multiplies them at once; 4 halves of vectors share each broadcast activation. For several samples
//! they are stored as a panel.
#![allow(unsafe_code)] // calls into functions of this tier

use super::memory::{half, half_mut};
use super::memory::{load_words, store};
use super::proof;
use crate::encoding::tiles::{LANES, Tile};
use crate::encoding::words::Words;
use crate::kernels::LinearCall;
use crate::kernels::panels::{self, Array, Rows, Segment, TileRows};
use crate::kernels::segments::SEGMENTS;
use std::arch::x86_64::{__m256, __m256i, _mm256_fmadd_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_setzero_si256};

/// Halves of vectors whose words and chains are in registers.
const SHARE: usize = 4;

/// How 8 words become weights, `G` columns at a time. `G` divides the columns of a word.
pub(super) trait Decode<const G: usize>: Copy {
    /// The weights of the next `G` columns of 8 rows, and the rest of the words.
    ///
    /// # Safety
    /// The processor has this tier's features.
    unsafe fn decode(&self, words: __m256i) -> ([__m256; G], __m256i);
}

/// Runs a layer of packed words of order class F.
pub(super) fn linear<const G: usize>(words: Words<'_>, decoder: &impl Decode<G>, call: &mut LinearCall<'_>) {
    let tier = proof();
    let columns = words.layout().columns();
    let chains = |tile: &Tile, segments: &[Segment<'_, u32>; SEGMENTS], chains: &mut [TileRows; SEGMENTS]| {
        // SAFETY: `tier` proves the features.
        unsafe { tile_chains(decoder, tile, columns, segments, chains) }
    };
    let expand = |words: &[Rows<u32>], first: usize, stride: usize, out: &mut [Rows<f32>]| {
        // SAFETY: `tier` proves the features.
        unsafe { expand(decoder, words, first, stride, columns, out) }
    };
    let array =
        Array { elements: words.raw(), tiling: words.tiling(), cols: words.cols(), unit_columns: columns, chains, expand };
    panels::linear(tier, &array, call);
}

/// Chooses the loops for the tile's shape: its halves that hold real rows, at most [`SHARE`] at a time.
#[target_feature(enable = "avx2,fma,f16c")]
fn tile_chains<const G: usize>(
    decoder: &impl Decode<G>,
    tile: &Tile,
    columns: usize,
    segments: &[Segment<'_, u32>; SEGMENTS],
    chains: &mut [TileRows; SEGMENTS],
) {
    macro_rules! halves {
        ($vectors:literal: $($first:literal + $count:literal),*) => {
            for (segment, chains) in segments.iter().zip(chains) {
                $(halves::<_, G, $vectors, $first, $count>(decoder, columns, *segment, chains);)*
            }
        };
    }
    match (tile.vectors, tile.rows.div_ceil(LANES / 2)) {
        (4, 8) => halves!(4: 0 + 4, 4 + 4),
        (4, _) => halves!(4: 0 + 4, 4 + 3),
        (3, 6) => halves!(3: 0 + 4, 4 + 2),
        (3, _) => halves!(3: 0 + 4, 4 + 1),
        (2, 4) => halves!(2: 0 + 4),
        (2, _) => halves!(2: 0 + 3),
        (_, 2) => halves!(1: 0 + 2),
        _ => halves!(1: 0 + 1),
    }
}

/// One sample: `COUNT` halves from half `FIRST` of a tile of `VECTORS` vectors.
#[target_feature(enable = "avx2,fma,f16c")]
fn halves<D: Decode<G>, const G: usize, const VECTORS: usize, const FIRST: usize, const COUNT: usize>(
    decoder: &D,
    columns: usize,
    segment: Segment<'_, u32>,
    chains: &mut TileRows,
) {
    const { assert!(COUNT <= SHARE && FIRST + COUNT <= 2 * VECTORS) };
    let decoder = *decoder;
    let mut c = [_mm256_setzero_ps(); COUNT];
    for (words, x) in segment.vectors.as_chunks::<VECTORS>().0.iter().zip(segment.x.chunks_exact(columns)) {
        let mut word = [_mm256_setzero_si256(); COUNT];
        for (h, word) in word.iter_mut().enumerate() {
            *word = load_words(half(&words[(FIRST + h) / 2], (FIRST + h) % 2));
        }
        for x in x.as_chunks::<G>().0 {
            for (c, word) in c.iter_mut().zip(&mut word) {
                // SAFETY: this function has the tier's features.
                let (weights, rest) = unsafe { decoder.decode(*word) };
                *word = rest;
                for (w, x) in weights.into_iter().zip(x) {
                    *c = _mm256_fmadd_ps(w, _mm256_set1_ps(*x), *c);
                }
            }
        }
    }
    for (c, chain) in c.iter().zip(&mut chains.as_chunks_mut().0[FIRST..]) {
        store(chain, *c);
    }
}

/// The weights of one vector of 16 rows, as a panel.
#[target_feature(enable = "avx2,fma,f16c")]
fn expand<const G: usize>(
    decoder: &impl Decode<G>,
    words: &[Rows<u32>],
    first: usize,
    stride: usize,
    columns: usize,
    out: &mut [Rows<f32>],
) {
    let decoder = *decoder;
    for (words, out) in words.chunks_exact(stride).zip(out.chunks_exact_mut(columns)) {
        for h in 0..2 {
            let mut word = load_words(half(&words[first], h));
            for out in out.as_chunks_mut::<G>().0 {
                // SAFETY: this function has the tier's features.
                let (weights, rest) = unsafe { decoder.decode(word) };
                word = rest;
                for (out, w) in out.iter_mut().zip(weights) {
                    store(half_mut(out, h), w);
                }
            }
        }
    }
}
