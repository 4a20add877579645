//! Several samples: one fma per element of a panel and sample, `c = fma(w, x, c)`, in ascending columns.
//!
//! A column of the panel is loaded once and multiplied by a broadcast activation of each sample: a register tile of 8 to 12 chains. Parts of
//! a vector that hold padding rows only are skipped.

use crate::kernels::simd::{Rows, Simd};

/// Samples that [`multiply`] takes at once. With half vectors, 6 samples are 12 chains, which leaves room for 2 weights in 16 registers.
pub(super) const fn most_samples<S: Simd>() -> usize {
    if S::LANES == 8 { 6 } else { 8 }
}

/// Continues one chain per row of the panel for up to [`most_samples`] samples, as many as there are `chains`.
///
/// `panel` is one vector per column; `rows` of its rows are real. The samples lie in `x`, `stride` floats apart.
pub(super) fn multiply<S: Simd>(simd: S, panel: &[Rows<f32>], rows: usize, x: &[f32], stride: usize, chains: &mut [Rows<f32>]) {
    macro_rules! samples {
        ($($lanes:literal, $parts:literal: $($count:literal)*;)*) => {
            match (S::LANES, rows.div_ceil(S::LANES), chains.len()) {
                $($(($lanes, $parts, $count) => simd.vectorize(
                    chains,
                    #[inline(always)]
                    |chains| block::<S, $count, $parts>(simd, panel, x, stride, chains),
                ),)*)*
                (_, _, count) => panic!("invariant: at most {} samples, not {count}", most_samples::<S>()),
            }
        };
    }
    samples! {
        8, 1: 1 2 3 4 5 6;
        8, 2: 1 2 3 4 5 6;
        16, 1: 1 2 3 4 5 6 7 8;
    }
}

/// The first `PARTS` parts of the panel's rows.
#[inline(always)]
fn block<S: Simd, const SAMPLES: usize, const PARTS: usize>(
    simd: S,
    panel: &[Rows<f32>],
    x: &[f32],
    stride: usize,
    chains: &mut [Rows<f32>],
) {
    // Slices of one length: no check is left in the loop.
    let mut xs: [&[f32]; SAMPLES] = [&[]; SAMPLES];
    for (i, sample) in xs.iter_mut().enumerate() {
        *sample = &x[i * stride..][..panel.len()];
    }
    let mut c = [[simd.zero(); PARTS]; SAMPLES];
    for (c, chain) in c.iter_mut().zip(chains.iter()) {
        for (part, c) in c.iter_mut().enumerate() {
            *c = simd.load(chain, part);
        }
    }
    #[allow(clippy::needless_range_loop)] // with an iterator over the panel a check per column is left in the loop
    for k in 0..panel.len() {
        let mut weights = [simd.zero(); PARTS];
        for (part, w) in weights.iter_mut().enumerate() {
            *w = simd.load(&panel[k], part);
        }
        for (c, x) in c.iter_mut().zip(xs) {
            let x = simd.splat(x[k]);
            for (c, w) in c.iter_mut().zip(weights) {
                *c = simd.fma(w, x, *c);
            }
        }
    }
    for (c, chain) in c.iter().zip(chains) {
        for (part, c) in c.iter().enumerate() {
            simd.store(chain, part, *c);
        }
    }
}
