//! Where the elements of an array lie, whatever their values mean.

pub(super) mod array;
pub mod fields;
pub mod lists;
pub mod pattern;
pub mod tiles;

use fields::WordLayout;
use pattern::SlotLayout;

/// How the weights of a layer lie in its array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Every weight is an element of its own.
    Dense,
    /// Every weight is a digit of a field of a 32-bit word.
    Words(WordLayout),
    /// Weights that are not zero lie in slots, for each row and tile of 32 columns; those without a free slot are listed.
    Slots(SlotLayout),
    /// Weights lie in blocks of one column and `height` neighbouring rows, listed for each strip of `height` rows.
    Blocks {
        /// 8 or 16.
        height: usize,
    },
}
