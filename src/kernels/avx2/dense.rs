//! Dense floats: one fma per element, `c = fma(w, x, c)`, in ascending columns.
//!
//! A stored vector of 16 rows is two of 8 lanes. An fma takes 4 cycles and two start per cycle, so 8 chains keep it busy: a full tile
//! has them; smaller ones run two or four segments side by side. Weights are memory operands, each activation is broadcast once
//! per column. The upper half of a tile's last vector is skipped when it holds padding rows only. Elements of 16 bits are widened as they
//! are loaded.
#![allow(unsafe_code)] // calls into functions of this tier

use super::memory::{HALF, half, half_mut, load, load_halves, store};
use super::{WRONG, proof};
use crate::encoding::Weights;
use crate::encoding::tiles::{Tile, Tiling};
use crate::kernels::LinearCall;
use crate::kernels::panels::{self, Array, Rows, Segment, TileRows};
use crate::kernels::segments::SEGMENTS;
use std::arch::x86_64::{__m256, _mm256_cvtph_ps, _mm256_fmadd_ps, _mm256_set1_ps, _mm256_setzero_ps};
use std::ops::Range;

type Segments<'a, T> = [Segment<'a, T>; SEGMENTS];
type TileChains = [TileRows; SEGMENTS];
type Expand<T> = unsafe fn(&[Rows<T>], usize, usize, &mut [Rows<f32>]);

pub(super) fn run_f32(weights: &Weights<'_>, _: &[u32], call: &mut LinearCall<'_>) {
    #[target_feature(enable = "avx2,fma,f16c")]
    fn chains(tile: &Tile, segments: &Segments<'_, f32>, chains: &mut TileChains) {
        gemv(tile, segments, chains, |w: &[f32; HALF]| load(w));
    }
    #[target_feature(enable = "avx2,fma,f16c")]
    fn expand_all(vectors: &[Rows<f32>], first: usize, stride: usize, panel: &mut [Rows<f32>]) {
        expand(vectors, first, stride, panel, |w: &[f32; HALF]| load(w));
    }
    let Weights::DenseF32(w) = *weights else { panic!("{WRONG}") };
    linear(w.raw(), w.tiling(), call, chains, expand_all);
}

pub(super) fn run_f16(weights: &Weights<'_>, _: &[u32], call: &mut LinearCall<'_>) {
    #[target_feature(enable = "avx2,fma,f16c")]
    fn chains(tile: &Tile, segments: &Segments<'_, u16>, chains: &mut TileChains) {
        gemv(tile, segments, chains, |w: &[u16; HALF]| _mm256_cvtph_ps(load_halves(w)));
    }
    #[target_feature(enable = "avx2,fma,f16c")]
    fn expand_all(vectors: &[Rows<u16>], first: usize, stride: usize, panel: &mut [Rows<f32>]) {
        expand(vectors, first, stride, panel, |w: &[u16; HALF]| _mm256_cvtph_ps(load_halves(w)));
    }
    let Weights::DenseF16(w) = *weights else { panic!("{WRONG}") };
    linear(w.raw(), w.tiling(), call, chains, expand_all);
}

/// Runs a layer; the two functions are this file's, which need this tier's features and no more.
fn linear<T>(
    elements: &[T],
    tiling: Tiling,
    call: &mut LinearCall<'_>,
    chains: unsafe fn(&Tile, &Segments<'_, T>, &mut TileChains),
    expand: Expand<T>,
) {
    let tier = proof();
    let chains = |tile: &Tile, segments: &Segments<'_, T>, out: &mut TileChains| {
        // SAFETY: `tier` proves the features, all that the function asks for.
        unsafe { chains(tile, segments, out) }
    };
    let expand = |vectors: &[Rows<T>], first: usize, stride: usize, panel: &mut [Rows<f32>]| {
        // SAFETY: `tier` proves the features, all that the function asks for.
        unsafe { expand(vectors, first, stride, panel) }
    };
    panels::linear(tier, &Array { elements, tiling, cols: tiling.units(), unit_columns: 1, chains, expand }, call);
}

