//! How the slots of a sparse layer are laid out, and how many there are (`format-spec/encodings/sparse.md`).
#![allow(clippy::arithmetic_side_effects)] // constants and bits of a word; what depends on a shape goes through `checked`

use super::lists::{column_bytes, padded_rows};
use super::tiles::LANES;
use crate::base::checked::{self, to_u64};
use crate::base::error::Result;

/// Columns of a column tile.
pub const TILE_COLUMNS: usize = 32;
/// Bits of a place in a column tile.
pub const PLACE_BITS: u32 = 5;

/// How many entries a layer has in slots and in lists: fields of its node. Both are 0 where every weight is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// Units of a column tile, for the sparse encodings.
    pub units: usize,
    /// Entries of the residue, or blocks.
    pub listed: usize,
}

/// How slots lie in an element of the array: a place and a value each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotLayout {
    code_bits: u32,
}

impl SlotLayout {
    /// One slot: a float, its place in an array of bytes.
    pub const FLOATS: Self = Self { code_bits: 0 };

    /// Slots of a place and a code of `code_bits` (1 to 8) bits, as many as a word holds.
    #[must_use]
    pub const fn codes(code_bits: u32) -> Self {
        assert!(1 <= code_bits && code_bits <= 8);
        Self { code_bits }
    }

    /// Bits of a code; 0 for floats.
    #[must_use]
    pub const fn code_bits(self) -> u32 {
        self.code_bits
    }

    /// Bits of a slot in a word.
    #[must_use]
    pub const fn field_bits(self) -> u32 {
        PLACE_BITS + self.code_bits
    }

    /// Slots of an element.
    #[must_use]
    #[allow(clippy::as_conversions)] // 1 to 5, in a const function
    pub const fn per_unit(self) -> usize {
        if self.code_bits == 0 { 1 } else { (32 / self.field_bits()) as usize }
    }

    /// Slots that `units` elements of a column tile hold.
    #[must_use]
    pub const fn slots(self, units: usize) -> usize {
        units.saturating_mul(self.per_unit())
    }

    /// The greatest `units`: as many as give each column of a column tile a slot.
    #[must_use]
    pub const fn most_units(self) -> usize {
        (TILE_COLUMNS - 1) / self.per_unit() + 1
    }

    /// Bytes of the array of a `[rows, cols]` layer: elements with slots, places or codes, values and columns of the residue.
    ///
    /// # Errors
    /// `limit` when the number overflows.
    pub fn array_bytes(self, pattern: Pattern, rows: usize, cols: usize) -> Result<u64> {
        let units = checked::mul(to_u64(cols.div_ceil(TILE_COLUMNS)), to_u64(pattern.units), "a layer's units")?;
        let elements = checked::mul(padded_rows(rows, LANES)?, units, "a layer's units")?;
        let (unit_bytes, listed_bytes) = if self == Self::FLOATS { (5, 4) } else { (4, 1) };
        let slots = checked::mul(elements, unit_bytes, "the bytes of a layer's slots")?;
        let listed = checked::mul(to_u64(pattern.listed), listed_bytes + column_bytes(cols), "the bytes of a layer's residue")?;
        checked::add(slots, listed, "a layer's weight bytes")
    }
}
