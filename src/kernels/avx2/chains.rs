//! The inner loops of order class F: one fma per element, `c = fma(w, x, c)`, in ascending columns.
//!
//! A stored vector of 16 rows is two of 8 lanes. An fma takes 4 cycles and two start per cycle, so 8 chains keep it busy:
//! - one sample: all vectors of a tile, a broadcast activation per column, the weights as memory operands. A full tile has its 8
//!   chains; smaller ones run 2 or 4 segments side by side.
//! - several samples: the two halves of one vector, loaded once, times up to 6 broadcast activations: 12 chains, 2 + 1 + 12 registers.
//!
//! The upper half of a tile's last vector is skipped when it holds padding rows only. Elements of any kind come through `load`.
#![allow(unsafe_code)] // one call into a function of this tier per method

use super::Avx2;
use super::memory::{load, load_halves, store};
use crate::encoding::tiles::{LANES, Tile};
use crate::kernels::panels::{Chains, Panel, Rows, Segment, TileRows};
use crate::kernels::segments::{self, SEGMENTS};
use std::arch::x86_64::{__m256, _mm256_cvtph_ps, _mm256_fmadd_ps, _mm256_set1_ps, _mm256_setzero_ps};
use std::ops::Range;

type Segments<'a, T> = [Segment<'a, T>; SEGMENTS];
type TileChains = [TileRows; SEGMENTS];
/// Lanes of a vector of this tier.
const HALF: usize = LANES / 2;

macro_rules! chains {
    ($element:ty, $load:expr) => {
        impl Chains<$element> for Avx2 {
            const SAMPLES: usize = 6;

            fn gemv(self, tile: &Tile, segments: &Segments<'_, $element>, chains: &mut TileChains) {
                #[target_feature(enable = "avx2,fma,f16c")]
                fn inner(tile: &Tile, segments: &Segments<'_, $element>, chains: &mut TileChains) {
                    gemv(tile, segments, chains, $load);
                }
                // SAFETY: `self` proves the features.
                unsafe { inner(tile, segments, chains) }
            }

            fn gemm(self, panel: Panel<'_, $element>, rows: usize, xs: &[&[f32]], chains: &mut [Rows<f32>]) {
                #[target_feature(enable = "avx2,fma,f16c")]
                fn inner(panel: Panel<'_, $element>, rows: usize, xs: &[&[f32]], chains: &mut [Rows<f32>]) {
                    gemm(panel, rows, xs, chains, $load);
                }
                // SAFETY: `self` proves the features.
                unsafe { inner(panel, rows, xs, chains) }
            }

            fn finish(self, sums: &[f32], scale: Option<&[f32]>, bias: &[f32], relu: bool, out: &mut [f32]) {
                // SAFETY: `self` proves the features.
                unsafe { finish(sums, scale, bias, relu, out) }
            }
        }
    };
}

chains!(f32, |w: &[f32; HALF]| load(w));
chains!(u16, |w: &[u16; HALF]| _mm256_cvtph_ps(load_halves(w)));

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn finish(sums: &[f32], scale: Option<&[f32]>, bias: &[f32], relu: bool, out: &mut [f32]) {
    segments::finish(sums, scale, bias, relu, out);
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

/// Chooses the loop for the samples given, and for the halves that hold real rows.
#[target_feature(enable = "avx2,fma,f16c")]
fn gemm<T: Copy>(
    panel: Panel<'_, T>,
    rows: usize,
    xs: &[&[f32]],
    chains: &mut [Rows<f32>],
    load: impl Fn(&[T; HALF]) -> __m256 + Copy,
) {
    macro_rules! samples {
        ($($count:literal)*) => {
            match (xs.len(), rows > HALF) {
                $(($count, true) => block::<T, $count, 2>(panel, xs, chains, load),
                ($count, false) => block::<T, $count, 1>(panel, xs, chains, load),)*
                (count, _) => panic!("invariant: at most 6 samples, not {count}"),
            }
        };
    }
    samples!(1 2 3 4 5 6);
}

/// Several samples: the first `HALVES` halves of the panel.
#[target_feature(enable = "avx2,fma,f16c")]
fn block<T: Copy, const SAMPLES: usize, const HALVES: usize>(
    panel: Panel<'_, T>,
    samples: &[&[f32]],
    chains: &mut [Rows<f32>],
    load_weights: impl Fn(&[T; HALF]) -> __m256 + Copy,
) {
    let len = samples[0].len();
    let mut xs: [&[f32]; SAMPLES] = [&[]; SAMPLES];
    let mut c = [[_mm256_setzero_ps(); HALVES]; SAMPLES];
    for i in 0..SAMPLES {
        // Cut to one length that the compiler knows: no check is left in the loop.
        xs[i] = &samples[i][..len];
        for (c, chain) in c[i].iter_mut().zip(chains[i].as_chunks().0) {
            *c = load(chain);
        }
    }
    assert!(panel.first < panel.stride);
    for (column, k) in panel.vectors.chunks_exact(panel.stride).zip(0..len) {
        let mut weights = [_mm256_setzero_ps(); HALVES];
        for (h, w) in weights.iter_mut().enumerate() {
            *w = load_weights(half(&column[panel.first], h));
        }
        for (c, x) in c.iter_mut().zip(xs) {
            let x = _mm256_set1_ps(x[k]);
            for (c, w) in c.iter_mut().zip(weights) {
                *c = _mm256_fmadd_ps(w, x, *c);
            }
        }
    }
    for (c, chain) in c.iter().zip(chains) {
        for (c, chain) in c.iter().zip(chain.as_chunks_mut().0) {
            store(chain, *c);
        }
    }
}

/// The lower (0) or upper (1) 8 of 16 rows.
#[inline(always)]
pub(super) fn half<T>(rows: &Rows<T>, which: usize) -> &[T; HALF] {
    &rows.as_chunks().0[which]
}

/// As [`half`], to be written.
#[inline(always)]
pub(super) fn half_mut<T>(rows: &mut Rows<T>, which: usize) -> &mut [T; HALF] {
    &mut rows.as_chunks_mut().0[which]
}
