//! The inner loops: a block of positions in the accumulators, one broadcast weight for all of them.
//!
//! All chains of a block follow each other, so that its sums stay in registers. Several maps share the loads of their activations.

use super::kernel::{Epilogue, Loops, Positions};
use super::taps::{Chains, MANY, Tap};
use super::window::{Block, Window};
use crate::kernels::simd::Simd;

/// What pooling in registers takes.
pub(in crate::kernels) trait Pairs: Simd {
    /// The greater of each two lanes.
    fn greater(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// Writes the greatest of each two neighbouring lanes: half as many floats as lanes.
    fn store_greatest(self, to: &mut [f32], a: Self::Floats);
}

/// The loops on the vectors of a tier, whose token it holds.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernels) struct On<S>(pub(in crate::kernels) S);

impl<S: Pairs> Loops for On<S> {
    fn lanes(&self) -> usize {
        S::LANES
    }

    fn one(&self, chains: &Chains<'_, 1>, threes: bool, at: &Positions<'_>, end: Epilogue, out: &mut [f32]) {
        let maps = Maps { simd: self.0, chains, threes, at, ends: &[end] };
        self.0.vectorize(
            out,
            #[inline(always)]
            |out| {
                for first in (0..at.across).step_by(3) {
                    match at.across - first {
                        1 if at.rows >= 8 => maps.blocks::<8, 1>(first, out),
                        1 if at.rows >= 4 => maps.blocks::<4, 1>(first, out),
                        1 if at.rows >= 2 => maps.blocks::<2, 1>(first, out),
                        1 => maps.blocks::<1, 1>(first, out),
                        2 if at.rows >= 4 => maps.blocks::<4, 2>(first, out),
                        2 if at.rows >= 2 => maps.blocks::<2, 2>(first, out),
                        2 => maps.blocks::<1, 2>(first, out),
                        _ if at.rows >= 2 => maps.blocks::<2, 3>(first, out),
                        _ => maps.blocks::<1, 3>(first, out),
                    }
                }
            },
        );
    }

    fn many(&self, chains: &Chains<'_, MANY>, threes: bool, at: &Positions<'_>, ends: &[Epilogue; MANY], out: &mut [f32]) {
        let maps = Maps { simd: self.0, chains, threes, at, ends };
        self.0.vectorize(
            out,
            #[inline(always)]
            |out| {
                // Pooling takes two rows at a time.
                for first in (0..at.across).step_by(if at.pool { 1 } else { 2 }) {
                    match at.across - first {
                        _ if at.pool => maps.blocks::<2, 1>(first, out),
                        1 if at.rows >= 2 => maps.blocks::<2, 1>(first, out),
                        1 => maps.blocks::<1, 1>(first, out),
                        _ => maps.blocks::<1, 2>(first, out),
                    }
                }
            },
        );
    }
}

/// `M` maps.
struct Maps<'a, S, const M: usize> {
    simd: S,
    chains: &'a Chains<'a, M>,
    threes: bool,
    at: &'a Positions<'a>,
    ends: &'a [Epilogue; M],
}

