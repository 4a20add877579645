//! Scattered weights: slots for each row and tile of 32 columns, and a residue (`format-spec/encodings/sparse.md`).
#![allow(clippy::arithmetic_side_effects)] // bits of a word, and element numbers, which are bounded by `Tiling::new`

use super::lists::{Lists, column_bytes};
use super::pattern::{PLACE_BITS, Pattern, SlotLayout, TILE_COLUMNS};
use super::tiles::{TILE_ROWS, Tiling};
use super::words::cast;
use super::{Encoded, Encoding, Entries, Lookup, check_float, fixed_point};
use crate::base::checked::{from_u32, to_u64};
use crate::base::error::{Defect, Error, ErrorKind, Result};

/// The stored values, little-endian.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// One float per unit.
    Floats {
        /// The bits of each slot's value.
        units: &'a [u32],
        /// The place of each slot.
        places: &'a [u8],
        /// The bits of each value of the residue.
        listed: &'a [u32],
    },
    /// Words of several slots.
    Codes {
        /// The words.
        words: &'a [u32],
        /// The code of each entry of the residue.
        listed: &'a [u8],
        /// The factor of every code of as many bits: 0, then the levels; or the integers.
        table: &'a [f32],
    },
}

/// A stored sparse array.
///
/// Invariants: (I1) units, words and places are `tiling.elements()`; (I2) `tiling.units()` is `units` for each of the column tiles; (I3) as
/// many values or codes are listed as the lists have entries, one list per row; (I4) a table has `2^code_bits` factors, so that no
/// code leaves it; (I5) stored elements are handed out in the host's byte order, a place below 32.
#[derive(Clone, Copy, Debug)]
pub struct Sparse<'a> {
    encoding: Encoding,
    layout: SlotLayout,
    tiling: Tiling,
    cols: usize,
    units: usize,
    values: Values<'a>,
    lists: Lists<'a>,
    /// Of fixed point; otherwise 1.
    step: f32,
}

/// The next `n` elements of the size of a `T`. Errors: `size`, `align`.
fn take<'a, T: bytemuck::AnyBitPattern>(bytes: &mut &'a [u8], n: Option<usize>) -> Result<&'a [T]> {
    let len = n.and_then(|n| n.checked_mul(size_of::<T>())).filter(|&len| len <= bytes.len()).unwrap_or(bytes.len());
    let (part, rest) = bytes.split_at(len);
    *bytes = rest;
    cast(part, n)
}

impl<'a> Sparse<'a> {
    /// Errors: `size`, `align`.
    ///
    /// # Panics
    /// When `encoding` is not sparse.
    pub fn new(encoding: Encoding, rows: usize, cols: usize, mut bytes: &'a [u8], lookup: &'a Lookup) -> Result<Self> {
        let layout = encoding.slots().expect("invariant: a sparse encoding");
        let units = lookup.units;
        let tiling = cols.div_ceil(TILE_COLUMNS).checked_mul(units).and_then(|units| Tiling::new(rows, units));
        let (elements, listed) = (tiling.map(Tiling::elements), lookup.starts.last().copied());
        let words = take(&mut bytes, elements)?;
        let is_float = layout == SlotLayout::FLOATS;
        let floats = if is_float { take(&mut bytes, listed)? } else { &[] };
        let columns = listed.and_then(|n| n.checked_mul(usize::try_from(column_bytes(cols)).ok()?));
        let columns = take(&mut bytes, columns)?;
        let last = cast(bytes, if is_float { elements } else { listed })?;
        let values = if is_float {
            Values::Floats { units: words, places: last, listed: floats }
        } else if lookup.table.len() == 1 << layout.code_bits() {
            Values::Codes { words, listed: last, table: &lookup.table }
        } else {
            return Err(Error::new(Defect::Codebook, format!("{} factors of {} bits", lookup.table.len(), layout.code_bits())));
        };
        let lists = Lists::new(rows, cols, columns, &lookup.starts)?;
        let tiling = tiling.expect("invariant: cast refuses an array without a size");
        Ok(Self { encoding, layout, tiling, cols, units, values, lists, step: lookup.step })
    }

