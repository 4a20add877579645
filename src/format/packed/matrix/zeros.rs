//! The flags of elements that are not zero (`format-spec/packed.md`, section 8.2).
#![allow(clippy::indexing_slicing)] // by columns of `Columns`, whose numbers are at most its length, and by contexts made here
#![allow(clippy::arithmetic_side_effects)] // counts of at most 2^31 elements

use super::columns::Columns;
use super::place::Place;
use crate::base::checked::from_u32;
use crate::base::error::Result;
use crate::base::memory::MemoryBudget;
use crate::format::packed::allocate::filled;
use crate::format::packed::coder::Coder;
use crate::format::packed::prediction::probability::{Count, Mixer, stretch};

/// Predictions for an element: from all elements, its row, its column, its map, its neighbourhood in earlier rows, its map in this row, its
/// neighbours in this row, and a constant.
const PREDICTIONS: usize = 8;
/// The initial weight of each prediction, in units of 2^-16.
const WEIGHTS: [i32; PREDICTIONS] = [65_536, 16_384, 49_152, 16_384, 16_384, 16_384, 24_576, 0];
const RATE: i32 = 16;
/// The prior share of elements that are not zero, and the number of elements that the prior counts as.
const EXPECTED: (u32, u32) = (19_661, 6);
/// The number of elements that the more general share counts as, in each prediction.
const STRENGTH: [u32; PREDICTIONS] = [0, 4, 12, 12, 3, 16, 2, 0];
const CONSTANT: i32 = 77;

/// Counts of the elements coded so far. An element that is not zero counts as a 1.
pub(crate) struct Zeros {
    all: Count,
    row: Count,
    rows: u32,
    /// The number of ones in each column, then a 0 for a neighbour that does not exist.
    columns: Vec<u32>,
    maps: Vec<Count>,
    maps_in_row: Vec<Count>,
    near: [Count; 7],
    mixer: Mixer<PREDICTIONS>,
}

impl Zeros {
    pub(crate) fn new(columns: &Columns, memory: &mut MemoryBudget) -> Result<Self> {
        Ok(Self {
            all: Count::default(),
            row: Count::default(),
            rows: 0,
            columns: filled(0, columns.len + 1, memory)?,
            maps: filled(Count::default(), columns.maps, memory)?,
            maps_in_row: filled(Count::default(), columns.maps, memory)?,
            near: [Count::default(); 7],
            mixer: Mixer::new(WEIGHTS),
        })
    }

    pub(crate) fn start_row(&mut self) {
        self.rows += u32::from(self.row.total > 0);
        self.row = Count::default();
        self.maps_in_row.fill(Count::default());
    }

    pub(crate) fn code(&mut self, coder: &mut impl Coder, place: &Place<'_>, bit: bool) -> Result<bool> {
        let col = place.col;
        let all = self.all.share(EXPECTED.0, EXPECTED.1);
        let row = self.row.share(all, STRENGTH[1]);
        let own = self.columns[col];
        let mut shares = [all, row, Count { ones: own, total: self.rows }.share(all, STRENGTH[2]), all, all, all, all, all];
        let column = place.columns.places.get(col);
        let mut near = 0;
        if let Some(column) = column {
            let map = from_u32(column.map);
            let is = |slot: u32| usize::from(place.values[from_u32(slot)] != 0);
            let [left, above, above_left, above_right, ..] = column.around;
            near = 2 * (is(left) + is(above)) + is(above_left) + is(above_right);
            let ones = column.around.iter().map(|&slot| self.columns[from_u32(slot)]).sum::<u32>() + own;
            let total = self.rows * (column.neighbours + 1) + column.neighbours_before;
            shares[3] = self.maps[map].share(all, STRENGTH[3]);
            shares[4] = Count { ones, total }.share(all, STRENGTH[4]);
            shares[5] = self.maps_in_row[map].share(row, STRENGTH[5]);
            shares[6] = self.near[near].share(all, STRENGTH[6]);
        }
        let general = stretch(all);
        let mut predictions = shares.map(|share| stretch(share) - general);
        predictions[0] = general;
        predictions[7] = CONSTANT;
        let bit = self.mixer.code(coder, bit, &predictions, RATE)?;
        self.all.add(bit);
        self.row.add(bit);
        self.columns[col] += u32::from(bit);
        if let Some(column) = column {
            self.maps[from_u32(column.map)].add(bit);
            self.maps_in_row[from_u32(column.map)].add(bit);
            self.near[near].add(bit);
        }
        Ok(bit)
    }
}
