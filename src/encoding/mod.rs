//! How a layer's weights are stored: one file per encoding, each with its layout, view, checks, encoder and decoder.
//!
//! The normative pages are `format-spec/encodings/`. A view borrows the stored bytes; its one fallible constructor checks sizes, and
//! `check` every code. Kernels take views, never raw bytes.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

pub mod block;
pub mod codebook;
pub mod dense;
mod entries;
pub mod fixed_point;
pub mod lists;
pub mod pattern;
pub mod sparse;
pub mod ternary;
pub mod tiles;
mod weights;
pub mod words;

use crate::base::checked;
use crate::base::error::{Defect, Error, Result};
pub use entries::Entries;
pub use pattern::Pattern;
use pattern::{SlotLayout, TILE_COLUMNS};
pub use weights::{Encoded, Lookup, Weights};
use words::WordLayout;

/// An encoding with its parameter: with a [`Pattern`], all that is needed to know the size of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// 32-bit floats.
    DenseF32,
    /// 16-bit floats, computed with as 32-bit floats.
    DenseF16,
    /// Integers of `bits` bits times a step.
    FixedPoint {
        /// 2 to 8.
        bits: u32,
    },
    /// A negative level, zero and a positive level.
    Ternary,
    /// An index into `levels` levels.
    Codebook {
        /// K, 2 to 256.
        levels: usize,
    },
    /// 32-bit floats where they are not zero.
    SparseF32,
    /// Integers of `bits` bits times a step, where they are not zero.
    SparseFixedPoint {
        /// 2 to 8.
        bits: u32,
    },
    /// One of `levels` levels, or zero.
    SparseCodebook {
        /// K, 1 to 15.
        levels: usize,
    },
    /// 32-bit floats in blocks of `height` rows and one column.
    BlockF32 {
        /// 8 or 16.
        height: usize,
    },
}

impl Encoding {
    /// One of each kind, with the parameters that tests and benches use.
    pub const ALL: [Encoding; 9] = [
        Self::DenseF32,
        Self::DenseF16,
        Self::FixedPoint { bits: 5 },
        Self::Ternary,
        Self::Codebook { levels: 16 },
        Self::SparseF32,
        Self::SparseFixedPoint { bits: 5 },
        Self::SparseCodebook { levels: 15 },
        Self::BlockF32 { height: 16 },
    ];

    /// The encoding of the file's fields `encoding` and `parameter`. Errors: `unknown_id`, `codebook`.
    pub fn from_fields(id: u32, parameter: u32, offset: u64) -> Result<Self> {
        let unknown = |message: String| Err(Error::at(Defect::UnknownId, offset, message));
        match (id, parameter) {
            (0, 0) => Ok(Self::DenseF32),
            (1, 0) => Ok(Self::DenseF16),
            (2, 2..=8) => Ok(Self::FixedPoint { bits: parameter }),
            (3, 0) => Ok(Self::Ternary),
            (4, 2..=256) => Ok(Self::Codebook { levels: checked::from_u32(parameter) }),
            (5, 0) => Ok(Self::SparseF32),
            (6, 2..=8) => Ok(Self::SparseFixedPoint { bits: parameter }),
            (7, 1..=15) => Ok(Self::SparseCodebook { levels: checked::from_u32(parameter) }),
            (8, 8 | 16) => Ok(Self::BlockF32 { height: checked::from_u32(parameter) }),
            (2..=4 | 6 | 7, p) => {
                let message = format!("encoding {id} does not take the parameter {p}");
                Err(Error::at(Defect::Codebook, offset, message))
            }
            (0 | 1 | 5 | 8, p) => unknown(format!("weights of encoding {id} do not take the parameter {p}")),
            _ => unknown(format!("encoding {id} is not known")),
        }
    }

    /// The file's fields `encoding` and `parameter`.
    #[must_use]
    pub fn to_fields(self) -> (u32, u32) {
        let number = |n| u32::try_from(n).expect("invariant: at most 256");
        match self {
            Self::DenseF32 => (0, 0),
            Self::DenseF16 => (1, 0),
            Self::FixedPoint { bits } => (2, bits),
            Self::Ternary => (3, 0),
            Self::Codebook { levels } => (4, number(levels)),
            Self::SparseF32 => (5, 0),
            Self::SparseFixedPoint { bits } => (6, bits),
            Self::SparseCodebook { levels } => (7, number(levels)),
            Self::BlockF32 { height } => (8, number(height)),
        }
    }

