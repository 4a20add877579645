//! The activations that positions read.
#![allow(unsafe_code)]

use crate::kernels::simd::Simd;
use std::marker::PhantomData;

/// A number for each position of a block of `R` rows of `V` vectors.
pub(super) type Block<S, const R: usize, const V: usize> = [[<S as Simd>::Floats; V]; R];

/// Where `rows` rows of `V` vectors of positions read, relative to the offset of a tap.
///
/// Invariant: (I1) `last + (rows - 1) * pitch + V * LANES <= x.len()`.
#[derive(Clone, Copy)]
pub(super) struct Window<'a, S, const V: usize> {
    x: &'a [f32],
    rows: usize,
    pitch: usize,
    /// The greatest offset of a tap.
    last: usize,
    tier: PhantomData<S>,
}

impl<'a, S: Simd, const V: usize> Window<'a, S, V> {
    /// The window at the beginning of `x`, its rows `pitch` floats apart.
    ///
    /// # Panics
    /// When `x` is too short for any offset.
    #[inline(always)]
    pub(super) fn new(x: &'a [f32], rows: usize, pitch: usize) -> Self {
        let span = pitch.checked_mul(rows - 1).and_then(|rows| rows.checked_add(V * S::LANES));
        let last = span.and_then(|span| x.len().checked_sub(span)).expect("invariant: padding follows the activations");
        Self { x, rows, pitch, last, tier: PhantomData }
    }

    /// The activations of an offset at `R` rows from `row`.
    ///
    /// # Panics
    /// When there are no such rows.
    #[inline(always)]
    pub(super) fn load<const R: usize>(&self, simd: S, offset: u32, row: usize) -> Block<S, R, V> {
        assert!(R <= self.rows && row <= self.rows - R);
        debug_assert!(offset as usize <= self.last);
        let first = (offset as usize).min(self.last) + row * self.pitch;
        let mut block = [[simd.zero(); V]; R];
        for (r, block) in block.iter_mut().enumerate() {
            for (v, block) in block.iter_mut().enumerate() {
                let at = first + r * self.pitch + v * S::LANES;
                // SAFETY: `first` is at most `last + row * pitch`, and `row + r` at most `rows - 1`: (I1) bounds `at + LANES`.
                *block = simd.load_lanes(unsafe { self.x.get_unchecked(at..at + S::LANES) });
            }
        }
        block
    }
}