impl<S: Pairs, const M: usize> Maps<'_, S, M> {
    /// Blocks of `R` rows of `V` vectors from column `column`. The last may overlap the one before: it computes the same again.
    #[inline(always)]
    fn blocks<const R: usize, const V: usize>(&self, column: usize, out: &mut [f32]) {
        let window = Window::<S, V>::new(&self.at.x[column * S::LANES..], self.at.rows, self.at.pitch);
        for row in (0..self.at.rows).step_by(R) {
            self.block::<R, V>(&window, row.min(self.at.rows - R), column, out);
        }
    }

    #[inline(always)]
    fn block<const R: usize, const V: usize>(&self, window: &Window<'_, S, V>, row: usize, column: usize, out: &mut [f32]) {
        let (simd, at) = (self.simd, self.at);
        let mut chains = self.chains.iter().filter(|chain| !chain.is_empty());
        let mut totals = self.chain::<R, V>(chains.next().unwrap_or(&self.chains[0]), window, row);
        for chain in chains {
            let c = self.chain::<R, V>(chain, window, row);
            for (total, c) in totals.iter_mut().zip(&c) {
                for (total, c) in total.as_flattened_mut().iter_mut().zip(c.as_flattened()) {
                    *total = simd.plus(*total, *c);
                }
            }
        }
        for (m, total) in totals.iter().enumerate() {
            let end = &self.ends[m];
            if R > 1 && at.pool {
                let out = &mut out[m * at.rows * at.across * S::LANES / 4..];
                for (r, rows) in total.as_chunks::<2>().0.iter().enumerate() {
                    for v in 0..V {
                        let greater = simd.greater(end.apply(simd, rows[0][v]), end.apply(simd, rows[1][v]));
                        simd.store_greatest(&mut out[((row / 2 + r) * at.across + column + v) * S::LANES / 2..], greater);
                    }
                }
                continue;
            }
            let out = &mut out[m * at.rows * at.across * S::LANES..];
            for (r, total) in total.iter().enumerate() {
                for (v, sum) in total.iter().enumerate() {
                    simd.store_lanes(&mut out[((row + r) * at.across + column + v) * S::LANES..], end.apply(simd, *sum));
                }
            }
        }
    }

    /// A chain of each map.
    #[inline(always)]
    fn chain<const R: usize, const V: usize>(
        &self,
        taps: &[Tap<M>],
        window: &Window<'_, S, V>,
        row: usize,
    ) -> [Block<S, R, V>; M] {
        let simd = self.simd;
        let mut c = [[[simd.zero(); V]; R]; M];
        if self.threes {
            for taps in taps.as_chunks().0 {
                threes(simd, taps, window, row, &mut c);
            }
        } else {
            for tap in taps {
                let x = window.load::<R>(simd, tap.offset, row);
                for (c, w) in c.iter_mut().zip(tap.weights) {
                    let w = simd.splat(w);
                    for (c, x) in c.as_flattened_mut().iter_mut().zip(x.as_flattened()) {
                        *c = simd.fma(w, *x, *c);
                    }
                }
            }
        }
        c
    }
}

/// Continues chains of order class T: `c = c + ((p0 + p1) + p2)`.
#[inline(always)]
fn threes<S: Simd, const M: usize, const R: usize, const V: usize>(
    simd: S,
    taps: &[Tap<M>; 3],
    window: &Window<'_, S, V>,
    row: usize,
    c: &mut [Block<S, R, V>; M],
) {
    // Not `map`: it is not always inlined, and neither are the operations then.
    let [a, b, c2] = taps;
    let x =
        [window.load::<R>(simd, a.offset, row), window.load::<R>(simd, b.offset, row), window.load::<R>(simd, c2.offset, row)];
    for (m, c) in c.iter_mut().enumerate() {
        let w = [simd.splat(taps[0].weights[m]), simd.splat(taps[1].weights[m]), simd.splat(taps[2].weights[m])];
        for r in 0..R {
            for v in 0..V {
                let pair = simd.plus(simd.times(w[0], x[0][r][v]), simd.times(w[1], x[1][r][v]));
                c[r][v] = simd.plus(c[r][v], simd.plus(pair, simd.times(w[2], x[2][r][v])));
            }
        }
    }
}

impl Epilogue {
    /// The outputs of sums.
    #[inline(always)]
    fn apply<S: Simd>(&self, simd: S, sums: S::Floats) -> S::Floats {
        let scaled = if let Some(scale) = self.scale { simd.times(sums, simd.splat(scale)) } else { sums };
        let y = simd.plus(scaled, simd.splat(self.bias));
        if self.relu { simd.finite_relu(y) } else { simd.finite(y) }
    }
}
