//! Codebook: the level of each index, `c = fma(level, x, c)`.

use super::shell::{entry, linear};
use crate::base::fma::Fma;
use crate::encoding::codebook::Codebook;
use crate::kernels::LinearCall;
use std::ops::Range;

entry!(run, Codebook<'_>, body);

#[inline(always)]
fn body<F: Fma>(w: Codebook<'_>, rows: Range<usize>, call: &mut LinearCall<'_>) {
    let (words, layout, table) = (w.words(), w.words().layout(), w.table());
    linear([words.rows(), words.cols()], words.tiling().units(), rows, call, |row, units, x| {
        units.fold(0.0, |c, unit| {
            let x = &x[unit * layout.columns()..];
            let codes = layout.split(words.word(row, unit));
            codes.zip(x).fold(c, |c, (code, &x)| F::fma(table[code as usize], x, c))
        })
    });
}
