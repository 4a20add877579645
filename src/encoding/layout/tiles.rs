//! The order of all weight arrays (SPEC 6.1): 16 rows in the lanes of a vector, up to 4 vectors in a tile.
#![allow(clippy::arithmetic_side_effects)] // every operand is bounded by `Tiling::new`: no product exceeds the array's length

/// The number of rows in the lanes of a vector.
pub const LANES: usize = 16;
/// The number of vectors in a full tile.
pub const TILE_VECTORS: usize = 4;
/// The number of rows of a full tile.
pub const TILE_ROWS: usize = LANES * TILE_VECTORS;

/// The shape of a tiled array: `rows` outputs with `units` elements each (`U` in SPEC 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiling {
    rows: usize,
    units: usize,
}

/// One tile of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// The first row.
    pub row: usize,
    /// The number of rows that are not padding, 1 to 64.
    pub rows: usize,
    /// The number of vectors, 1 to 4.
    pub vectors: usize,
    /// The index of the tile's first element in the array.
    pub start: usize,
}

impl Tiling {
    /// The tiling of a `[rows, units]` array; `None` when the number of elements overflows.
    #[must_use]
    pub fn new(rows: usize, units: usize) -> Option<Self> {
        rows.checked_next_multiple_of(LANES)?.checked_mul(units)?.checked_add(TILE_ROWS)?;
        Some(Self { rows, units })
    }

    /// The number of outputs.
    #[must_use]
    pub fn rows(self) -> usize {
        self.rows
    }

    /// The number of elements of a row: columns, words, or elements with slots.
    #[must_use]
    pub fn units(self) -> usize {
        self.units
    }

    /// The number of elements of the array, padding rows included.
    #[must_use]
    pub fn elements(self) -> usize {
        self.rows.next_multiple_of(LANES) * self.units
    }

    /// The tiles in order.
    pub fn tiles(self) -> impl Iterator<Item = Tile> {
        (0..self.rows).step_by(TILE_ROWS).map(move |row| {
            let rows = (self.rows - row).min(TILE_ROWS);
            Tile { row, rows, vectors: rows.div_ceil(LANES), start: row * self.units }
        })
    }

    /// The index of an element.
    #[must_use]
    pub fn index(self, row: usize, unit: usize) -> usize {
        let (tile, within) = (row / TILE_ROWS, row % TILE_ROWS);
        let vectors = (self.rows.div_ceil(LANES) - tile * TILE_VECTORS).min(TILE_VECTORS);
        tile * TILE_ROWS * self.units + (unit * vectors + within / LANES) * LANES + within % LANES
    }

    /// Calls `f(row, u)` for every element `u` of a row, in storage order; a padding row is `None`.
    pub fn visit<E>(self, mut f: impl FnMut(Option<usize>, usize) -> Result<(), E>) -> Result<(), E> {
        for tile in self.tiles() {
            for unit in 0..self.units {
                for lane in 0..tile.vectors * LANES {
                    f((lane < tile.rows).then_some(tile.row + lane), unit)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visiting_order_is_the_index_formula_and_covers_the_array_once() {
        for rows in [0, 1, 15, 16, 17, 63, 64, 65, 100, 128, 130, 300] {
            for units in [0, 1, 3, 7] {
                let tiling = Tiling::new(rows, units).unwrap();
                let mut next = 0;
                tiling
                    .visit(|row, unit| {
                        if let Some(row) = row {
                            assert_eq!(tiling.index(row, unit), next, "row {row} unit {unit} of {rows} x {units}");
                        }
                        next += 1;
                        Ok::<(), ()>(())
                    })
                    .unwrap();
                assert_eq!(next, tiling.elements());
            }
        }
        assert!(Tiling::new(usize::MAX, 2).is_none());
    }
}
