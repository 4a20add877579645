//! Layouts: where the weights of a layer lie, whatever their codes stand for.

pub(super) mod array;
pub mod fields;
pub mod lists;
pub mod pattern;
pub mod tiles;

use fields::WordLayout;
use pattern::SlotLayout;

/// The layout of a layer's weights in its array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Every weight is an element of its own.
    Dense,
    /// Every weight is a field of a 32-bit word, or a digit of a field.
    Words(WordLayout),
    /// Weights that are not zero lie in slots, for each row and tile of 32 columns. Those that found no slot lie in a list.
    Slots(SlotLayout),
    /// Weights lie in blocks of one column and `height` neighbouring rows, listed for each strip of `height` rows.
    Blocks {
        /// 8 or 16.
        height: usize,
    },
}
