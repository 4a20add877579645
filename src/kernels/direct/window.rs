//! The activations that a block of positions reads.
#![allow(unsafe_code)]

use super::taps::Tap;
use crate::kernels::simd::Simd;
use std::marker::PhantomData;

/// The sums of a block: `R` rows of `V` vectors of positions.
pub(super) type Block<S, const R: usize, const V: usize> = [[<S as Simd>::Floats; V]; R];

/// Where a block of `R` rows of `V` vectors reads, relative to the offset of a tap.
///
/// Invariant: (I1) `last + (R - 1) * pitch + V * LANES <= x.len()`.
#[derive(Clone, Copy)]
pub(super) struct Window<'a, S, const R: usize, const V: usize> {
    x: &'a [f32],
    pitch: usize,
    /// The greatest offset of a tap.
    last: usize,
    tier: PhantomData<S>,
}

impl<'a, S: Simd, const R: usize, const V: usize> Window<'a, S, R, V> {
    /// The window at the beginning of `x`, its rows `pitch` floats apart.
    ///
    /// # Panics
    /// When `x` is too short for any offset.
    #[inline(always)]
    pub(super) fn new(x: &'a [f32], pitch: usize) -> Self {
        let span = pitch.checked_mul(R - 1).and_then(|rows| rows.checked_add(V * S::LANES));
        let last = span.and_then(|span| x.len().checked_sub(span)).expect("invariant: padding follows the activations");
        Self { x, pitch, last, tier: PhantomData }
    }

    /// Vector (`r`, `v`) at an offset.
    ///
    /// # Safety
    /// `at <= last`, `r < R`, `v < V`.
    #[inline(always)]
    unsafe fn load(&self, simd: S, at: usize, r: usize, v: usize) -> S::Floats {
        let from = at + r * self.pitch + v * S::LANES;
        // SAFETY: `from + LANES` is at most `last + (R - 1) * pitch + V * LANES`, which (I1) bounds.
        simd.load_lanes(unsafe { self.x.get_unchecked(from..from + S::LANES) })
    }

    /// The offset of a tap; no tap lies beyond the last.
    #[inline(always)]
    fn at(&self, tap: &Tap) -> usize {
        (tap.offset as usize).min(self.last)
    }

    /// `f(r, v, x)` for every vector of activations of a tap.
    #[inline(always)]
    fn each(&self, simd: S, tap: &Tap, mut f: impl FnMut(usize, usize, S::Floats)) {
        let at = self.at(tap);
        for r in 0..R {
            for v in 0..V {
                // SAFETY: `at` is at most `last`; `r` and `v` are within their loops.
                f(r, v, unsafe { self.load(simd, at, r, v) });
            }
        }
    }

    /// The products of a tap: what a chain of order class F or S begins with.
    #[inline(always)]
    pub(super) fn product(&self, simd: S, tap: &Tap) -> Block<S, R, V> {
        let w = simd.splat(tap.weight);
        let mut products = [[simd.zero(); V]; R];
        self.each(
            simd,
            tap,
            #[inline(always)]
            |r, v, x| products[r][v] = simd.times(w, x),
        );
        products
    }

    /// `c = fma(w, x, c)`.
    #[inline(always)]
    pub(super) fn continue_chain(&self, simd: S, tap: &Tap, c: &mut Block<S, R, V>) {
        let w = simd.splat(tap.weight);
        self.each(
            simd,
            tap,
            #[inline(always)]
            |r, v, x| c[r][v] = simd.fma(w, x, c[r][v]),
        );
    }

    /// `c = c + ((p0 + p1) + p2)`: order class T.
    #[inline(always)]
    pub(super) fn continue_threes(&self, simd: S, taps: &[Tap; 3], c: &mut Block<S, R, V>) {
        let [w0, w1, w2] = [0, 1, 2].map(|i| simd.splat(taps[i].weight));
        let [at0, at1, at2] = [0, 1, 2].map(|i| self.at(&taps[i]));
        for (r, c) in c.iter_mut().enumerate() {
            for (v, c) in c.iter_mut().enumerate() {
                // SAFETY: `at0` is at most `last`; `r` and `v` are within their loops.
                let x0 = unsafe { self.load(simd, at0, r, v) };
                // SAFETY: the same of `at1`.
                let x1 = unsafe { self.load(simd, at1, r, v) };
                // SAFETY: the same of `at2`.
                let x2 = unsafe { self.load(simd, at2, r, v) };
                let pair = simd.plus(simd.times(w0, x0), simd.times(w1, x1));
                *c = simd.plus(*c, simd.plus(pair, simd.times(w2, x2)));
            }
        }
    }
}