    /// Outputs.
    #[must_use]
    pub fn rows(self) -> usize {
        self.tiling.rows()
    }

    /// Inputs.
    #[must_use]
    pub fn cols(self) -> usize {
        self.cols
    }

    /// Column tiles.
    #[must_use]
    pub fn tiles(self) -> usize {
        self.cols.div_ceil(TILE_COLUMNS)
    }

    /// Units of a column tile.
    #[must_use]
    pub fn units(self) -> usize {
        self.units
    }

    /// How slots lie in units.
    #[must_use]
    pub fn layout(self) -> SlotLayout {
        self.layout
    }

    /// The order of the units.
    #[must_use]
    pub fn tiling(self) -> Tiling {
        self.tiling
    }

    /// The stored values.
    #[must_use]
    pub fn values(self) -> Values<'a> {
        self.values
    }

    /// The residue of each row.
    #[must_use]
    pub fn lists(self) -> Lists<'a> {
        self.lists
    }

    /// The slots of a row in a column tile: place and code.
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
    fn slot(self, element: usize, field: usize) -> (usize, u32) {
        match self.values {
            Values::Floats { units, places, .. } => (usize::from(places[element]) % TILE_COLUMNS, u32::from_le(units[element])),
            Values::Codes { words, .. } => {
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
        match self.values {
            Values::Floats { listed, .. } => u32::from_le(listed[entry]),
            Values::Codes { listed, .. } => u32::from(listed[entry]) & ((1 << self.layout.code_bits()) - 1),
        }
    }

    /// What the activation of a slot or an entry is multiplied by: the value, the integer, or the level.
    #[inline(always)]
    #[must_use]
    #[allow(clippy::indexing_slicing)] // by (I4)
    pub fn factor(self, code: u32) -> f32 {
        match self.values {
            Values::Floats { .. } => f32::from_bits(code),
            Values::Codes { table, .. } => table[from_u32(code)],
        }
    }

    /// The weight of an entry's code, without its row's factor.
    #[must_use]
    pub fn weight(self, code: u32) -> f32 {
        self.factor(code & self.mask()) * self.step
    }

    fn mask(self) -> u32 {
        if self.layout == SlotLayout::FLOATS { u32::MAX } else { (1 << self.layout.code_bits()) - 1 }
    }

    /// The entries, as what they are encoded from.
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
            let signed = |code| match self.encoding {
                Encoding::SparseFixedPoint { bits } => fixed_point::sign_extend(code, bits).cast_unsigned(),
                _ => code,
            };
            entries.push_row(all.into_iter().map(|(col, code)| (col, signed(code))));
        }
        entries
    }

    /// Entries of slots and residue.
    #[must_use]
    pub fn nonzeros(self) -> usize {
        let rows = 0..self.rows();
        let in_slots = rows.flat_map(|row| (0..self.tiles()).flat_map(move |tile| self.slots(row, tile)));
        in_slots.filter(|&(_, code)| code != 0).count().saturating_add(self.lists.entries())
    }

    /// Checks every stored element, the parts of the array in their order, then what relates them; `offset` is where the array starts.
    pub fn check(self, offset: u64) -> Result<()> {
        let (elements, listed) = (to_u64(self.tiling.elements()), to_u64(self.lists.entries()));
        let values_at = offset.saturating_add(elements.saturating_mul(4));
        let mut used = [false; 256];
        match self.values {
            Values::Floats { units, places, listed: values } => {
                self.check_floats(units, offset)?;
                for (value, at) in values.iter().zip((values_at..).step_by(4)) {
                    check_float(f32::from_bits(u32::from_le(*value)), at, "a value of the residue")?;
                    if *value == 0 {
                        return Err(Error::at(Defect::NonCanonical, at, "a value of the residue is zero"));
                    }
                }
                let columns_at = values_at.saturating_add(listed.saturating_mul(4));
                self.lists.check(self.cols, columns_at)?;
                self.check_slots(columns_at.saturating_add(listed.saturating_mul(column_bytes(self.cols))), 1, |element, _| {
                    (places.get(element).map_or(0, |&place| u32::from(place)), self.slot(element, 0).1)
                })?;
            }
            Values::Codes { words, listed: codes, .. } => {
                self.check_slots(offset, 4, |element, field| match field {
                    None => (0, words.get(element).map_or(0, |word| u32::from_le(*word))),
                    Some(field) => {
                        let (place, code) = self.slot(element, field);
                        used.get_mut(from_u32(code)).into_iter().for_each(|used| *used = true);
                        (u32::try_from(place).expect("invariant: below 32"), code)
                    }
                })?;
                self.lists.check(self.cols, values_at)?;
                let codes_at = values_at.saturating_add(listed.saturating_mul(column_bytes(self.cols)));
                for (&code, at) in codes.iter().zip(codes_at..) {
                    self.check_listed(code).map_err(|message| Error::at(Defect::Code, at, message))?;
                    used.get_mut(usize::from(code)).into_iter().for_each(|used| *used = true);
                }
            }
        }
        self.check_residue(offset)?;
        let Encoding::SparseCodebook { levels } = self.encoding else { return Ok(()) };
        match used.iter().skip(1).take(levels).position(|used| !used) {
            Some(level) => Err(Error::at(Defect::NonCanonical, offset, format!("no weight uses level {level}"))),
            None => Ok(()),
        }
    }

    /// Part 1 of an array of floats: their values.
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

    /// The slots in storage order: `slot(element, field)` is a place, as stored, and a code; without a field, all bits of the element
    /// that are not in a place of its own.
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
                return if is_zero {
                    Ok(())
                } else {
                    fail(ErrorKind::Format(Defect::Padding), "a unit of a padding row is not zero")
                };
            };
            let filled = rows.get_mut(row % TILE_ROWS).expect("invariant: a remainder");
            if unit % self.units == 0 {
                *filled = Filled::default();
            }
            let first = unit / self.units * TILE_COLUMNS;
            for field in 0..self.layout.per_unit() {
                let (place, code) = slot(element, Some(field));
                let in_layer = from_u32(place) < TILE_COLUMNS.min(self.cols.saturating_sub(first));
                if let Err((kind, message)) = filled.take(place, code, in_layer, self.is_code(code)) {
                    return fail(kind, message);
                }
            }
            if self.layout != SlotLayout::FLOATS && bits.checked_shr(used_bits).unwrap_or(0) != 0 {
                return fail(ErrorKind::Format(Defect::Padding), "bits above the last field are set");
            }
            Ok(())
        })
    }

    /// Whether a code other than 0 is one of the encoding.
    fn is_code(self, code: u32) -> bool {
        match self.encoding {
            Encoding::SparseFixedPoint { bits } => code != 1 << (bits - 1),
            Encoding::SparseCodebook { levels } => from_u32(code) <= levels,
            _ => true,
        }
    }

    fn check_listed(self, code: u8) -> Result<(), String> {
        let right = match self.encoding {
            Encoding::SparseFixedPoint { bits } => {
                let q = i32::from(code.cast_signed());
                q != 0 && q.abs() <= fixed_point::greatest(bits)
            }
            Encoding::SparseCodebook { levels } => (1..=levels).contains(&usize::from(code)),
            _ => true,
        };
        if right { Ok(()) } else { Err(format!("{code} is not the code of an entry")) }
    }

    /// An entry stands in the residue only when its column tile has no slot left for it.
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

