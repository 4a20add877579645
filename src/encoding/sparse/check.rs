//! The checks of a sparse array, in the order of `format-spec/encodings/sparse.md`.
#![allow(clippy::arithmetic_side_effects)] // bits of a word, and element numbers, which are bounded by `Tiling::new`

use super::view::{Sparse, Stored};
use crate::base::checked::{from_u32, to_u64};
use crate::base::error::{Defect, Error, Result};
use crate::encoding::layout::array::check_float;
use crate::encoding::layout::lists::column_bytes;
use crate::encoding::layout::pattern::{SlotLayout, TILE_COLUMNS};
use crate::encoding::layout::tiles::TILE_ROWS;
use crate::encoding::lookup::SlotFactors;
use crate::encoding::values::greatest;

impl Sparse<'_> {
    /// Checks every stored element, part by part, then the relations between the parts. The array starts at byte `offset` of the file.
    ///
    /// # Errors
    /// `non_finite`, `non_canonical`, `code`, `padding`, `mask`.
    pub fn check(self, offset: u64) -> Result<()> {
        let (elements, listed) = (to_u64(self.tiling.elements()), to_u64(self.lists.entries()));
        let values_at = offset.saturating_add(elements.saturating_mul(4));
        let mut used = [false; 256];
        match self.stored {
            Stored::Floats { units, places, listed: values } => {
                self.check_floats(units, offset)?;
                for (value, at) in values.iter().zip((values_at..).step_by(4)) {
                    check_float(f32::from_bits(u32::from_le(*value)), at, "a value of the residue")?;
                    if *value == 0 {
                        return Err(Error::at(Defect::NonCanonical, at, "a value of the residue is zero"));
                    }
                }
                let columns_at = values_at.saturating_add(listed.saturating_mul(4));
                self.lists.check(self.cols(), columns_at)?;
                self.check_slots(
                    columns_at.saturating_add(listed.saturating_mul(column_bytes(self.cols()))),
                    1,
                    |element, _| (places.get(element).map_or(0, |&place| u32::from(place)), self.slot(element, 0).1),
                )?;
            }
            Stored::Codes { words, listed: codes, .. } => {
                self.check_slots(offset, 4, |element, field| match field {
                    None => (0, words.get(element).map_or(0, |word| u32::from_le(*word))),
                    Some(field) => {
                        let (place, code) = self.slot(element, field);
                        used.get_mut(from_u32(code)).into_iter().for_each(|used| *used = true);
                        (u32::try_from(place).expect("invariant: below 32"), code)
                    }
                })?;
                self.lists.check(self.cols(), values_at)?;
                let codes_at = values_at.saturating_add(listed.saturating_mul(column_bytes(self.cols())));
                for (&code, at) in codes.iter().zip(codes_at..) {
                    self.check_listed(code).map_err(|message| Error::at(Defect::Code, at, message))?;
                    used.get_mut(usize::from(code)).into_iter().for_each(|used| *used = true);
                }
            }
        }
        self.check_residue(offset)?;
        let SlotFactors::Levels(table) = self.factors else { return Ok(()) };
        match used.iter().take(table.codes()).skip(1).position(|used| !used) {
            Some(level) => Err(Error::at(Defect::NonCanonical, offset, format!("no weight uses level {level}"))),
            None => Ok(()),
        }
    }

    /// Checks part 1 of an array of floats: the values.
    fn check_floats(self, units: &[u32], offset: u64) -> Result<()> {
        let mut elements = units.iter().zip((offset..).step_by(4));
        self.tiling.visit(|row, _| {
            let (&unit, at) = elements.next().expect("invariant: I1");
            if row.is_none() && unit != 0 {
                return Err(Error::at(Defect::Padding, at, "an element of a padding row is not zero"));
            }
            check_float(f32::from_bits(u32::from_le(unit)), at, "a weight")
        })
    }

    /// Checks the slots in storage order. `slot(element, Some(field))` is the stored place and the code of a slot. `slot(element, None)` is the
    /// place of a float (0 for codes), and all bits of the element.
    fn check_slots(
        self,
        offset: u64,
        element_bytes: u64,
        mut slot: impl FnMut(usize, Option<usize>) -> (u32, u32),
    ) -> Result<()> {
        let mut rows = [Filled::default(); TILE_ROWS];
        let mut elements = 0..self.tiling.elements();
        let used_bits = self.layout.field_bits() * u32::try_from(self.layout.per_unit()).expect("invariant: at most 5");
        self.tiling.visit(|row, unit| {
            let element = elements.next().expect("invariant: I1");
            let fail = |kind, message: &str| {
                let at = offset.saturating_add(to_u64(element).saturating_mul(element_bytes));
                let tile = unit.checked_div(self.units).unwrap_or(0);
                Err(Error::at(kind, at, format!("row {}, column tile {tile}: {message}", row.unwrap_or_default())))
            };
            let (place, bits) = slot(element, None);
            let Some(row) = row else {
                let is_zero = place == 0 && bits == 0;
                return if is_zero { Ok(()) } else { fail(Defect::Padding, "an element of a padding row is not zero") };
            };
            let filled = rows.get_mut(row % TILE_ROWS).expect("invariant: a remainder");
            if unit % self.units == 0 {
                *filled = Filled::default();
            }
            let first = unit / self.units * TILE_COLUMNS;
            for field in 0..self.layout.per_unit() {
                let (place, code) = slot(element, Some(field));
                let in_layer = from_u32(place) < TILE_COLUMNS.min(self.cols().saturating_sub(first));
                if let Err((kind, message)) = filled.take(place, code, in_layer, self.is_code(code)) {
                    return fail(kind, message);
                }
            }
            if self.layout != SlotLayout::FLOATS && bits.checked_shr(used_bits).unwrap_or(0) != 0 {
                return fail(Defect::Padding, "bits above the last field are set");
            }
            Ok(())
        })
    }

    /// Whether a code other than 0 belongs to the encoding.
    fn is_code(self, code: u32) -> bool {
        match self.factors {
            SlotFactors::Floats => true,
            SlotFactors::Integers { table, .. } => code != 1 << (table.bits() - 1),
            SlotFactors::Levels(table) => from_u32(code) < table.codes(),
        }
    }

    fn check_listed(self, code: u8) -> Result<(), String> {
        let right = match self.factors {
            SlotFactors::Floats => true,
            SlotFactors::Integers { table, .. } => {
                let q = i32::from(code.cast_signed());
                q != 0 && q.abs() <= greatest(table.bits())
            }
            SlotFactors::Levels(table) => (1..table.codes()).contains(&usize::from(code)),
        };
        if right { Ok(()) } else { Err(format!("{code} is not the code of an entry")) }
    }

    /// Checks that an entry lies in the residue only if its row has no slot left in its column tile.
    fn check_residue(self, offset: u64) -> Result<()> {
        let rows = if self.units == 0 { 0 } else { self.rows() };
        for row in 0..rows {
            for entry in self.lists.range(row) {
                let column = self.lists.column(entry);
                let last = self.slots(row, column / TILE_COLUMNS).last();
                if last.is_none_or(|(place, code)| code == 0 || column % TILE_COLUMNS <= place) {
                    let message = format!("row {row}: the entry of column {column} belongs in a slot");
                    return Err(Error::at(Defect::NonCanonical, offset, message));
                }
            }
        }
        Ok(())
    }
}

/// The slots of one row and column tile that were checked so far.
#[derive(Clone, Copy, Debug, Default)]
struct Filled {
    ended: bool,
    least: u32,
}

impl Filled {
    fn take(&mut self, place: u32, code: u32, in_layer: bool, is_code: bool) -> Result<(), (Defect, &'static str)> {
        if code == 0 {
            self.ended = true;
            return if place == 0 { Ok(()) } else { Err((Defect::Padding, "a free slot has a place")) };
        }
        if self.ended {
            return Err((Defect::NonCanonical, "an entry after a free slot"));
        }
        if !is_code {
            return Err((Defect::Code, "a code that the encoding does not have"));
        }
        if !in_layer || place < self.least {
            return Err((Defect::Mask, "a place past the last column, or not after the one before"));
        }
        self.least = place.saturating_add(1);
        Ok(())
    }
}
