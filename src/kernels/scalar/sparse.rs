//! Sparse: for each column tile its slots, `c = fma(factor, x, c)`; then the residue (order class S).

use super::shell::{each_sum, entry};
use crate::base::fma::Fma;
use crate::encoding::pattern::TILE_COLUMNS;
use crate::encoding::sparse::Sparse;
use crate::kernels::LinearCall;
use crate::kernels::segments::{SEGMENTS, segment};
use std::ops::Range;

entry!(run, Sparse<'_>, body);

#[inline(always)]
fn body<F: Fma>(w: Sparse<'_>, rows: Range<usize>, call: &mut LinearCall<'_>) {
    let lists = w.lists();
    each_sum([w.rows(), w.cols()], rows, call, |row, x| {
        let chain = |s| {
            segment(w.tiles(), s).fold(0.0, |c, tile| {
                let x = &x[tile * TILE_COLUMNS..];
                w.slots(row, tile).fold(c, |c, (place, code)| F::fma(w.factor(code), x[place], c))
            })
        };
        let sum = (1..SEGMENTS).fold(chain(0), |sum, s| sum + chain(s));
        // A mapped column may be any number: zeros follow the last one.
        sum + list::<F>(lists.range(row), x, |i| (w.factor(w.listed(i)), lists.column(i).min(w.cols())))
    });
}

/// The end of a sum of order class S: the four chains of a row's list, `entry(j)` being a factor and a column.
#[inline(always)]
pub(in crate::kernels) fn list<F: Fma>(entries: Range<usize>, x: &[f32], entry: impl Fn(usize) -> (f32, usize)) -> f32 {
    let mut chains = [0.0; SEGMENTS];
    for first in entries.clone().step_by(SEGMENTS) {
        // Without a remainder in the loop the chains stay in registers.
        for (chain, i) in chains.iter_mut().zip(first..entries.end) {
            let (w, column) = entry(i);
            *chain = F::fma(w, x[column], *chain);
        }
    }
    let [r0, r1, r2, r3] = chains;
    ((r0 + r1) + r2) + r3
}
