//! What a view needs in addition to its array: the factors that codes mean, and where lists start.

use super::id::Encoding;
use super::layout::lists::starts;
use super::layout::pattern::{Pattern, SlotLayout};
use super::values::{Values, index_bits, integer};
use crate::base::error::{Defect, Error, Result};

/// The factor of every code of a field.
///
/// Invariant: (I1) a field of `bits` bits has `2^bits` factors, so that every code lies in the table, even when a mapped file changes.
#[derive(Clone, Debug, PartialEq)]
pub struct FactorTable {
    factors: Vec<f32>,
    codes: usize,
}

impl FactorTable {
    /// The levels of a codebook, the last one repeated up to a power of two.
    #[must_use]
    pub fn of_levels(levels: &[f32]) -> Self {
        Self::padded(levels.to_vec())
    }

    /// Zero and the levels of a sparse codebook: its code 0 is no entry.
    #[must_use]
    pub fn of_entries(levels: &[f32]) -> Self {
        Self::padded(std::iter::once(0.0).chain(levels.iter().copied()).collect())
    }

    /// The integers of two's complement fields of `bits` (2 to 8) bits.
    #[must_use]
    pub fn of_integers(bits: u32) -> Self {
        Self::padded((0..1 << bits).map(|code| integer(code, bits)).collect())
    }

    fn padded(mut factors: Vec<f32>) -> Self {
        let codes = factors.len();
        let last = factors.last().copied().unwrap_or(0.0);
        factors.resize(codes.next_power_of_two(), last);
        Self { factors, codes }
    }

    /// The factors of all codes of a field.
    #[must_use]
    pub fn factors(&self) -> &[f32] {
        &self.factors
    }

    /// Codes that a valid array may hold: those below this number.
    #[must_use]
    pub fn codes(&self) -> usize {
        self.codes
    }

    /// Bits of a field.
    #[must_use]
    pub fn bits(&self) -> u32 {
        index_bits(self.codes)
    }
}

/// What the codes of a sparse layer mean.
#[derive(Clone, Debug, PartialEq)]
pub enum SlotFactors {
    /// The floats whose bits they are.
    Floats,
    /// Integers, which the step multiplies after the sum.
    Integers {
        /// The integer of every code.
        table: FactorTable,
        /// The step.
        step: f32,
    },
    /// Zero and the levels.
    Levels(FactorTable),
}

impl SlotFactors {
    /// How the slots of such values lie.
    #[must_use]
    pub fn layout(&self) -> SlotLayout {
        match self {
            Self::Floats => SlotLayout::FLOATS,
            Self::Integers { table, .. } | Self::Levels(table) => SlotLayout::codes(table.bits()),
        }
    }

    /// What multiplies a factor to make it a weight.
    #[must_use]
    pub fn step(&self) -> f32 {
        if let Self::Integers { step, .. } = self { *step } else { 1.0 }
    }
}

/// What a view needs in addition to its array. Each kind of view has a variant, so that no view gets the data of another.
///
/// It is small, and copied out of the file: a mapped file may change, this does not.
#[derive(Clone, Debug, PartialEq)]
pub enum Lookup {
    /// Floats are their own values.
    DenseF32,
    /// Floats are their own values.
    DenseF16,
    /// A code is an integer of `bits` bits; it means itself times `step`.
    FixedPoint {
        /// 2 to 8.
        bits: u32,
        /// The step.
        step: f32,
    },
    /// A digit means zero or one of two levels.
    Ternary {
        /// The level of digit 2.
        negative: f32,
        /// The level of digit 1.
        positive: f32,
    },
    /// An index means its level.
    Codebook(FactorTable),
    /// Slots, and a list for each row.
    Sparse {
        /// What codes mean.
        factors: SlotFactors,
        /// Units of a column tile.
        units: usize,
        /// Where each list starts, and the end of the last.
        starts: Vec<usize>,
    },
    /// A list of blocks for each strip of rows.
    Blocks {
        /// Rows of a block, 8 or 16.
        height: usize,
        /// Where each list starts, and the end of the last.
        starts: Vec<usize>,
    },
}

impl Lookup {
    /// What the view of a layer needs that has these levels, this pattern and lists of so many entries.
    ///
    /// # Panics
    /// When there are more or fewer levels than the encoding has.
    #[must_use]
    pub fn new(encoding: Encoding, levels: &[f32], pattern: Pattern, counts: &[u32]) -> Self {
        assert_eq!(levels.len(), encoding.level_count(), "levels of {encoding}");
        let level = |i: usize| levels.get(i).copied().expect("invariant: as many levels as the encoding has");
        let sparse = |factors| Self::Sparse { factors, units: pattern.units, starts: starts(counts) };
        match encoding {
            Encoding::DenseF32 => Self::DenseF32,
            Encoding::DenseF16 => Self::DenseF16,
            Encoding::FixedPoint { bits } => Self::FixedPoint { bits, step: level(0) },
            Encoding::Ternary => Self::Ternary { negative: level(0), positive: level(1) },
            Encoding::Codebook { .. } => Self::Codebook(FactorTable::of_levels(levels)),
            Encoding::SparseF32 => sparse(SlotFactors::Floats),
            Encoding::SparseFixedPoint { bits } => {
                sparse(SlotFactors::Integers { table: FactorTable::of_integers(bits), step: level(0) })
            }
            Encoding::SparseCodebook { .. } => sparse(SlotFactors::Levels(FactorTable::of_entries(levels))),
            Encoding::BlockF32 { height } => Self::Blocks { height, starts: starts(counts) },
        }
    }
}

impl Encoding {
    /// Checks the levels of a file, which are finite, against the encoding; `offset` is where they are stored.
    ///
    /// # Errors
    /// `codebook`.
    pub(crate) fn check_levels(self, levels: &[f32], offset: u64) -> Result<()> {
        let ascend = || levels.is_sorted_by(|a, b| a < b);
        let right = match (self.values(), levels) {
            (Values::F32 | Values::F16, _) => true,
            (Values::FixedPoint { .. }, levels) => levels.iter().all(|&step| step > 0.0),
            (Values::Ternary, [negative, positive]) => *negative <= 0.0 && *positive >= 0.0,
            (Values::Ternary, _) => false,
            // A weight of zero has no entry, and so no level.
            (Values::Codebook { .. }, levels) if self.slots().is_some() && levels.contains(&0.0) => false,
            (Values::Codebook { .. }, _) if ascend() => true,
            (Values::Codebook { .. }, _) => {
                return Err(Error::at(Defect::Codebook, offset, "codebook levels are not strictly ascending"));
            }
        };
        if right {
            return Ok(());
        }
        Err(Error::at(Defect::Codebook, offset, format!("the levels of a {} layer are {levels:?}", self.name())))
    }
}
