//! The size of an encoded layer, from its shape, encoding and pattern alone.

use super::id::Encoding;
use super::layout::Layout;
use super::layout::lists::{column_bytes, padded_rows};
use super::layout::pattern::{Pattern, SlotLayout, TILE_COLUMNS};
use super::layout::tiles::LANES;
use super::values::Values;
use crate::base::checked::{self, to_u64};
use crate::base::error::Result;

impl Encoding {
    /// The layout of slots, for the sparse encodings.
    #[must_use]
    pub fn slots(self) -> Option<SlotLayout> {
        if let Layout::Slots(slots) = self.layout() { Some(slots) } else { None }
    }

    /// The number of lists of columns of a layer with `rows` outputs: one for each row or strip, none for encodings that store every weight.
    #[must_use]
    pub fn lists(self, rows: usize) -> usize {
        match self.layout() {
            Layout::Dense | Layout::Words(_) => 0,
            Layout::Slots(_) => rows,
            Layout::Blocks { height } => rows.div_ceil(height),
        }
    }

    /// The number of columns of one element of the array: segments consist of whole elements (arithmetic.md, section 3).
    #[must_use]
    pub fn unit_columns(self) -> usize {
        match self.layout() {
            Layout::Dense | Layout::Blocks { .. } => 1,
            Layout::Words(words) => words.columns(),
            Layout::Slots(_) => TILE_COLUMNS,
        }
    }

    /// The number of weights of a `[rows, cols]` layer, padding rows and columns included.
    ///
    /// # Errors
    /// `limit` when the product overflows.
    pub fn padded_weights(self, rows: usize, cols: usize) -> Result<u64> {
        let height = if let Layout::Blocks { height } = self.layout() { height } else { LANES };
        let (rows, cols) = (padded_rows(rows, height)?, padded_rows(cols, self.unit_columns())?);
        checked::mul(rows, cols, "a layer's weights")
    }

    /// Checks that a pattern is possible for its layer.
    ///
    /// # Errors
    /// `limit`.
    pub fn check_pattern(self, pattern: Pattern, rows: usize, cols: usize) -> Result<()> {
        let most_units = self.slots().map_or(0, SlotLayout::most_units);
        checked::at_most(to_u64(pattern.units), to_u64(most_units), "the number of units")?;
        let most = checked::mul(to_u64(self.lists(rows)), to_u64(cols), "a layer's entries")?;
        checked::at_most(to_u64(pattern.listed), most, "the number of entries in lists")?;
        Ok(())
    }

    /// The bytes of the array of a `[rows, cols]` layer.
    ///
    /// # Errors
    /// `limit` when the number overflows.
    pub fn array_bytes(self, pattern: Pattern, rows: usize, cols: usize) -> Result<u64> {
        match self.layout() {
            Layout::Slots(slots) => slots.array_bytes(pattern, rows, cols),
            Layout::Dense => elements_bytes(rows, cols, if self.values() == Values::F16 { 2 } else { 4 }),
            Layout::Words(words) => elements_bytes(rows, words.units(cols), 4),
            Layout::Blocks { height } => {
                let values = checked::mul(to_u64(height), 4, "the bytes of a block")?;
                let block = checked::add(values, column_bytes(cols), "the bytes of a block")?;
                checked::mul(to_u64(pattern.listed), block, "a layer's weight bytes")
            }
        }
    }
}

/// The bytes of an array with `units` elements of `element_bytes` for each row, padding rows included.
fn elements_bytes(rows: usize, units: usize, element_bytes: u64) -> Result<u64> {
    let elements = checked::mul(padded_rows(rows, LANES)?, to_u64(units), "a layer's weights")?;
    checked::mul(elements, element_bytes, "a layer's weight bytes")
}