/// The slots of one row and column tile so far.
#[derive(Clone, Copy, Debug, Default)]
struct Filled {
    ended: bool,
    least: u32,
}

impl Filled {
    fn take(&mut self, place: u32, code: u32, in_layer: bool, is_code: bool) -> Result<(), (ErrorKind, &'static str)> {
        if code == 0 {
            self.ended = true;
            return if place == 0 { Ok(()) } else { Err((ErrorKind::Format(Defect::Padding), "a free slot has a place")) };
        }
        if self.ended {
            return Err((ErrorKind::Format(Defect::NonCanonical), "an entry after a free slot"));
        }
        if !is_code {
            return Err((ErrorKind::Format(Defect::Code), "a code that the encoding does not have"));
        }
        if !in_layer || place < self.least {
            return Err((ErrorKind::Format(Defect::Mask), "a place past the last column, or not after the one before"));
        }
        self.least = place.saturating_add(1);
        Ok(())
    }
}

/// Encodes entries with so many `units` of each column tile; [`Entries::best_pattern`] chooses them for the fewest bytes.
///
/// # Panics
/// When the encoding is not sparse, has fewer units than that, or does not have one of the codes.
#[must_use]
pub fn encode(encoding: Encoding, levels: &[f32], units: usize, entries: &Entries) -> Encoded {
    let layout = encoding.slots().expect("invariant: a sparse encoding");
    assert!(units <= layout.most_units(), "{units} units");
    let (rows, cols, slots) = (entries.rows(), entries.cols(), layout.slots(units));
    let tiles = cols.div_ceil(TILE_COLUMNS);
    let tiling = tiles.checked_mul(units).and_then(|units| Tiling::new(rows, units));
    let tiling = tiling.expect("invariant: a layer in memory has few enough weights");
    let (mut words, mut places) = (vec![0u32; tiling.elements()], vec![0u8; tiling.elements()]);
    let (mut counts, mut listed) = (Vec::new(), Vec::new());
    for row in 0..rows {
        let before = listed.len();
        for tile in entries.tiles(row) {
            for (slot, &(col, code)) in tile.iter().enumerate().take(slots) {
                let place = u8::try_from(col % TILE_COLUMNS).expect("invariant: below 32");
                let element = tiling.index(row, col / TILE_COLUMNS * units + slot / layout.per_unit());
                let field = u32::try_from(slot % layout.per_unit()).expect("invariant: at most 4") * layout.field_bits();
                let word = words.get_mut(element).expect("invariant: an element of the array");
                *word |= if layout == SlotLayout::FLOATS {
                    code
                } else {
                    (fit(encoding, code) << PLACE_BITS | u32::from(place)) << field
                };
                *places.get_mut(element).expect("invariant: an element of the array") = place;
            }
            listed.extend(tile.iter().skip(slots));
        }
        counts.push(u32::try_from(listed.len() - before).expect("invariant: at most the columns"));
    }
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    if layout == SlotLayout::FLOATS {
        bytes.extend(listed.iter().flat_map(|(_, code)| code.to_le_bytes()));
    }
    super::lists::push_columns(&mut bytes, cols, listed.iter().map(|&(col, _)| col));
    if layout == SlotLayout::FLOATS {
        bytes.extend(places);
    } else {
        bytes.extend(listed.iter().map(|&(_, code)| {
            fit(encoding, code);
            code.to_le_bytes()[0]
        }));
    }
    let pattern = Pattern { units, listed: listed.len() };
    Encoded { encoding, pattern, rows, cols, levels: levels.to_vec(), counts, bytes }
}

/// A code as a field of its bits.
fn fit(encoding: Encoding, code: u32) -> u32 {
    match encoding {
        Encoding::SparseFixedPoint { bits } => {
            assert!(code.cast_signed().unsigned_abs() <= fixed_point::greatest(bits).unsigned_abs(), "{code} in {bits} bits");
            code & ((1 << bits) - 1)
        }
        Encoding::SparseCodebook { levels } => {
            assert!(from_u32(code) <= levels, "index {code} of {levels} levels");
            code
        }
        _ => code,
    }
}
