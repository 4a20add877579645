//! One sample: a column whose activation is not zero is an fma for each vector of outputs.

use super::layout::{Layout, Prepared};
use super::nonzero::find;
use crate::kernels::LinearCall;
use crate::kernels::segments::SEGMENTS;
use crate::kernels::simd::Simd;

/// The columns of a panel, and which of them count.
#[derive(Clone, Copy)]
struct Panel<'a> {
    weights: &'a [f32],
    x: &'a [f32],
    /// The columns of each chain whose activations are not zero.
    columns: [&'a [u32]; SEGMENTS],
}

/// Computes a sample.
pub(super) fn run_sample(simd: impl Simd, layer: &Prepared<'_>, sample: usize, call: &mut LinearCall<'_>) {
    let Prepared { layout: Layout { rows, cols, height, .. }, ref bounds, weights, .. } = *layer;
    let scratch = std::mem::take(&mut call.scratch);
    let found: &mut [u32] = bytemuck::cast_slice_mut(scratch);
    let x = call.sample(sample);
    let mut places = [0..0, 0..0, 0..0, 0..0];
    simd.vectorize(
        &mut (&mut *found, &mut places),
        #[inline(always)]
        |(found, places)| **places = find(simd, x, bounds, found),
    );
    let found = &*found;
    let columns = places.each_ref().map(|place| &found[place.clone()]);
    for (i, weights) in weights.chunks_exact((cols * height).max(1)).enumerate() {
        let first = i * height;
        let panel = Panel { weights, x, columns };
        panel.run(simd, height, |sums| call.finish(simd, sample, first, &sums[..height.min(rows - first)]));
    }
    call.scratch = scratch;
}

impl Panel<'_> {
    /// Calls `finish` with the sums of a panel of `height` rows. Few vectors leave room for several segments side by side, which hides the latency
    /// of fma.
    fn run<S: Simd>(&self, simd: S, height: usize, finish: impl FnOnce(&[f32])) {
        macro_rules! heights {
            ($($vectors:literal, $at_once:literal;)*) => {
                match height / S::LANES {
                    $($vectors => {
                        let mut sums = [0.0; 16 * $vectors];
                        simd.vectorize(
                            &mut sums,
                            #[inline(always)]
                            |sums| self.vectors::<S, $vectors, $at_once>(simd, sums),
                        );
                        finish(&sums);
                    })*
                    vectors => panic!("invariant: a panel has at most {} vectors, not {vectors}", Layout::MOST),
                }
            };
        }
        heights! {
            1, 4;
            2, 4;
            3, 4;
            4, 2;
            5, 2;
            6, 2;
            7, 1;
            8, 1;
            9, 1;
            10, 1;
            11, 1;
            12, 1;
        }
    }

    #[inline(always)]
    fn vectors<S: Simd, const V: usize, const AT_ONCE: usize>(&self, simd: S, sums: &mut [f32]) {
        const { assert!(SEGMENTS.is_multiple_of(AT_ONCE)) };
        let mut total = [simd.zero(); V];
        for columns in self.columns.as_chunks::<AT_ONCE>().0 {
            let mut c = [[simd.zero(); V]; AT_ONCE];
            let mut common = columns[0].len();
            for columns in columns {
                common = common.min(columns.len());
            }
            for i in 0..common {
                for (c, columns) in c.iter_mut().zip(columns) {
                    self.column(simd, columns[i], c);
                }
            }
            for (c, columns) in c.iter_mut().zip(columns) {
                for &col in &columns[common..] {
                    self.column(simd, col, c);
                }
            }
            for c in c {
                for (total, c) in total.iter_mut().zip(c) {
                    *total = simd.plus(*total, c);
                }
            }
        }
        for (v, total) in total.iter().enumerate() {
            simd.store_lanes(&mut sums[v * S::LANES..], *total);
        }
    }

    /// `c = fma(w, x, c)` for the rows of a column.
    #[inline(always)]
    fn column<S: Simd, const V: usize>(&self, simd: S, col: u32, c: &mut [S::Floats; V]) {
        let (x, weights) = (simd.splat(self.x[col as usize]), &self.weights[col as usize * V * S::LANES..][..V * S::LANES]);
        for (v, c) in c.iter_mut().enumerate() {
            *c = simd.fma(simd.load_lanes(&weights[v * S::LANES..]), x, *c);
        }
    }
}
