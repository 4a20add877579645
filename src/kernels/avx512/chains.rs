//! The inner loops of order class F: one fma per element, `c = fma(w, x, c)`, in ascending columns.
//!
//! An fma takes 4 cycles and one or two start per cycle, so 8 chains keep it busy:
//! - one sample: all vectors of a tile, a broadcast activation per column, the weights as memory operands; two or four segments
//!   side by side give 4 to 8 chains.
//! - several samples: one vector, loaded once, times up to 8 activations, broadcast by the fma itself.
//!
//! Elements of any kind come through `load`.
#![allow(unsafe_code)] // one call into a function of this tier per method

use super::Avx512;
use super::memory::{load, load_halves, store};
use crate::encoding::tiles::{LANES, Tile};
use crate::kernels::panels::{Chains, Panel, Rows, Segment, TileRows};
use crate::kernels::segments::{self, SEGMENTS};
use std::arch::x86_64::{__m512, _mm512_cvtph_ps, _mm512_fmadd_ps, _mm512_set1_ps, _mm512_setzero_ps};
use std::ops::Range;

type Segments<'a, T> = [Segment<'a, T>; SEGMENTS];
type TileChains = [TileRows; SEGMENTS];

macro_rules! chains {
    ($element:ty, $load:expr) => {
        impl Chains<$element> for Avx512 {
            const SAMPLES: usize = 8;

            fn gemv(self, tile: &Tile, segments: &Segments<'_, $element>, chains: &mut TileChains) {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
                fn inner(tile: &Tile, segments: &Segments<'_, $element>, chains: &mut TileChains) {
                    gemv(tile, segments, chains, $load);
                }
                // SAFETY: `self` proves the features.
                unsafe { inner(tile, segments, chains) }
            }

            fn gemm(self, panel: Panel<'_, $element>, _: usize, xs: &[&[f32]], chains: &mut [Rows<f32>]) {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
                fn inner(panel: Panel<'_, $element>, xs: &[&[f32]], chains: &mut [Rows<f32>]) {
                    gemm(panel, xs, chains, $load);
                }
                // SAFETY: `self` proves the features.
                unsafe { inner(panel, xs, chains) }
            }

            fn finish(self, sums: &[f32], scale: Option<&[f32]>, bias: &[f32], relu: bool, out: &mut [f32]) {
                // SAFETY: `self` proves the features.
                unsafe { finish(sums, scale, bias, relu, out) }
            }
        }
    };
}

chains!(f32, |w: &Rows<f32>| load(w));
chains!(u16, |w: &Rows<u16>| _mm512_cvtph_ps(load_halves(w)));

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
pub(super) fn finish(sums: &[f32], scale: Option<&[f32]>, bias: &[f32], relu: bool, out: &mut [f32]) {
    segments::finish(sums, scale, bias, relu, out);
}

/// Chooses the loop for the tile's shape: its vectors, and the segments at a time.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
fn gemv<T: Copy>(tile: &Tile, segments: &Segments<'_, T>, chains: &mut TileChains, load: impl Fn(&Rows<T>) -> __m512 + Copy) {
    match tile.vectors {
        4 => side_by_side::<T, 4, 2>(segments, chains, load),
        3 => side_by_side::<T, 3, 2>(segments, chains, load),
        2 => side_by_side::<T, 2, 4>(segments, chains, load),
        _ => side_by_side::<T, 1, 4>(segments, chains, load),
    }
}

/// All segments, `AT_ONCE` at a time.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
fn side_by_side<T: Copy, const VECTORS: usize, const AT_ONCE: usize>(
    segments: &Segments<'_, T>,
    chains: &mut TileChains,
    load: impl Fn(&Rows<T>) -> __m512 + Copy,
) {
    let (segments, chains) = (segments.as_chunks::<AT_ONCE>().0, chains.as_chunks_mut::<AT_ONCE>().0);
    for (segments, chains) in segments.iter().zip(chains) {
        let common = segments[AT_ONCE - 1].x.len();
        columns::<T, VECTORS, AT_ONCE>(segments, 0..common, chains, load);
        for (segment, chain) in segments.iter().zip(chains) {
            // The last segments may be shorter than the first.
            let rest = common..segment.x.len();
            columns::<T, VECTORS, 1>(&[*segment], rest, std::array::from_mut(chain), load);
        }
    }
}

