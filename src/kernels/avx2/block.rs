//! Blocks: one broadcast activation for the 8 or 16 rows of a block, `r = fma(w, x, r)`; block `j` of a group continues chain `j mod 4`.
//!
//! One sample: the four chains are 4 or 8 vectors. Several samples lie in the lanes: one chain of 8 rows at a time, with broadcast weights.
//! A block is 9 loads for 8 fmas of 8 samples.

use super::Avx2;
use super::halves::HALF;
use crate::encoding::block::Blocks;
use crate::encoding::lists::Columns;
use crate::kernels::LinearCall;
use crate::kernels::class_s;
use crate::kernels::kernel::Kernel;
use crate::kernels::segments::SEGMENTS;
use std::arch::x86_64::__m256;
use std::ops::Range;

/// Fewer samples are computed one by one: about as fast.
const WORTHWHILE: usize = 6;
/// The most rows of a block.
const MOST: usize = 16;

#[derive(Clone, Copy, Debug)]
pub(super) struct BlockKernel(pub(super) Avx2);

impl Kernel for BlockKernel {
    type View<'a> = Blocks<'a>;

    fn scratch_len(self, cols: usize, batch: usize) -> usize {
        class_s::scratch_len::<HALF>(cols, batch)
    }

    fn run(self, w: &Blocks<'_>, _: &[u32], call: &mut LinearCall<'_>) {
        match (w.height(), w.lists().columns()) {
            (8, Columns::Narrow(columns)) => linear::<_, 8, 1>(self.0, *w, columns, call),
            (8, Columns::Wide(columns)) => linear::<_, 8, 1>(self.0, *w, columns, call),
            (_, Columns::Narrow(columns)) => linear::<_, 16, 2>(self.0, *w, columns, call),
            (_, Columns::Wide(columns)) => linear::<_, 16, 2>(self.0, *w, columns, call),
        }
    }
}

/// Blocks of `H` rows, `HALVES` vectors.
fn linear<C: Copy + Into<u32>, const H: usize, const HALVES: usize>(
    avx2: Avx2,
    w: Blocks<'_>,
    columns: &[C],
    call: &mut LinearCall<'_>,
) {
    let (rows, cols, lists) = (w.rows(), w.cols(), w.lists());
    let values: &[[f32; H]] = w.raw().as_chunks().0;
    let group = |group: usize| (&values[lists.range(group)], &columns[lists.range(group)]);
    let one = |sample: usize, call: &mut LinearCall<'_>| {
        let x = &call.input[sample * call.input_stride..][..=cols];
        for row in (0..rows).step_by(H) {
            let mut sums = [0.0; MOST];
            let group = group(row / H);
            avx2.with_features(
                &mut sums,
                #[inline(always)]
                |sums| one_sample::<C, H, HALVES>(avx2, group, x, sums),
            );
            call.finish(avx2, sample, row, &sums[..H.min(rows - row)]);
        }
    };
    let many = |rows: Range<usize>, x: &[[f32; 8]], sums: &mut [[f32; 8]]| {
        for (row, sums) in rows.step_by(H).zip(sums.chunks_mut(H)) {
            let group = group(row / H);
            for (half, sums) in sums.chunks_mut(HALF).enumerate() {
                avx2.with_features(
                    sums,
                    #[inline(always)]
                    |sums| many_samples::<C, H>(avx2, group, half, x, sums),
                );
            }
        }
    };
    class_s::linear(avx2, [rows, cols], WORTHWHILE, call, one, many);
}

/// The sums of a group for one sample; `x` ends with a zero, which columns past the last one read.
#[inline(always)]
fn one_sample<C: Copy + Into<u32>, const H: usize, const HALVES: usize>(
    avx2: Avx2,
    (values, columns): (&[[f32; H]], &[C]),
    x: &[f32],
    sums: &mut [f32; MOST],
) {
    let last = x.len() - 1;
    let mut r = [[avx2.zeros(); HALVES]; SEGMENTS];
    let (fours, rest) = values.as_chunks::<SEGMENTS>();
    let (column_fours, column_rest) = columns.as_chunks::<SEGMENTS>();
    for (values, columns) in fours.iter().zip(column_fours) {
        for (r, (values, &column)) in r.iter_mut().zip(values.iter().zip(columns)) {
            let x = avx2.splat_f32(x[(column.into() as usize).min(last)]);
            avx2.add_block(r, values, x);
        }
    }
    for (r, (values, &column)) in r.iter_mut().zip(rest.iter().zip(column_rest)) {
        let x = avx2.splat_f32(x[(column.into() as usize).min(last)]);
        avx2.add_block(r, values, x);
    }
    let [r0, r1, r2, r3] = r;
    for (half, sums) in sums.as_chunks_mut::<HALF>().0.iter_mut().enumerate().take(HALVES) {
        avx2.store8(sums, avx2.total([r0[half], r1[half], r2[half], r3[half]]));
    }
}

impl Avx2 {
    /// Continues the chains of the rows of a block, `r = fma(w, x, r)`.
    #[inline(always)]
    fn add_block<const H: usize, const HALVES: usize>(self, r: &mut [__m256; HALVES], values: &[f32; H], x: __m256) {
        for (r, values) in r.iter_mut().zip(values.as_chunks().0) {
            *r = self.multiply_add(self.load8(values), x, *r);
        }
    }

    /// Continues the chains of 8 rows for 8 samples, which lie in the lanes of `x`.
    #[inline(always)]
    fn add_rows(self, r: &mut [__m256; HALF], weights: &[f32; HALF], x: __m256) {
        for (r, &w) in r.iter_mut().zip(weights) {
            *r = self.multiply_add(self.splat_f32(w), x, *r);
        }
    }
}

/// The sums of 8 rows of a group, or fewer, for 8 samples.
#[inline(always)]
fn many_samples<C: Copy + Into<u32>, const H: usize>(
    avx2: Avx2,
    (values, columns): (&[[f32; H]], &[C]),
    half: usize,
    x: &[[f32; 8]],
    sums: &mut [[f32; 8]],
) {
    let last = x.len() - 1;
    let (fours, rest) = values.as_chunks::<SEGMENTS>();
    let (column_fours, column_rest) = columns.as_chunks::<SEGMENTS>();
    let mut total = [avx2.zeros(); HALF];
    for chain in 0..SEGMENTS {
        let mut r = [avx2.zeros(); HALF];
        for (values, columns) in fours.iter().zip(column_fours) {
            let x = avx2.load8(&x[(columns[chain].into() as usize).min(last)]);
            avx2.add_rows(&mut r, &values[chain].as_chunks().0[half], x);
        }
        if let Some((values, &column)) = rest.get(chain).zip(column_rest.get(chain)) {
            let x = avx2.load8(&x[(column.into() as usize).min(last)]);
            avx2.add_rows(&mut r, &values.as_chunks().0[half], x);
        }
        for (total, r) in total.iter_mut().zip(r) {
            // The first chain replaces: +0 + -0 would be +0.
            *total = if chain == 0 { r } else { avx2.add(*total, r) };
        }
    }
    for (sum, total) in sums.iter_mut().zip(total) {
        avx2.store8(sum, total);
    }
}
