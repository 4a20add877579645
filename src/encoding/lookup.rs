//! The small arrays that a view needs besides its array: the factor of each code, and the start of each list.

use super::id::Encoding;
use super::layout::lists::starts;
use super::layout::pattern::{Pattern, SlotLayout};
use super::values::{Values, index_bits, integer};
use crate::base::error::{Defect, Error, Result};
use crate::base::memory::MemoryBudget;

/// The factor of every code of a field.
///
/// Invariant: (I1) a field of `bits` bits has `2^bits` factors. So every code has a factor, even if a mapped file changes.
#[derive(Clone, Debug, PartialEq)]
pub struct FactorTable {
    factors: Vec<f32>,
    codes: usize,
}

impl FactorTable {
    /// The levels of a codebook, the last one repeated up to a power of two.
    ///
    /// # Errors
    /// `limit`, `no_memory`.
    pub fn of_levels(levels: &[f32], memory: &mut MemoryBudget) -> Result<Self> {
        Self::padded(levels.len(), levels.iter().copied(), memory)
    }

    /// The levels of a sparse codebook, with zero before them: its code 0 is no entry.
    ///
    /// # Errors
    /// `limit`, `no_memory`.
    pub fn of_entries(levels: &[f32], memory: &mut MemoryBudget) -> Result<Self> {
        Self::padded(levels.len().saturating_add(1), std::iter::once(0.0).chain(levels.iter().copied()), memory)
    }

    /// The integers of fields of `bits` (2 to 8) bits in two's complement.
    ///
    /// # Errors
    /// `limit`, `no_memory`.
    pub fn of_integers(bits: u32, memory: &mut MemoryBudget) -> Result<Self> {
        Self::padded(1 << bits, (0..1 << bits).map(|code| integer(code, bits)), memory)
    }

    fn padded(codes: usize, values: impl Iterator<Item = f32>, memory: &mut MemoryBudget) -> Result<Self> {
        let len = codes.next_power_of_two();
        let mut factors = memory.collect(len, values, "a table of factors")?;
        factors.resize(len, factors.last().copied().unwrap_or(0.0));
        Ok(Self { factors, codes })
    }

    /// The factors of all codes of a field.
    #[must_use]
    pub fn factors(&self) -> &[f32] {
        &self.factors
    }

    /// The number of codes that a valid array may hold: codes are below it.
    #[must_use]
    pub fn codes(&self) -> usize {
        self.codes
    }

    /// The bits of a field.
    #[must_use]
    pub fn bits(&self) -> u32 {
        index_bits(self.codes)
    }
}

/// What the codes of a sparse layer stand for.
#[derive(Clone, Debug, PartialEq)]
pub enum SlotFactors {
    /// A code is the bits of a float.
    Floats,
    /// Integers; the step multiplies the sum.
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
    /// The layout of slots with these values.
    #[must_use]
    pub fn layout(&self) -> SlotLayout {
        match self {
            Self::Floats => SlotLayout::FLOATS,
            Self::Integers { table, .. } | Self::Levels(table) => SlotLayout::codes(table.bits()),
        }
    }

    /// The step by which a factor is multiplied to give the weight; 1 where there is none.
    #[must_use]
    pub fn step(&self) -> f32 {
        if let Self::Integers { step, .. } = self { *step } else { 1.0 }
    }
}

/// The small arrays that a view needs besides its array. Each kind of view has a variant, so no view gets the data of another.
///
/// They are copied out of the file, so they do not change if a mapped file does.
#[derive(Clone, Debug, PartialEq)]
pub enum Lookup {
    /// Floats are their own values.
    DenseF32,
    /// Floats are their own values.
    DenseF16,
    /// A code is an integer of `bits` bits and stands for itself times `step`.
    FixedPoint {
        /// 2 to 8.
        bits: u32,
        /// The step.
        step: f32,
    },
    /// A digit stands for zero or one of two levels.
    Ternary {
        /// The level of digit 2.
        negative: f32,
        /// The level of digit 1.
        positive: f32,
    },
    /// An index stands for its level.
    Codebook(FactorTable),
    /// Slots, and a list for each row.
    Sparse {
        /// What codes stand for.
        factors: SlotFactors,
        /// The number of elements that each row has in a column tile.
        units: usize,
        /// The start of each list, and the end of the last one.
        starts: Vec<usize>,
    },
    /// A list of blocks for each strip of rows.
    Blocks {
        /// The number of rows of a block, 8 or 16.
        height: usize,
        /// The start of each list, and the end of the last one.
        starts: Vec<usize>,
    },
}

impl Lookup {
    /// The lookup of a layer with these levels, this pattern, and lists of `counts` entries.
    ///
    /// # Errors
    /// `limit`, `no_memory`.
    ///
    /// # Panics
    /// When the number of levels is not that of the encoding.
    pub fn new(encoding: Encoding, levels: &[f32], pattern: Pattern, counts: &[u32], memory: &mut MemoryBudget) -> Result<Self> {
        assert_eq!(levels.len(), encoding.level_count(), "levels of {encoding}");
        let level = |i: usize| levels.get(i).copied().expect("invariant: as many levels as the encoding has");
        let sparse = |factors, memory: &mut MemoryBudget| {
            Ok::<_, Error>(Self::Sparse { factors, units: pattern.units, starts: starts(counts, memory)? })
        };
        Ok(match encoding {
            Encoding::DenseF32 => Self::DenseF32,
            Encoding::DenseF16 => Self::DenseF16,
            Encoding::FixedPoint { bits } => Self::FixedPoint { bits, step: level(0) },
            Encoding::Ternary => Self::Ternary { negative: level(0), positive: level(1) },
            Encoding::Codebook { .. } => Self::Codebook(FactorTable::of_levels(levels, memory)?),
            Encoding::SparseF32 => sparse(SlotFactors::Floats, memory)?,
            Encoding::SparseFixedPoint { bits } => {
                let table = FactorTable::of_integers(bits, memory)?;
                sparse(SlotFactors::Integers { table, step: level(0) }, memory)?
            }
            Encoding::SparseCodebook { .. } => sparse(SlotFactors::Levels(FactorTable::of_entries(levels, memory)?), memory)?,
            Encoding::BlockF32 { height } => Self::Blocks { height, starts: starts(counts, memory)? },
        })
    }
}

impl Encoding {
    /// Checks that the finite levels of a file suit the encoding. `offset` is the byte of the file where they start.
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
            // A weight of zero has no entry, so zero is no level.
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
