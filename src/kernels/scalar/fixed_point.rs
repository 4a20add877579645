//! Fixed point: the integers as floats, `c = fma(q, x, c)`; the step is the layer's scale.

use super::shell::{entry, linear};
use crate::base::fma::Fma;
use crate::encoding::fixed_point::{FixedPoint, sign_extend};
use crate::kernels::LinearCall;
use std::ops::Range;

entry!(run, FixedPoint<'_>, body);

#[inline(always)]
#[allow(clippy::cast_precision_loss)] // at most 127: exact
fn body<F: Fma>(w: FixedPoint<'_>, rows: Range<usize>, call: &mut LinearCall<'_>) {
    let (words, layout) = (w.words(), w.words().layout());
    linear([words.rows(), words.cols()], words.tiling().units(), rows, call, |row, units, x| {
        units.fold(0.0, |c, unit| {
            let x = &x[unit * layout.columns()..];
            let codes = layout.split(words.word(row, unit));
            codes.zip(x).fold(c, |c, (code, &x)| F::fma(sign_extend(code, w.bits()) as f32, x, c))
        })
    });
}
