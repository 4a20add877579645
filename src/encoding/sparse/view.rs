//! The view of a sparse array: slots for each row and tile of 32 columns, and a list for each row (`format-spec/encodings/sparse.md`).
#![allow(clippy::arithmetic_side_effects)] // bits of a word, and element numbers, which are bounded by `Tiling::new`

use super::entries::Entries;
use crate::base::checked::from_u32;
use crate::base::error::Result;
use crate::encoding::layout::array::{cast, take};
use crate::encoding::layout::lists::{Lists, column_bytes};
use crate::encoding::layout::pattern::{PLACE_BITS, SlotLayout, TILE_COLUMNS};
use crate::encoding::layout::tiles::Tiling;
use crate::encoding::lookup::SlotFactors;
use crate::encoding::values::sign_extend;

/// The stored elements, little-endian.
#[derive(Clone, Copy, Debug)]
pub enum Stored<'a> {
    /// A float in each element.
    Floats {
        /// The bits of each slot's value.
        units: &'a [u32],
        /// The place of each slot.
        places: &'a [u8],
        /// The bits of each value of the lists.
        listed: &'a [u32],
    },
    /// Words of several slots.
    Codes {
        /// The words.
        words: &'a [u32],
        /// The code of each entry of the lists.
        listed: &'a [u8],
        /// The factor of every code: zero and the levels, or the integers.
        table: &'a [f32],
    },
}

/// A stored sparse array. The entries that found no slot in their column tile lie in lists: the residue.
///
/// Invariants: (I1) there are `tiling.elements()` values or words, and as many places; (I2) `tiling.units()` is `units` times the number of
/// column tiles; (I3) there is one list for each row, and a listed value or code for each entry of the lists; (I4) codes are stored exactly if
/// `factors` has a table, which has a factor for every code of `layout.code_bits()` bits; (I5) accessors return stored elements in the host's
/// byte order, and places below 32.
#[derive(Clone, Copy, Debug)]
pub struct Sparse<'a> {
    pub(super) layout: SlotLayout,
    pub(super) tiling: Tiling,
    cols: usize,
    pub(super) units: usize,
    pub(super) stored: Stored<'a>,
    pub(super) lists: Lists<'a>,
    pub(super) factors: &'a SlotFactors,
}

impl<'a> Sparse<'a> {
    /// The view of `bytes` as a `[rows, cols]` array with `units` elements for each row and column tile. `starts` says where each list starts.
    ///
    /// # Errors
    /// `size`, `align`.
    pub fn new(
        rows: usize,
        cols: usize,
        mut bytes: &'a [u8],
        factors: &'a SlotFactors,
        units: usize,
        starts: &'a [usize],
    ) -> Result<Self> {
        let tiling = cols.div_ceil(TILE_COLUMNS).checked_mul(units).and_then(|units| Tiling::new(rows, units));
        let (elements, listed) = (tiling.map(Tiling::elements), starts.last().copied());
        let words = take(&mut bytes, elements)?;
        let columns =
            |bytes: &mut &'a [u8]| take(bytes, listed.and_then(|n| n.checked_mul(usize::try_from(column_bytes(cols)).ok()?)));
        let (stored, columns) = match factors {
            SlotFactors::Floats => {
                let values = take(&mut bytes, listed)?;
                let columns = columns(&mut bytes)?;
                (Stored::Floats { units: words, places: cast(bytes, elements)?, listed: values }, columns)
            }
            SlotFactors::Integers { table, .. } | SlotFactors::Levels(table) => {
                let columns = columns(&mut bytes)?;
                (Stored::Codes { words, listed: cast(bytes, listed)?, table: table.factors() }, columns)
            }
        };
        let lists = Lists::new(rows, cols, columns, starts)?;
        let tiling = tiling.expect("invariant: cast refuses an array without a size");
        Ok(Self { layout: factors.layout(), tiling, cols, units, stored, lists, factors })
    }

    /// The number of outputs.
    #[must_use]
    pub fn rows(self) -> usize {
        self.tiling.rows()
    }

    /// The number of inputs.
    #[must_use]
    pub fn cols(self) -> usize {
        self.cols
    }

    /// The number of column tiles.
    #[must_use]
    pub fn tiles(self) -> usize {
        self.cols.div_ceil(TILE_COLUMNS)
    }

    /// The number of elements that each row has in a column tile.
    #[must_use]
    pub fn units(self) -> usize {
        self.units
    }

