//! Blocks of 16 rows: a vector per block, `r = fma(w, x, r)` with one broadcast activation per sample; block `j` of a group continues chain
//! `j mod 4`. Four samples share each vector of weights: 16 chains.
//!
//! Blocks of 8 rows are half of a vector: the tier below.
#![allow(unsafe_code)] // calls into functions of this tier

use super::memory::{load, store};
use super::{WRONG, proof};
use crate::encoding::Weights;
use crate::encoding::block::Blocks;
use crate::encoding::lists::Columns;
use crate::encoding::tiles::LANES;
use crate::kernels::panels::Rows;
use crate::kernels::segments::SEGMENTS;
use crate::kernels::{LinearCall, avx2};
use std::arch::x86_64::{__m512, _mm512_add_ps, _mm512_fmadd_ps, _mm512_set1_ps, _mm512_setzero_ps};

/// Samples that share a vector of weights.
const SHARE: usize = 4;

pub(super) fn run(weights: &Weights<'_>, prepared: &[u32], call: &mut LinearCall<'_>) {
    let Weights::Blocks(w) = *weights else { panic!("{WRONG}") };
    match w.lists().columns() {
        _ if w.height() < LANES => avx2::block::run(weights, prepared, call),
        Columns::Narrow(columns) => linear(w, columns, call),
        Columns::Wide(columns) => linear(w, columns, call),
    }
}

fn linear<C: Copy + Into<u32>>(w: Blocks<'_>, columns: &[C], call: &mut LinearCall<'_>) {
    call.check(w.rows(), w.cols());
    let values: &[Rows<f32>] = w.raw().as_chunks().0;
    for first in (0..call.batch).step_by(SHARE) {
        for (group, row) in (0..w.rows()).step_by(LANES).enumerate() {
            let blocks = w.lists().range(group);
            let group = (&values[blocks.clone()], &columns[blocks]);
            let rows = LANES.min(w.rows() - row);
            if call.batch - first >= SHARE {
                samples::<C, SHARE>(group, row, rows, w.cols(), first, call);
            } else {
                (first..call.batch).for_each(|sample| samples::<C, 1>(group, row, rows, w.cols(), sample, call));
            }
        }
    }
}

/// A group for `N` samples.
fn samples<C: Copy + Into<u32>, const N: usize>(
    group: (&[Rows<f32>], &[C]),
    row: usize,
    rows: usize,
    cols: usize,
    first: usize,
    call: &mut LinearCall<'_>,
) {
    let tier = proof();
    let x: [&[f32]; N] = std::array::from_fn(|n| &call.input[(first + n) * call.input_stride..][..=cols]);
    let mut sums = [[0.0; LANES]; N];
    // SAFETY: `tier` proves the features, all that the function asks for.
    unsafe { group_sums(group, x, cols, &mut sums) }
    for (n, sums) in sums.iter().enumerate() {
        call.finish(tier, first + n, row, &sums[..rows]);
    }
}

/// The sums of a group; each sample ends with a zero, which columns past the last one read.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
fn group_sums<C: Copy + Into<u32>, const N: usize>(
    (values, columns): (&[Rows<f32>], &[C]),
    x: [&[f32]; N],
    cols: usize,
    sums: &mut [Rows<f32>; N],
) {
    let mut r = [[_mm512_setzero_ps(); N]; SEGMENTS];
    let add = |r: &mut [__m512; N], values: &Rows<f32>, column: C| {
        let (w, column) = (load(values), (column.into() as usize).min(cols));
        for (r, x) in r.iter_mut().zip(x) {
            *r = _mm512_fmadd_ps(w, _mm512_set1_ps(x[column]), *r);
        }
    };
    let (fours, rest) = values.as_chunks::<SEGMENTS>();
    let (column_fours, column_rest) = columns.as_chunks::<SEGMENTS>();
    for (values, columns) in fours.iter().zip(column_fours) {
        for (r, (values, &column)) in r.iter_mut().zip(values.iter().zip(columns)) {
            add(r, values, column);
        }
    }
    for (r, (values, &column)) in r.iter_mut().zip(rest.iter().zip(column_rest)) {
        add(r, values, column);
    }
    let [r0, r1, r2, r3] = r;
    for (n, sums) in sums.iter_mut().enumerate() {
        store(sums, _mm512_add_ps(_mm512_add_ps(_mm512_add_ps(r0[n], r1[n]), r2[n]), r3[n]));
    }
}
