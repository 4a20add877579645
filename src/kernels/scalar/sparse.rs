//! Sparse: for each column tile its slots, then the entries of the list, which found none: `c = fma(factor, x, c)` (order class S).

use super::shell::{each_sum, entry};
use crate::base::fma::Fma;
use crate::encoding::pattern::TILE_COLUMNS;
use crate::encoding::sparse::Sparse;
use crate::kernels::LinearCall;
use std::ops::Range;

entry!(run, Sparse<'_>, body);

#[inline(always)]
fn body<F: Fma>(w: Sparse<'_>, rows: Range<usize>, call: &mut LinearCall<'_>) {
    let lists = w.lists();
    each_sum([w.rows(), w.cols()], rows, call, |row, x| {
        let mut list = lists.range(row).peekable();
        // A mapped column may be any number: zeros follow the last one.
        let listed = |c, i| F::fma(w.factor(w.listed(i)), x[lists.column(i).min(w.cols())], c);
        let sum = (0..w.tiles()).fold(0.0, |c, tile| {
            let (first, end) = (tile * TILE_COLUMNS, (tile + 1) * TILE_COLUMNS);
            let mut c = w.slots(row, tile).fold(c, |c, (place, code)| F::fma(w.factor(code), x[first + place], c));
            while let Some(i) = list.next_if(|&i| lists.column(i) < end) {
                c = listed(c, i);
            }
            c
        });
        list.fold(sum, listed)
    });
}