/// One sample: continues the chains of `COUNT` segments over some columns, in a tile of `VECTORS` vectors.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
fn columns<T: Copy, const VECTORS: usize, const COUNT: usize>(
    segments: &[Segment<'_, T>; COUNT],
    columns: Range<usize>,
    chains: &mut [TileRows; COUNT],
    load_weights: impl Fn(&Rows<T>) -> __m512 + Copy,
) {
    if columns.is_empty() {
        return;
    }
    let len = columns.len();
    let mut weights: [&[[Rows<T>; VECTORS]]; COUNT] = [&[]; COUNT];
    let mut x: [&[f32]; COUNT] = [&[]; COUNT];
    let mut c = [[_mm512_setzero_ps(); VECTORS]; COUNT];
    for s in 0..COUNT {
        // Cut to one length that the compiler knows: no check is left in the loop.
        weights[s] = &segments[s].vectors.as_chunks().0[columns.start..][..len];
        x[s] = &segments[s].x[columns.start..][..len];
        for (c, chain) in c[s].iter_mut().zip(chains[s].as_chunks::<LANES>().0) {
            *c = load(chain);
        }
    }
    for k in 0..len {
        for s in 0..COUNT {
            let x = _mm512_set1_ps(x[s][k]);
            for (c, w) in c[s].iter_mut().zip(&weights[s][k]) {
                *c = _mm512_fmadd_ps(load_weights(w), x, *c);
            }
        }
    }
    for (c, chain) in c.iter().zip(chains) {
        for (c, chain) in c.iter().zip(chain.as_chunks_mut().0) {
            store(chain, *c);
        }
    }
}

/// Chooses the loop for the samples given.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
fn gemm<T: Copy>(panel: Panel<'_, T>, xs: &[&[f32]], chains: &mut [Rows<f32>], load: impl Fn(&Rows<T>) -> __m512 + Copy) {
    match xs.len() {
        1 => block::<T, 1>(panel, xs, chains, load),
        2 => block::<T, 2>(panel, xs, chains, load),
        3 => block::<T, 3>(panel, xs, chains, load),
        4 => block::<T, 4>(panel, xs, chains, load),
        5 => block::<T, 5>(panel, xs, chains, load),
        6 => block::<T, 6>(panel, xs, chains, load),
        7 => block::<T, 7>(panel, xs, chains, load),
        8 => block::<T, 8>(panel, xs, chains, load),
        count => panic!("invariant: at most 8 samples, not {count}"),
    }
}

/// Several samples of one panel.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
fn block<T: Copy, const SAMPLES: usize>(
    panel: Panel<'_, T>,
    samples: &[&[f32]],
    chains: &mut [Rows<f32>],
    load_weights: impl Fn(&Rows<T>) -> __m512 + Copy,
) {
    let len = samples[0].len();
    let mut xs: [&[f32]; SAMPLES] = [&[]; SAMPLES];
    let mut c = [_mm512_setzero_ps(); SAMPLES];
    for i in 0..SAMPLES {
        // Cut to one length that the compiler knows: no check is left in the loop.
        xs[i] = &samples[i][..len];
        c[i] = load(&chains[i]);
    }
    assert!(panel.first < panel.stride);
    for (column, k) in panel.vectors.chunks_exact(panel.stride).zip(0..len) {
        let w = load_weights(&column[panel.first]);
        for (c, x) in c.iter_mut().zip(xs) {
            *c = _mm512_fmadd_ps(w, _mm512_set1_ps(x[k]), *c);
        }
    }
    for (c, chain) in c.iter().zip(chains) {
        store(chain, *c);
    }
}
