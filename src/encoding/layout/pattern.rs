//! The layout and the number of the slots of a sparse layer (`format-spec/encodings/sparse.md`).
#![allow(clippy::arithmetic_side_effects)] // constants and bits of a word; numbers that depend on a shape go through `checked`

use super::lists::{column_bytes, padded_rows};
use super::tiles::LANES;
use crate::base::checked::{self, to_u64};
use crate::base::error::Result;

/// The number of columns of a column tile.
pub const TILE_COLUMNS: usize = 32;
/// The bits of a place in a column tile.
pub const PLACE_BITS: u32 = 5;

/// The size of a layer's slots and lists: fields of its node. Both are 0 for a layout that stores every weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// For the sparse encodings, the number of elements that each row has in a column tile.
    pub units: usize,
    /// The number of entries of the residue, or of blocks.
    pub listed: usize,
}

/// The layout of the slots in an element of the array. A slot has a place and a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotLayout {
    code_bits: u32,
}

impl SlotLayout {
    /// One slot: the element is a float; its place lies in a separate array of bytes.
    pub const FLOATS: Self = Self { code_bits: 0 };

    /// As many slots as a word holds, each a place and a code of `code_bits` (1 to 8) bits.
    #[must_use]
    pub const fn codes(code_bits: u32) -> Self {
        assert!(1 <= code_bits && code_bits <= 8);
        Self { code_bits }
    }

    /// The bits of a code; 0 for floats.
    #[must_use]
    pub const fn code_bits(self) -> u32 {
        self.code_bits
    }

    /// The bits of a slot in a word.
    #[must_use]
    pub const fn field_bits(self) -> u32 {
        PLACE_BITS + self.code_bits
    }

    /// The number of slots of an element.
    #[must_use]
    #[allow(clippy::as_conversions)] // 1 to 5, in a const function
    pub const fn per_unit(self) -> usize {
        if self.code_bits == 0 { 1 } else { (32 / self.field_bits()) as usize }
    }

    /// The number of slots in `units` elements.
    #[must_use]
    pub const fn slots(self, units: usize) -> usize {
        units.saturating_mul(self.per_unit())
    }

    /// The greatest `units`: with it, each of the 32 columns of a column tile has a slot.
    #[must_use]
    pub const fn most_units(self) -> usize {
        (TILE_COLUMNS - 1) / self.per_unit() + 1
    }

    /// The bytes of the array of a `[rows, cols]` layer: elements with slots, places or codes, values and columns of the residue.
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
