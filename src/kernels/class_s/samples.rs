//! Several samples of a sparse layer: the loops around a tier's inner loops.
//!
//! They lie in the lanes: their activations are transposed into the call's scratch, a vector per column. One
//! entry then serves all of them with one load and one fma. If the scratch is too small for that, or the samples are too few, each is computed alone.

use crate::kernels::simd::Simd;
use crate::kernels::{LinearCall, SCRATCH};
use std::ops::Range;

/// Rows whose sums are kept before they are written.
const ROWS: usize = 64;
/// Columns above which samples are computed one by one: transposed, they would leave the second-level cache.
const MOST_COLUMNS: usize = 1 << 14;

/// The floats of scratch that the transposed samples of a call take.
pub(in crate::kernels) fn scratch_len<const L: usize>(cols: usize, batch: usize) -> usize {
    if batch > 1 && cols < MOST_COLUMNS { SCRATCH.max((cols + 1) * L) } else { SCRATCH }
}

/// What a tier does with the activations of `L` samples.
pub(in crate::kernels) trait Transpose<const L: usize>: Simd {
    /// `columns[i][lane]` is `samples[lane][i]`.
    fn transpose(self, samples: [&[f32; L]; L], columns: &mut [[f32; L]; L]);
}

/// Runs a layer. `one(sample, call)` computes a sample; `many(rows, x, sums)` the sums of some rows (from a multiple of 64) for `L` samples,
/// `x[column]` being their activations and `x[cols]` zeros. Fewer than `worthwhile` samples are computed one by one.
pub(in crate::kernels) fn linear<const L: usize>(
    simd: impl Transpose<L>,
    [rows, cols]: [usize; 2],
    worthwhile: usize,
    call: &mut LinearCall<'_>,
    one: impl Fn(usize, &mut LinearCall<'_>),
    many: impl Fn(Range<usize>, &[[f32; L]], &mut [[f32; L]]),
) {
    call.check(rows, cols);
    for first in (0..call.batch).step_by(L) {
        let samples = first..(first + L).min(call.batch);
        if samples.len() < worthwhile || call.scratch.len() < (cols + 1) * L {
            samples.for_each(|sample| one(sample, call));
            continue;
        }
        let scratch = std::mem::take(&mut call.scratch);
        let x = &mut scratch.as_chunks_mut().0[..=cols];
        transpose(simd, call, samples.clone(), x);
        let mut sums = [[0.0; L]; ROWS];
        for row in (0..rows).step_by(ROWS) {
            let block = row..(row + ROWS).min(rows);
            let sums = &mut sums[..block.len()];
            many(block, x, sums);
            for (lane, sample) in samples.clone().enumerate() {
                let mut own = [0.0; ROWS];
                own.iter_mut().zip(sums.iter()).for_each(|(own, sums)| *own = sums[lane]);
                call.finish(simd, sample, row, &own[..sums.len()]);
            }
        }
        call.scratch = scratch;
    }
}

/// The activations of up to `L` samples, a vector per column; zeros for lanes without a sample and after the last column.
fn transpose<const L: usize>(simd: impl Transpose<L>, call: &LinearCall<'_>, samples: Range<usize>, x: &mut [[f32; L]]) {
    let inputs = |column: usize| samples.clone().map(move |sample| &call.input[sample * call.input_stride + column..]);
    let (blocks, rest) = x.as_chunks_mut::<L>();
    for (i, block) in blocks.iter_mut().enumerate() {
        let mut rows = [&[0.0; L]; L];
        rows.iter_mut().zip(inputs(i * L)).for_each(|(row, input)| *row = &input.as_chunks().0[0]);
        simd.vectorize(
            block,
            #[inline(always)]
            |block| simd.transpose(rows, block),
        );
    }
    let done = blocks.len() * L;
    rest.fill([0.0; L]);
    for (lane, input) in inputs(done).enumerate() {
        rest.iter_mut().zip(input).for_each(|(x, &input)| x[lane] = input);
    }
}
