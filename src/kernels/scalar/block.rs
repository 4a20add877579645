//! Blocks: the list of a row's group, `r = fma(w, x, r)` in four chains (order class S).

use super::shell::{each_sum, entry};
use super::sparse::list;
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
        list::<F>(blocks, x, |i| (w.weight(i, row), lists.column(i).min(w.cols())))
    });
}
