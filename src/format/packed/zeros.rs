//! Which elements of a matrix are zero (`format-spec/packed.md`, section 8.2).
#![allow(clippy::indexing_slicing)] // by columns of `Columns`, whose numbers are at most its length, and by contexts made here
#![allow(clippy::arithmetic_side_effects)] // counts of at most 2^31 elements

use super::coder::Coder;
use super::columns::{Columns, filled};
use super::matrix::Place;
use super::probability::{Count, Mixer, stretch};
use crate::base::checked::from_u32;
use crate::base::error::Result;

/// Opinions about an element: all, row, column, map, neighbourhood in earlier rows, map in this row, neighbours in this row, constant.
const OPINIONS: usize = 8;
/// How much an opinion counts at first, in units of 2^-16.
const WEIGHTS: [i32; OPINIONS] = [65_536, 16_384, 49_152, 16_384, 16_384, 16_384, 24_576, 0];
const RATE: i32 = 16;
/// The share that is expected before anything is seen, and the elements that it stands for.
const EXPECTED: (u32, u32) = (19_661, 6);
/// The elements that the more general share stands for in each opinion.
const STRENGTH: [u32; OPINIONS] = [0, 4, 12, 12, 3, 16, 2, 0];
const CONSTANT: i32 = 77;

/// What was seen of a matrix's zeros; a 1 is an element that is not zero.
pub(super) struct Zeros {
    all: Count,
    row: Count,
    rows: u32,
    /// Ones of each column, and 0 for the neighbour that is none.
    columns: Vec<u32>,
    maps: Vec<Count>,
    maps_in_row: Vec<Count>,
    near: [Count; 7],
    mixer: Mixer<OPINIONS>,
}

impl Zeros {
    pub(super) fn new(columns: &Columns) -> Result<Self> {
        Ok(Self {
            all: Count::default(),
            row: Count::default(),
            rows: 0,
            columns: filled(0, columns.len + 1)?,
            maps: filled(Count::default(), columns.maps)?,
            maps_in_row: filled(Count::default(), columns.maps)?,
            near: [Count::default(); 7],
            mixer: Mixer::new(WEIGHTS),
        })
    }

    pub(super) fn start_row(&mut self) {
        self.rows += u32::from(self.row.total > 0);
        self.row = Count::default();
        self.maps_in_row.fill(Count::default());
    }

    pub(super) fn code(&mut self, coder: &mut impl Coder, place: &Place<'_>, bit: bool) -> Result<bool> {
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
        let mut opinions = shares.map(|share| stretch(share) - general);
        opinions[0] = general;
        opinions[7] = CONSTANT;
        let bit = self.mixer.code(coder, bit, &opinions, RATE)?;
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
