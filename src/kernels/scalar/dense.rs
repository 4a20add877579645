//! Dense floats: `c = fma(w, x, c)` in ascending columns.

use super::shell::{entry, linear};
use crate::base::fma::Fma;
use crate::encoding::dense::{Dense, DenseF16, DenseF32, Element};
use crate::kernels::LinearCall;
use std::ops::Range;

entry!(run_f32, DenseF32<'_>, body);
entry!(run_f16, DenseF16<'_>, body);

#[inline(always)]
fn body<F: Fma>(w: Dense<'_, impl Element>, rows: Range<usize>, call: &mut LinearCall<'_>) {
    linear([w.rows(), w.cols()], w.cols(), rows, call, |row, cols, x| {
        cols.fold(0.0, |c, col| F::fma(w.weight(row, col), x[col], c))
    });
}