/// Chooses the loop for the tile's shape: its vectors, the halves that hold real rows, the segments at a time.
#[target_feature(enable = "avx2,fma,f16c")]
fn gemv<T: Copy>(tile: &Tile, segments: &Segments<'_, T>, chains: &mut TileChains, load: impl Fn(&[T; HALF]) -> __m256 + Copy) {
    match (tile.vectors, tile.rows.div_ceil(HALF)) {
        (4, 8) => side_by_side::<T, 4, 8, 1>(segments, chains, load),
        (4, _) => side_by_side::<T, 4, 7, 1>(segments, chains, load),
        (3, 6) => side_by_side::<T, 3, 6, 2>(segments, chains, load),
        (3, _) => side_by_side::<T, 3, 5, 2>(segments, chains, load),
        (2, 4) => side_by_side::<T, 2, 4, 2>(segments, chains, load),
        (2, _) => side_by_side::<T, 2, 3, 4>(segments, chains, load),
        (_, 2) => side_by_side::<T, 1, 2, 4>(segments, chains, load),
        _ => side_by_side::<T, 1, 1, 4>(segments, chains, load),
    }
}

/// All segments, `AT_ONCE` at a time.
#[target_feature(enable = "avx2,fma,f16c")]
fn side_by_side<T: Copy, const VECTORS: usize, const HALVES: usize, const AT_ONCE: usize>(
    segments: &Segments<'_, T>,
    chains: &mut TileChains,
    load: impl Fn(&[T; HALF]) -> __m256 + Copy,
) {
    let (segments, chains) = (segments.as_chunks::<AT_ONCE>().0, chains.as_chunks_mut::<AT_ONCE>().0);
    for (segments, chains) in segments.iter().zip(chains) {
        let common = segments[AT_ONCE - 1].x.len();
        columns::<T, VECTORS, HALVES, AT_ONCE>(segments, 0..common, chains, load);
        for (segment, chain) in segments.iter().zip(chains) {
            // The last segments may be shorter than the first.
            let rest = common..segment.x.len();
            columns::<T, VECTORS, HALVES, 1>(&[*segment], rest, std::array::from_mut(chain), load);
        }
    }
}

/// One sample: continues the chains of `COUNT` segments over some columns, in the first `HALVES` halves of `VECTORS` vectors.
#[target_feature(enable = "avx2,fma,f16c")]
fn columns<T: Copy, const VECTORS: usize, const HALVES: usize, const COUNT: usize>(
    segments: &[Segment<'_, T>; COUNT],
    columns: Range<usize>,
    chains: &mut [TileRows; COUNT],
    load_weights: impl Fn(&[T; HALF]) -> __m256 + Copy,
) {
    if columns.is_empty() {
        return;
    }
    let len = columns.len();
    let mut weights: [&[[Rows<T>; VECTORS]]; COUNT] = [&[]; COUNT];
    let mut x: [&[f32]; COUNT] = [&[]; COUNT];
    let mut c = [[_mm256_setzero_ps(); HALVES]; COUNT];
    for s in 0..COUNT {
        // Cut to one length that the compiler knows: no check is left in the loop.
        weights[s] = &segments[s].vectors.as_chunks().0[columns.start..][..len];
        x[s] = &segments[s].x[columns.start..][..len];
        for (c, chain) in c[s].iter_mut().zip(chains[s].as_chunks().0) {
            *c = load(chain);
        }
    }
    for k in 0..len {
        for s in 0..COUNT {
            let x = _mm256_set1_ps(x[s][k]);
            for (h, c) in c[s].iter_mut().enumerate() {
                *c = _mm256_fmadd_ps(load_weights(half(&weights[s][k][h / 2], h % 2)), x, *c);
            }
        }
    }
    for (c, chain) in c.iter().zip(chains) {
        for (c, chain) in c.iter().zip(chain.as_chunks_mut().0) {
            store(chain, *c);
        }
    }
}

/// The weights of one vector of 16 rows, as a panel.
#[target_feature(enable = "avx2,fma,f16c")]
fn expand<T>(
    vectors: &[Rows<T>],
    first: usize,
    stride: usize,
    panel: &mut [Rows<f32>],
    load_weights: impl Fn(&[T; HALF]) -> __m256 + Copy,
) {
    for (vectors, out) in vectors.chunks_exact(stride).zip(panel) {
        for h in 0..2 {
            store(half_mut(out, h), load_weights(half(&vectors[first], h)));
        }
    }
}
