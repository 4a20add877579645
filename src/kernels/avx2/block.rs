//! Blocks: one broadcast activation for the 8 or 16 rows of a block, `r = fma(w, x, r)`; block `j` of a group continues chain `j mod 4`.
//!
//! One sample: the four chains are 4 or 8 vectors. Several samples lie in the lanes: one chain of 8 rows at a time, whose weights are broadcast,
//! so that a block is 9 loads for 8 fmas of 8 samples.
#![allow(unsafe_code)] // calls into functions of this tier

use super::memory::{HALF, load, store};
use super::{WRONG, proof};
use crate::encoding::Weights;
use crate::encoding::block::Blocks;
use crate::encoding::lists::Columns;
use crate::kernels::LinearCall;
use crate::kernels::scattered;
use crate::kernels::segments::SEGMENTS;
use std::arch::x86_64::{__m256, _mm256_add_ps, _mm256_fmadd_ps, _mm256_set1_ps, _mm256_setzero_ps};
use std::ops::Range;

/// Fewer samples are computed one by one: about as fast.
const WORTHWHILE: usize = 6;
/// The most rows of a block.
const MOST: usize = 16;

pub(in crate::kernels) fn run(weights: &Weights<'_>, _: &[u32], call: &mut LinearCall<'_>) {
    let Weights::Blocks(w) = *weights else { panic!("{WRONG}") };
    match (w.height(), w.lists().columns()) {
        (8, Columns::Narrow(columns)) => linear::<_, 8, 1>(w, columns, call),
        (8, Columns::Wide(columns)) => linear::<_, 8, 1>(w, columns, call),
        (_, Columns::Narrow(columns)) => linear::<_, 16, 2>(w, columns, call),
        (_, Columns::Wide(columns)) => linear::<_, 16, 2>(w, columns, call),
    }
}

/// Blocks of `H` rows, `HALVES` vectors.
fn linear<C: Copy + Into<u32>, const H: usize, const HALVES: usize>(w: Blocks<'_>, columns: &[C], call: &mut LinearCall<'_>) {
    let tier = proof();
    let (rows, cols, lists) = (w.rows(), w.cols(), w.lists());
    let values: &[[f32; H]] = w.raw().as_chunks().0;
    let group = |group: usize| (&values[lists.range(group)], &columns[lists.range(group)]);
    let one = |sample: usize, call: &mut LinearCall<'_>| {
        let x = &call.input[sample * call.input_stride..][..=cols];
        for row in (0..rows).step_by(H) {
            let mut sums = [0.0; MOST];
            // SAFETY: `tier` proves the features, all that the function asks for.
            unsafe { one_sample::<C, H, HALVES>(group(row / H), x, &mut sums) }
            call.finish(tier, sample, row, &sums[..H.min(rows - row)]);
        }
    };
    let many = |rows: Range<usize>, x: &[[f32; 8]], sums: &mut [[f32; 8]]| {
        for (row, sums) in rows.step_by(H).zip(sums.chunks_mut(H)) {
            for (half, sums) in sums.chunks_mut(HALF).enumerate() {
                // SAFETY: `tier` proves the features, all that the function asks for.
                unsafe { many_samples::<C, H>(group(row / H), half, x, sums) }
            }
        }
    };
    scattered::linear(tier, [rows, cols], WORTHWHILE, call, one, many);
}

/// The sums of a group for one sample; `x` ends with a zero, which columns past the last one read.
#[target_feature(enable = "avx2,fma,f16c")]
fn one_sample<C: Copy + Into<u32>, const H: usize, const HALVES: usize>(
    (values, columns): (&[[f32; H]], &[C]),
    x: &[f32],
    sums: &mut [f32; MOST],
) {
    let last = x.len() - 1;
    let mut r = [[_mm256_setzero_ps(); HALVES]; SEGMENTS];
    let (fours, rest) = values.as_chunks::<SEGMENTS>();
    let (column_fours, column_rest) = columns.as_chunks::<SEGMENTS>();
    let add = |r: &mut [__m256; HALVES], values: &[f32; H], column: C| {
        let x = _mm256_set1_ps(x[(column.into() as usize).min(last)]);
        for (r, values) in r.iter_mut().zip(values.as_chunks::<HALF>().0) {
            *r = _mm256_fmadd_ps(load(values), x, *r);
        }
    };
    for (values, columns) in fours.iter().zip(column_fours) {
        for (r, (values, &column)) in r.iter_mut().zip(values.iter().zip(columns)) {
            add(r, values, column);
        }
    }
    for (r, (values, &column)) in r.iter_mut().zip(rest.iter().zip(column_rest)) {
        add(r, values, column);
    }
    let [r0, r1, r2, r3] = r;
    for (half, sums) in sums.as_chunks_mut::<HALF>().0.iter_mut().enumerate().take(HALVES) {
        store(sums, _mm256_add_ps(_mm256_add_ps(_mm256_add_ps(r0[half], r1[half]), r2[half]), r3[half]));
    }
}

/// The sums of 8 rows of a group, or fewer, for 8 samples.
#[target_feature(enable = "avx2,fma,f16c")]
fn many_samples<C: Copy + Into<u32>, const H: usize>(
    (values, columns): (&[[f32; H]], &[C]),
    half: usize,
    x: &[[f32; 8]],
    sums: &mut [[f32; 8]],
) {
    let last = x.len() - 1;
    let (fours, rest) = values.as_chunks::<SEGMENTS>();
    let (column_fours, column_rest) = columns.as_chunks::<SEGMENTS>();
    let mut total = [_mm256_setzero_ps(); HALF];
    for chain in 0..SEGMENTS {
        let mut r = [_mm256_setzero_ps(); HALF];
        let add = |r: &mut [__m256; HALF], values: &[f32; H], column: C| {
            let x = load(&x[(column.into() as usize).min(last)]);
            for (r, &w) in r.iter_mut().zip(&values.as_chunks::<HALF>().0[half]) {
                *r = _mm256_fmadd_ps(_mm256_set1_ps(w), x, *r);
            }
        };
        for (values, columns) in fours.iter().zip(column_fours) {
            add(&mut r, &values[chain], columns[chain]);
        }
        if let Some((values, &column)) = rest.get(chain).zip(column_rest.get(chain)) {
            add(&mut r, values, column);
        }
        for (total, r) in total.iter_mut().zip(r) {
            // The first chain replaces: +0 + -0 would be +0.
            *total = if chain == 0 { r } else { _mm256_add_ps(*total, r) };
        }
    }
    for (sum, total) in sums.iter_mut().zip(total) {
        store(sum, total);
    }
}