    /// The layout of slots in elements.
    #[must_use]
    pub fn layout(self) -> SlotLayout {
        self.layout
    }

    /// The order of the elements.
    #[must_use]
    pub fn tiling(self) -> Tiling {
        self.tiling
    }

    /// The stored elements.
    #[must_use]
    pub fn stored(self) -> Stored<'a> {
        self.stored
    }

    /// The residue of each row.
    #[must_use]
    pub fn lists(self) -> Lists<'a> {
        self.lists
    }

    /// The slots of a row in a column tile, each as place and code.
    #[inline(always)]
    pub fn slots(self, row: usize, tile: usize) -> impl Iterator<Item = (usize, u32)> {
        let per_unit = self.layout.per_unit();
        (0..self.units).flat_map(move |unit| {
            let element = self.tiling.index(row, tile * self.units + unit);
            (0..per_unit).map(move |field| self.slot(element, field))
        })
    }

    #[inline(always)]
    #[allow(clippy::indexing_slicing, clippy::as_conversions)] // by (I1); a field is at most the fourth
    pub(super) fn slot(self, element: usize, field: usize) -> (usize, u32) {
        match self.stored {
            Stored::Floats { units, places, .. } => (usize::from(places[element]) % TILE_COLUMNS, u32::from_le(units[element])),
            Stored::Codes { words, .. } => {
                let bits = u32::from_le(words[element]) >> (field as u32 * self.layout.field_bits());
                (from_u32(bits) % TILE_COLUMNS, bits >> PLACE_BITS & ((1 << self.layout.code_bits()) - 1))
            }
        }
    }

    /// The code of an entry of the residue.
    #[inline(always)]
    #[must_use]
    #[allow(clippy::indexing_slicing)] // by (I3)
    pub fn listed(self, entry: usize) -> u32 {
        match self.stored {
            Stored::Floats { listed, .. } => u32::from_le(listed[entry]),
            Stored::Codes { listed, .. } => u32::from(listed[entry]) & ((1 << self.layout.code_bits()) - 1),
        }
    }

    /// The factor of a slot's or entry's activation: the float, the integer, or the level.
    #[inline(always)]
    #[must_use]
    #[allow(clippy::indexing_slicing)] // by (I4)
    pub fn factor(self, code: u32) -> f32 {
        match self.stored {
            Stored::Floats { .. } => f32::from_bits(code),
            Stored::Codes { table, .. } => table[from_u32(code)],
        }
    }

    /// The weight of an entry's code, without its row's factor.
    #[must_use]
    pub fn weight(self, code: u32) -> f32 {
        self.factor(code & self.mask()) * self.factors.step()
    }

    fn mask(self) -> u32 {
        if self.layout == SlotLayout::FLOATS { u32::MAX } else { (1 << self.layout.code_bits()) - 1 }
    }

    /// All entries; integers are in two's complement of 32 bits.
    #[must_use]
    pub fn entries(self) -> Entries {
        let mut entries = Entries::new(self.cols);
        for row in 0..self.rows() {
            let in_slots = (0..self.tiles())
                .flat_map(|tile| self.slots(row, tile).map(move |(place, code)| (tile * TILE_COLUMNS + place, code)));
            let listed = self.lists.range(row).map(|entry| (self.lists.column(entry), self.listed(entry)));
            let is_entry = |&(col, code): &(usize, u32)| code != 0 && col < self.cols;
            let mut all: Vec<(usize, u32)> = in_slots.chain(listed).filter(is_entry).collect();
            all.sort_unstable();
            all.dedup_by_key(|entry| entry.0); // a mapped file may have changed
            let signed = |code| match self.factors {
                SlotFactors::Integers { .. } => sign_extend(code, self.layout.code_bits()).cast_unsigned(),
                SlotFactors::Floats | SlotFactors::Levels(_) => code,
            };
            entries.push_row(all.into_iter().map(|(col, code)| (col, signed(code))));
        }
        entries
    }

    /// The number of entries, in slots and in the residue.
    #[must_use]
    pub fn nonzeros(self) -> usize {
        let rows = 0..self.rows();
        let in_slots = rows.flat_map(|row| (0..self.tiles()).flat_map(move |tile| self.slots(row, tile)));
        in_slots.filter(|&(_, code)| code != 0).count().saturating_add(self.lists.entries())
    }
}
