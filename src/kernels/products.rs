//! The products of a row's sum that can differ from zero, each with its chain (`format-spec/arithmetic.md`, section 3).

use crate::encoding::Weights;
use crate::encoding::fixed_point::integer;
use crate::encoding::pattern::TILE_COLUMNS;
use crate::encoding::sparse::Sparse;
use crate::encoding::ternary::digits;
use crate::kernels::segments::{SEGMENTS, segment};

/// A product of a sum: the chain that it continues, the column of its activation, and its weight, which is not zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Product {
    /// Of [`SEGMENTS`].
    pub(super) chain: usize,
    /// The column. A changed mapped file may name any.
    pub(super) col: usize,
    /// What the activation is multiplied by, without the scale of the row.
    pub(super) weight: f32,
}

/// Calls `f` for each product of row `row`; those of a chain come in ascending columns.
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
            sparse_entries(&w, row, |col, code| push(0, col, w.factor(code)));
        }
        Weights::Blocks(w) => {
            let lists = w.lists();
            lists.range(row / w.height()).for_each(|i| push(0, lists.column(i), w.weight(i, row % w.height())));
        }
    }
}

/// Calls `f` with the column and the code of each slot and entry of row `row` of a sparse layer: in each column tile its slots, then the entries of the
/// list, which found none.
pub(super) fn sparse_entries(w: &Sparse<'_>, row: usize, mut f: impl FnMut(usize, u32)) {
    let lists = w.lists();
    let mut list = lists.range(row).peekable();
    for tile in 0..w.tiles() {
        w.slots(row, tile).for_each(|(place, code)| f(tile * TILE_COLUMNS + place, code));
        while let Some(i) = list.next_if(|&i| lists.column(i) < (tile + 1) * TILE_COLUMNS) {
            f(lists.column(i), w.listed(i));
        }
    }
    // Columns past the last are those of a mapped file that has changed.
    list.for_each(|i| f(lists.column(i), w.listed(i)));
}
