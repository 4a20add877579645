//! The products of a row's sum that can differ from zero, each with its chain (`format-spec/arithmetic.md`, section 3).

use crate::encoding::Weights;
use crate::encoding::fixed_point::integer;
use crate::encoding::pattern::TILE_COLUMNS;
use crate::encoding::ternary::digits;
use crate::kernels::segments::{SEGMENTS, segment};

/// Chains of a sum: those of the segments, then those of the list.
pub(super) const CHAINS: usize = 2 * SEGMENTS;

/// A product of a sum: the chain that it continues, the column of its activation, and its weight, which is not zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Product {
    /// Of [`CHAINS`].
    pub(super) chain: usize,
    /// The column. A changed mapped file may name any.
    pub(super) col: usize,
    /// What the activation is multiplied by, without the scale of the row.
    pub(super) weight: f32,
}

/// Calls `f` for each product of row `row`; those of a chain come in the order of the chain.
pub(super) fn for_each(weights: &Weights<'_>, row: usize, mut f: impl FnMut(Product)) {
    let mut push = |chain, col, weight: f32| {
        if weight != 0.0 {
            f(Product { chain, col, weight });
        }
    };
    let units = |units: usize| (0..SEGMENTS).flat_map(move |s| segment(units, s).map(move |unit| (s, unit)));
    match *weights {
        Weights::DenseF32(w) => units(w.cols()).for_each(|(s, col)| push(s, col, w.weight(row, col))),
        Weights::DenseF16(w) => units(w.cols()).for_each(|(s, col)| push(s, col, w.weight(row, col))),
        Weights::FixedPoint(w) => {
            let (words, layout) = (w.words(), w.words().layout());
            for (s, unit) in units(words.tiling().units()) {
                let codes = layout.split(words.word(row, unit)).enumerate();
                codes.for_each(|(i, code)| push(s, unit * layout.columns() + i, integer(code, w.bits())));
            }
        }
        Weights::Codebook(w) => {
            let (words, layout) = (w.words(), w.words().layout());
            for (s, unit) in units(words.tiling().units()) {
                let codes = layout.split(words.word(row, unit)).enumerate();
                codes.for_each(|(i, code)| push(s, unit * layout.columns() + i, w.table()[code as usize]));
            }
        }
        Weights::Ternary(w) => {
            let (words, layout) = (w.words(), w.words().layout());
            for (s, unit) in units(words.tiling().units()) {
                for (i, code) in layout.split(words.word(row, unit)).enumerate() {
                    let first = unit * layout.columns() + 3 * i;
                    let levels = digits(code).map(|digit| w.levels()[digit as usize]);
                    (0..3).for_each(|digit| push(s, first + digit, levels[digit]));
                }
            }
        }
        Weights::Sparse(w) => {
            for (s, tile) in units(w.tiles()) {
                w.slots(row, tile).for_each(|(place, code)| push(s, tile * TILE_COLUMNS + place, w.factor(code)));
            }
            let lists = w.lists();
            let listed = lists.range(row).enumerate();
            listed.for_each(|(j, i)| push(SEGMENTS + j % SEGMENTS, lists.column(i), w.factor(w.listed(i))));
        }
        Weights::Blocks(w) => {
            let lists = w.lists();
            let listed = lists.range(row / w.height()).enumerate();
            listed.for_each(|(j, i)| push(SEGMENTS + j % SEGMENTS, lists.column(i), w.weight(i, row % w.height())));
        }
    }
}
