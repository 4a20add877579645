//! Blocks: the list of a row's strip, `r = fma(w, x, r)` (order class S).

use super::shell::{each_sum, entry};
use crate::base::fma::Fma;
use crate::encoding::block::Blocks;
use crate::kernels::LinearCall;
use std::ops::Range;

entry!(run, Blocks<'_>, body);

#[inline(always)]
fn body<F: Fma>(w: Blocks<'_>, rows: Range<usize>, call: &mut LinearCall<'_>) {
    let lists = w.lists();
    each_sum([w.rows(), w.cols()], rows, call, |row, x| {
        let (blocks, row) = (lists.range(row / w.height()), row % w.height());
        // A mapped column may be any number: zeros follow the last one.
        let entry = |i| (w.weight(i, row), x[lists.column(i).min(w.cols())]);
        blocks.map(entry).fold(0.0, |r, (w, x)| F::fma(w, x, r))
    });
}
