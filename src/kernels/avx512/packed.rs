//! The loops over packed words: decode in registers, then one fma per column.
//!
//! A decoder takes a vector of 16 words to the weights of their next column, and to the words whose lowest field is the one after. One
//! sample multiplies them at once; the vectors of a tile share each broadcast activation. For several samples they are stored as a
//! panel.
#![allow(unsafe_code)] // calls into functions of this tier

use super::memory::{load_words, store};
use super::proof;
use crate::encoding::tiles::Tile;
use crate::encoding::words::Words;
use crate::kernels::LinearCall;
use crate::kernels::panels::{self, Array, Rows, Segment, TileRows};
use crate::kernels::segments::SEGMENTS;
use std::arch::x86_64::{__m512, __m512i, _mm512_fmadd_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512};

/// How 16 words become weights, one column at a time.
pub(super) trait Decode: Copy {
    /// The weights of the next column of 16 rows, and the rest of the words.
    ///
    /// # Safety
    /// The processor has this tier's features.
    unsafe fn decode(&self, words: __m512i) -> (__m512, __m512i);
}

/// Runs a layer of packed words of order class F.
pub(super) fn linear(words: Words<'_>, decoder: &impl Decode, call: &mut LinearCall<'_>) {
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

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
fn tile_chains(
    decoder: &impl Decode,
    tile: &Tile,
    columns: usize,
    segments: &[Segment<'_, u32>; SEGMENTS],
    chains: &mut [TileRows; SEGMENTS],
) {
    for (segment, chains) in segments.iter().zip(chains) {
        match tile.vectors {
            4 => vectors::<_, 4>(decoder, columns, *segment, chains),
            3 => vectors::<_, 3>(decoder, columns, *segment, chains),
            2 => vectors::<_, 2>(decoder, columns, *segment, chains),
            _ => vectors::<_, 1>(decoder, columns, *segment, chains),
        }
    }
}

/// One sample, a tile of `VECTORS` vectors.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
fn vectors<D: Decode, const VECTORS: usize>(decoder: &D, columns: usize, segment: Segment<'_, u32>, chains: &mut TileRows) {
    let decoder = *decoder;
    let mut c = [_mm512_setzero_ps(); VECTORS];
    for (words, x) in segment.vectors.as_chunks::<VECTORS>().0.iter().zip(segment.x.chunks_exact(columns)) {
        let mut word = [_mm512_setzero_si512(); VECTORS];
        for (word, words) in word.iter_mut().zip(words) {
            *word = load_words(words);
        }
        for x in x {
            let x = _mm512_set1_ps(*x);
            for (c, word) in c.iter_mut().zip(&mut word) {
                // SAFETY: this function has the tier's features.
                let (weights, rest) = unsafe { decoder.decode(*word) };
                *word = rest;
                *c = _mm512_fmadd_ps(weights, x, *c);
            }
        }
    }
    for (c, chain) in c.iter().zip(chains.as_chunks_mut().0) {
        store(chain, *c);
    }
}

/// The weights of one vector of 16 rows, as a panel.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
fn expand(decoder: &impl Decode, words: &[Rows<u32>], first: usize, stride: usize, columns: usize, out: &mut [Rows<f32>]) {
    let decoder = *decoder;
    for (words, out) in words.chunks_exact(stride).zip(out.chunks_exact_mut(columns)) {
        let mut word = load_words(&words[first]);
        for out in out {
            // SAFETY: this function has the tier's features.
            let (weights, rest) = unsafe { decoder.decode(word) };
            word = rest;
            store(out, weights);
        }
    }
}
