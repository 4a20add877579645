//! Ternary: for each field of three columns `t = (p0 + p1) + p2`, then `c = c + t`; no fma (order class T).

use super::shell::linear;
use crate::encoding::ternary::{Ternary, digits};
use crate::kernels::LinearCall;
use std::ops::Range;

pub(super) fn run(w: Ternary<'_>, rows: Range<usize>, call: &mut LinearCall<'_>) {
    let (words, layout, levels) = (w.words(), w.words().layout(), w.levels());
    let product = |digit: u32, x: f32| if digit == 0 { 0.0 } else { levels[digit as usize] * x };
    linear([words.rows(), words.cols()], words.tiling().units(), rows, call, |row, units, x| {
        units.fold(0.0, |c, unit| {
            let fields = layout.split(words.word(row, unit)).zip(x[unit * layout.columns()..].chunks_exact(3));
            fields.fold(c, |c, (code, x)| {
                let [d0, d1, d2] = digits(code);
                c + ((product(d0, x[0]) + product(d1, x[1])) + product(d2, x[2]))
            })
        })
    });
}