    /// The encoding's name in files, reports and options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DenseF32 => "dense_f32",
            Self::DenseF16 => "dense_f16",
            Self::FixedPoint { .. } => "fixed_point",
            Self::Ternary => "ternary",
            Self::Codebook { .. } => "codebook",
            Self::SparseF32 => "sparse_f32",
            Self::SparseFixedPoint { .. } => "sparse_fixed_point",
            Self::SparseCodebook { .. } => "sparse_codebook",
            Self::BlockF32 { .. } => "block_f32",
        }
    }

    /// How codes lie in words, for the encodings that pack every weight.
    #[must_use]
    pub fn words(self) -> Option<WordLayout> {
        match self {
            Self::FixedPoint { bits } => Some(WordLayout::new(bits, 1)),
            Self::Ternary => Some(ternary::LAYOUT),
            Self::Codebook { levels } => Some(WordLayout::new(codebook::index_bits(levels), 1)),
            _ => None,
        }
    }

    /// How entries lie in slots, for the sparse encodings.
    #[must_use]
    pub fn slots(self) -> Option<SlotLayout> {
        match self {
            Self::SparseF32 => Some(SlotLayout::FLOATS),
            Self::SparseFixedPoint { bits } => Some(SlotLayout::codes(bits)),
            Self::SparseCodebook { levels } => Some(SlotLayout::codes(codebook::index_bits(levels.saturating_add(1)))),
            _ => None,
        }
    }

    /// Lists of columns of a layer of `rows` outputs: one per row, or per group of rows; none for encodings that store every weight.
    #[must_use]
    pub fn lists(self, rows: usize) -> usize {
        match self {
            Self::SparseF32 | Self::SparseFixedPoint { .. } | Self::SparseCodebook { .. } => rows,
            Self::BlockF32 { height } => rows.div_ceil(height),
            _ => 0,
        }
    }

    /// Columns of one unit of the array: the granularity of segments (arithmetic.md, section 3).
    #[must_use]
    pub fn unit_columns(self) -> usize {
        self.slots().map_or(self.words().map_or(1, WordLayout::columns), |_| TILE_COLUMNS)
    }

    /// Levels stored in the tables section.
    #[must_use]
    pub fn level_count(self) -> usize {
        match self {
            Self::DenseF32 | Self::DenseF16 | Self::SparseF32 | Self::BlockF32 { .. } => 0,
            Self::FixedPoint { .. } | Self::SparseFixedPoint { .. } => 1,
            Self::Ternary => 2,
            Self::Codebook { levels } | Self::SparseCodebook { levels } => levels,
        }
    }

    /// Whether each output may have a factor of its own.
    #[must_use]
    pub fn allows_row_factors(self) -> bool {
        self.level_count() > 0
    }

    /// Weights of a `rows` x `cols` layer, padding rows and columns included. Error: `limit` when the product overflows.
    pub fn padded_weights(self, rows: usize, cols: usize) -> Result<u64> {
        let height = if let Self::BlockF32 { height } = self { height } else { tiles::LANES };
        let (rows, cols) = (lists::padded_rows(rows, height)?, lists::padded_rows(cols, self.unit_columns())?);
        checked::mul(rows, cols, "a layer's weights")
    }

    /// Holds a pattern against the layer that it is of. Error: `limit`.
    pub fn check_pattern(self, pattern: Pattern, rows: usize, cols: usize) -> Result<()> {
        let most_units = self.slots().map_or(0, SlotLayout::most_units);
        checked::at_most(checked::to_u64(pattern.units), checked::to_u64(most_units), "the number of units")?;
        let most = checked::mul(checked::to_u64(self.lists(rows)), checked::to_u64(cols), "a layer's entries")?;
        checked::at_most(checked::to_u64(pattern.listed), most, "the number of entries in lists")?;
        Ok(())
    }

    /// Bytes of the array of a `rows` x `cols` layer.
    pub fn array_bytes(self, pattern: Pattern, rows: usize, cols: usize) -> Result<u64> {
        if let Some(slots) = self.slots() {
            return slots.array_bytes(pattern, rows, cols);
        }
        let (elements, element_bytes) = match self {
            Self::BlockF32 { height } => {
                let values = checked::mul(checked::to_u64(height), 4, "the bytes of a block")?;
                (checked::to_u64(pattern.listed), checked::add(values, lists::column_bytes(cols), "the bytes of a block")?)
            }
            _ => {
                let units = checked::to_u64(cols.div_ceil(self.unit_columns()));
                let rows = lists::padded_rows(rows, tiles::LANES)?;
                (checked::mul(rows, units, "a layer's weights")?, if self == Self::DenseF16 { 2 } else { 4 })
            }
        };
        checked::mul(elements, element_bytes, "a layer's weight bytes")
    }
}

/// Refuses what no stored float may be; `what` and `offset` say which it was.
pub(crate) fn check_float(value: f32, offset: u64, what: &str) -> Result<()> {
    if !value.is_finite() {
        return Err(Error::at(Defect::NonFinite, offset, format!("{what} is {value}")));
    }
    if value == 0.0 && value.is_sign_negative() {
        return Err(Error::at(Defect::NonCanonical, offset, format!("{what} is a negative zero")));
    }
    Ok(())
}
