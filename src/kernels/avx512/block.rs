//! Blocks of 16 rows: a vector per block, `r = fma(w, x, r)` with one broadcast activation per sample; block `j` of a group continues chain
//! `j mod 4`. Four samples share each vector of weights: 16 chains.

use super::Avx512;
use crate::encoding::block::Blocks;
use crate::encoding::lists::Columns;
use crate::encoding::tiles::LANES;
use crate::kernels::LinearCall;
use crate::kernels::kernel::Kernel;
use crate::kernels::segments::SEGMENTS;
use crate::kernels::simd::Rows;
use std::arch::x86_64::__m512;

/// Samples that share a vector of weights.
const SHARE: usize = 4;

#[derive(Clone, Copy, Debug)]
pub(super) struct BlockKernel(pub(super) Avx512);

impl Kernel for BlockKernel {
    type View<'a> = Blocks<'a>;

    fn run(self, w: &Blocks<'_>, _: &[u32], call: &mut LinearCall<'_>) {
        assert_eq!(w.height(), LANES, "invariant: the table gives blocks of 8 rows to another kernel");
        match w.lists().columns() {
            Columns::Narrow(columns) => linear(self.0, *w, columns, call),
            Columns::Wide(columns) => linear(self.0, *w, columns, call),
        }
    }
}

fn linear<C: Copy + Into<u32>>(avx512: Avx512, w: Blocks<'_>, columns: &[C], call: &mut LinearCall<'_>) {
    call.check(w.rows(), w.cols());
    let values: &[Rows<f32>] = w.raw().as_chunks().0;
    for first in (0..call.batch).step_by(SHARE) {
        for (group, row) in (0..w.rows()).step_by(LANES).enumerate() {
            let blocks = w.lists().range(group);
            let group = (&values[blocks.clone()], &columns[blocks]);
            let rows = LANES.min(w.rows() - row);
            if call.batch - first >= SHARE {
                samples::<C, SHARE>(avx512, group, row, rows, w.cols(), first, call);
            } else {
                (first..call.batch).for_each(|sample| samples::<C, 1>(avx512, group, row, rows, w.cols(), sample, call));
            }
        }
    }
}

/// A group for `N` samples.
fn samples<C: Copy + Into<u32>, const N: usize>(
    avx512: Avx512,
    group: (&[Rows<f32>], &[C]),
    row: usize,
    rows: usize,
    cols: usize,
    first: usize,
    call: &mut LinearCall<'_>,
) {
    let x: [&[f32]; N] = std::array::from_fn(|n| &call.sample(first + n)[..=cols]);
    let mut sums = [[0.0; LANES]; N];
    avx512.with_features(
        &mut sums,
        #[inline(always)]
        |sums| group_sums(avx512, group, x, cols, sums),
    );
    for (n, sums) in sums.iter().enumerate() {
        call.finish(avx512, first + n, row, &sums[..rows]);
    }
}

/// The sums of a group; each sample ends with a zero, which columns past the last one read.
#[inline(always)]
fn group_sums<C: Copy + Into<u32>, const N: usize>(
    avx512: Avx512,
    (values, columns): (&[Rows<f32>], &[C]),
    x: [&[f32]; N],
    cols: usize,
    sums: &mut [Rows<f32>; N],
) {
    let mut r = [[avx512.zeros(); N]; SEGMENTS];
    let (fours, rest) = values.as_chunks::<SEGMENTS>();
    let (column_fours, column_rest) = columns.as_chunks::<SEGMENTS>();
    for (values, columns) in fours.iter().zip(column_fours) {
        for (r, (values, &column)) in r.iter_mut().zip(values.iter().zip(columns)) {
            avx512.add_block(r, values, x, (column.into() as usize).min(cols));
        }
    }
    for (r, (values, &column)) in r.iter_mut().zip(rest.iter().zip(column_rest)) {
        avx512.add_block(r, values, x, (column.into() as usize).min(cols));
    }
    let [r0, r1, r2, r3] = r;
    for (n, sums) in sums.iter_mut().enumerate() {
        avx512.store16(sums, avx512.total([r0[n], r1[n], r2[n], r3[n]]));
    }
}

impl Avx512 {
    /// Continues the chains of the rows of a block for `N` samples, `r = fma(w, x, r)`.
    #[inline(always)]
    fn add_block<const N: usize>(self, r: &mut [__m512; N], values: &Rows<f32>, x: [&[f32]; N], column: usize) {
        let w = self.load16(values);
        for (r, x) in r.iter_mut().zip(x) {
            *r = self.multiply_add(w, self.splat_f32(x[column]), *r);
        }
    }
}
