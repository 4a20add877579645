//! Encodes entries as a sparse array.
#![allow(clippy::arithmetic_side_effects)] // bits of a word, and element numbers, which are bounded by `Tiling::new`

use super::entries::Entries;
use crate::base::checked::from_u32;
use crate::encoding::encoded::Encoded;
use crate::encoding::id::Encoding;
use crate::encoding::layout::lists::push_columns;
use crate::encoding::layout::pattern::{PLACE_BITS, Pattern, SlotLayout, TILE_COLUMNS};
use crate::encoding::layout::tiles::Tiling;
use crate::encoding::values::{Values, greatest};

/// Encodes entries. Each row has `units` elements in a column tile; [`Entries::best_pattern`] finds the number that needs the fewest bytes.
///
/// # Panics
/// When the encoding is not sparse, when its layout does not allow so many `units`, or when a code does not belong to the encoding.
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
    push_columns(&mut bytes, cols, listed.iter().map(|&(col, _)| col));
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

/// Cuts a code to the bits of its field.
fn fit(encoding: Encoding, code: u32) -> u32 {
    match encoding.values() {
        Values::FixedPoint { bits } => {
            assert!(code.cast_signed().unsigned_abs() <= greatest(bits).unsigned_abs(), "{code} in {bits} bits");
            code & ((1 << bits) - 1)
        }
        Values::Codebook { levels } => {
            assert!(from_u32(code) <= levels, "index {code} of {levels} levels");
            code
        }
        Values::F32 | Values::F16 | Values::Ternary => code,
    }
}
