//! The signs and magnitudes of elements that are not zero (`format-spec/packed.md`, sections 8.3 and 8.4).
#![allow(clippy::indexing_slicing)] // by columns of `Columns`, whose numbers are at most its length, and by contexts made here
#![allow(clippy::arithmetic_side_effects)] // counts of at most 2^31 elements, sums of magnitudes in u64

use super::columns::Columns;
use super::place::Place;
use crate::base::checked::from_u32;
use crate::base::error::Result;
use crate::base::memory::MemoryBudget;
use crate::format::packed::allocate::filled;
use crate::format::packed::coder::{Coder, HALF};
use crate::format::packed::prediction::probability::{Bit, Count, Mixer, stretch};

const SIGN_WEIGHTS: [i32; 4] = [32_768, 8_192, 8_192, 65_536];
const SIGN_RATE: i32 = 20;
const SIGN_STRENGTH: u32 = 2;

/// The left and the upper neighbour of the element, both in its row of the matrix.
fn nearest(place: &Place<'_>) -> [i32; 2] {
    place.columns.places.get(place.col).map_or([0, 0], |column| [0, 1].map(|k: usize| place.values[from_u32(column.around[k])]))
}

/// Counts of the signs coded so far; a 1 is a negative element.
pub(crate) struct Signs {
    all: Count,
    row: (usize, Count),
    columns: Vec<Count>,
    near: [Count; 5],
    mixer: Mixer<4>,
}

impl Signs {
    pub(crate) fn new(columns: &Columns, memory: &mut MemoryBudget) -> Result<Self> {
        Ok(Self {
            all: Count::default(),
            row: (0, Count::default()),
            columns: filled(Count::default(), columns.len, memory)?,
            near: [Count::default(); 5],
            mixer: Mixer::new(SIGN_WEIGHTS),
        })
    }

    pub(crate) fn code(&mut self, coder: &mut impl Coder, place: &Place<'_>, negative: bool) -> Result<bool> {
        if self.row.0 != place.row {
            self.row = (place.row, Count::default());
        }
        let near = nearest(place).map(i32::signum).into_iter().sum::<i32>() + 2;
        let near = usize::try_from(near).expect("invariant: two signs");
        let all = self.all.share(HALF, 2);
        let general = stretch(all);
        let prediction = |count: Count| stretch(count.share(all, SIGN_STRENGTH)) - general;
        let predictions = [general, prediction(self.row.1), prediction(self.columns[place.col]), prediction(self.near[near])];
        let negative = self.mixer.code(coder, negative, &predictions, SIGN_RATE)?;
        for count in [&mut self.all, &mut self.row.1, &mut self.columns[place.col], &mut self.near[near]] {
            count.add(negative);
        }
        Ok(negative)
    }
}

/// The greatest length of a magnitude, in bits: magnitudes are at most 255.
const LENGTHS: usize = 8;
/// The number of contexts by the mean magnitude of the elements around.
const SURROUNDINGS: usize = 16;
const MAGNITUDE_WEIGHTS: [i32; 4] = [65_536, 32_768, 32_768, 32_768];
const MAGNITUDE_RATE: i32 = 12;
const MAGNITUDE_STRENGTH: u32 = 8;
/// The prior share of magnitudes that are longer, and the number of magnitudes that the prior counts as.
const LONGER: (u32, u32) = (26_214, 4);
/// The number of bits below the leading one with adaptive probabilities; further bits have probability 1/2.
const LEARNT: u32 = 3;

/// A mean: the sum of numbers and their count.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    sum: u64,
    count: u64,
}

impl Mean {
    /// The context of the mean: 0 without numbers, then two contexts for each doubling.
    fn kind(self) -> usize {
        if self.count == 0 {
            return 0;
        }
        let quarters = 4 * self.sum / self.count; // 4 and more
        let length = u64::BITS - quarters.leading_zeros();
        let half = quarters >> (length - 2) & 1;
        from_u32(2 * (length - 3)).saturating_add(usize::from(half == 1)).saturating_add(1).min(SURROUNDINGS - 1)
    }

    fn add(&mut self, n: u32) {
        self.sum += u64::from(n);
        self.count += 1;
    }
}

/// Counts of the magnitudes coded so far, each at least 1.
pub(crate) struct Magnitudes {
    row: (usize, Mean),
    columns: Vec<Mean>,
    /// For each `i`, whether a magnitude of at least `i + 1` bits has more bits.
    longer: [Count; LENGTHS],
    /// The same by the mean of the neighbours, of the row and of the column.
    by_kind: [[[Count; SURROUNDINGS]; LENGTHS]; 3],
    mixers: [Mixer<4>; LENGTHS],
    below: [[Bit; 1 << LEARNT]; LENGTHS + 1],
}

impl Magnitudes {
    pub(crate) fn new(columns: &Columns, memory: &mut MemoryBudget) -> Result<Self> {
        Ok(Self {
            row: (0, Mean::default()),
            columns: filled(Mean::default(), columns.len, memory)?,
            longer: [Count::default(); LENGTHS],
            by_kind: [[[Count::default(); SURROUNDINGS]; LENGTHS]; 3],
            mixers: [Mixer::new(MAGNITUDE_WEIGHTS); LENGTHS],
            below: [[Bit::EVEN; 1 << LEARNT]; LENGTHS + 1],
        })
    }

    /// Codes `magnitude`, 1 to `most` (at most 255).
    pub(crate) fn code(&mut self, coder: &mut impl Coder, place: &Place<'_>, magnitude: u32, most: u32) -> Result<u32> {
        if self.row.0 != place.row {
            self.row = (place.row, Mean::default());
        }
        let mut near = Mean::default();
        nearest(place).into_iter().filter(|&value| value != 0).for_each(|value| near.add(value.unsigned_abs()));
        let kinds = [near.kind(), self.row.1.kind(), self.columns[place.col].kind()];
        let length = self.code_length(coder, u32::BITS - magnitude.leading_zeros(), u32::BITS - most.leading_zeros(), kinds)?;
        let mut number = 1u32 << (length - 1);
        let mut node = 1usize;
        for i in (0..length - 1).rev() {
            let with = number | 1 << i;
            if with > most {
                continue; // the bit must be 0
            }
            let bit = magnitude >> i & 1 == 1;
            let bit = match self.below[from_u32(length)].get_mut(node) {
                Some(context) => context.code(coder, bit)?,
                None => coder.bit(bit, HALF)?,
            };
            node = node << 1 | usize::from(bit);
            number = if bit { with } else { number };
        }
        self.row.1.add(number);
        self.columns[place.col].add(number);
        Ok(number)
    }

    fn code_length(&mut self, coder: &mut impl Coder, length: u32, longest: u32, kinds: [usize; 3]) -> Result<u32> {
        let mut decoded = 1;
        while decoded < longest {
            let i = from_u32(decoded) - 1;
            let all = self.longer[i].share(LONGER.0, LONGER.1);
            let general = stretch(all);
            let mut predictions = [general; 4];
            for ((prediction, by_kind), kind) in predictions.iter_mut().skip(1).zip(&self.by_kind).zip(kinds) {
                *prediction = stretch(by_kind[i][kind].share(all, MAGNITUDE_STRENGTH)) - general;
            }
            let longer = self.mixers[i].code(coder, length > decoded, &predictions, MAGNITUDE_RATE)?;
            self.longer[i].add(longer);
            for (by_kind, kind) in self.by_kind.iter_mut().zip(kinds) {
                by_kind[i][kind].add(longer);
            }
            if !longer {
                break;
            }
            decoded += 1;
        }
        Ok(decoded)
    }
}
