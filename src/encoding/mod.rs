//! How a layer's weights are stored: one file per encoding, each with its layout, view, checks, encoder and decoder.
//!
//! The normative pages are `format-spec/encodings/`. A view borrows the stored bytes; its one fallible constructor checks sizes, and
//! `check` every code. Kernels take views, never raw bytes.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

pub mod codebook;
pub mod dense;
pub mod fixed_point;
pub mod ternary;
pub mod tiles;
pub mod words;

use crate::base::checked;
use crate::base::error::{Error, ErrorKind, Result};
use codebook::Codebook;
use dense::{DenseF16, DenseF32};
use fixed_point::FixedPoint;
use ternary::Ternary;
use words::WordLayout;

/// An encoding with its parameter: all that is needed to know the size of an array.
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
}

impl Encoding {
    /// One of each kind, with the parameters that tests and benches use.
    pub const ALL: [Encoding; 5] =
        [Self::DenseF32, Self::DenseF16, Self::FixedPoint { bits: 5 }, Self::Ternary, Self::Codebook { levels: 16 }];

    /// The encoding of the file's fields `encoding` and `parameter`. Errors: `unknown_id`, `codebook`.
    pub fn from_fields(id: u32, parameter: u32, offset: u64) -> Result<Self> {
        let unknown = |message: String| Err(Error::at(ErrorKind::UnknownId, offset, message));
        match (id, parameter) {
            (0, 0) => Ok(Self::DenseF32),
            (1, 0) => Ok(Self::DenseF16),
            (2, 2..=8) => Ok(Self::FixedPoint { bits: parameter }),
            (3, 0) => Ok(Self::Ternary),
            (4, 2..=256) => Ok(Self::Codebook { levels: checked::from_u32(parameter) }),
            (2..=4, p) => {
                let message = format!("encoding {id} does not take the parameter {p}");
                Err(Error::at(ErrorKind::Codebook, offset, message))
            }
            (0 | 1, p) => unknown(format!("dense weights do not take the parameter {p}")),
            _ => unknown(format!("encoding {id} is not known")),
        }
    }

    /// The file's fields `encoding` and `parameter`.
    #[must_use]
    pub fn to_fields(self) -> (u32, u32) {
        match self {
            Self::DenseF32 => (0, 0),
            Self::DenseF16 => (1, 0),
            Self::FixedPoint { bits } => (2, bits),
            Self::Ternary => (3, 0),
            Self::Codebook { levels } => (4, u32::try_from(levels).expect("invariant: at most 256 levels")),
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
        }
    }

    /// How codes lie in words, for the encodings that pack them.
    #[must_use]
    pub fn words(self) -> Option<WordLayout> {
        match self {
            Self::DenseF32 | Self::DenseF16 => None,
            Self::FixedPoint { bits } => Some(WordLayout::new(bits, 1)),
            Self::Ternary => Some(ternary::LAYOUT),
            Self::Codebook { levels } => Some(WordLayout::new(codebook::index_bits(levels), 1)),
        }
    }

    /// Columns of one unit of the array: the granularity of segments (arithmetic.md, section 3).
    #[must_use]
    pub fn unit_columns(self) -> usize {
        self.words().map_or(1, WordLayout::columns)
    }

    /// Bytes of one element of the array.
    #[must_use]
    pub fn element_bytes(self) -> usize {
        if self == Self::DenseF16 { 2 } else { 4 }
    }

    /// Levels stored in the tables section.
    #[must_use]
    pub fn level_count(self) -> usize {
        match self {
            Self::DenseF32 | Self::DenseF16 => 0,
            Self::FixedPoint { .. } => 1,
            Self::Ternary => 2,
            Self::Codebook { levels } => levels,
        }
    }

    /// Whether each output may have a factor of its own.
    #[must_use]
    pub fn allows_row_factors(self) -> bool {
        !matches!(self, Self::DenseF32 | Self::DenseF16)
    }

    /// Bits that carry information per weight, without the padding of words.
    #[must_use]
    pub fn code_bits(self) -> f64 {
        match self {
            Self::DenseF32 => 32.0,
            Self::DenseF16 => 16.0,
            Self::FixedPoint { bits } => f64::from(bits),
            Self::Ternary => 5.0 / 3.0,
            Self::Codebook { levels } => f64::from(codebook::index_bits(levels)),
        }
    }

    /// Elements of the array of a `rows` x `cols` layer, padding included. Error: `limit` when the product overflows.
    pub fn array_elements(self, rows: usize, cols: usize) -> Result<u64> {
        let units = cols.div_ceil(self.unit_columns());
        let padded_rows = checked::mul(checked::to_u64(rows.div_ceil(16)), 16, "a layer's padded rows")?;
        checked::mul(padded_rows, checked::to_u64(units), "a layer's weights")
    }

    /// Bytes of the array of a `rows` x `cols` layer.
    pub fn array_bytes(self, rows: usize, cols: usize) -> Result<u64> {
        checked::mul(self.array_elements(rows, cols)?, checked::to_u64(self.element_bytes()), "a layer's weight bytes")
    }

    /// The levels as kernels want them: a codebook's are repeated up to a power of two, so that no index leaves the table.
    #[must_use]
    pub fn table(self, levels: &[f32]) -> Vec<f32> {
        let mut table = levels.to_vec();
        if let (Self::Codebook { levels: k }, Some(&last)) = (self, levels.last()) {
            table.resize(k.next_power_of_two(), last);
        }
        table
    }
}

/// A layer's stored weights, seen through the view of their encoding.
#[derive(Clone, Copy, Debug)]
pub enum Weights<'a> {
    /// See [`dense`].
    DenseF32(DenseF32<'a>),
    /// See [`dense`].
    DenseF16(DenseF16<'a>),
    /// See [`fixed_point`].
    FixedPoint(FixedPoint<'a>),
    /// See [`ternary`].
    Ternary(Ternary<'a>),
    /// See [`codebook`].
    Codebook(Codebook<'a>),
}

impl<'a> Weights<'a> {
    /// The view of `bytes` as a `rows` x `cols` array; `table` is what [`Encoding::table`] made of the stored levels.
    /// Errors: `size`, `align`, `codebook`.
    pub fn new(encoding: Encoding, rows: usize, cols: usize, bytes: &'a [u8], table: &'a [f32]) -> Result<Self> {
        Ok(match encoding {
            Encoding::DenseF32 => Self::DenseF32(DenseF32::new(rows, cols, bytes)?),
            Encoding::DenseF16 => Self::DenseF16(DenseF16::new(rows, cols, bytes)?),
            Encoding::FixedPoint { bits } => Self::FixedPoint(FixedPoint::new(rows, cols, bits, bytes, table)?),
            Encoding::Ternary => Self::Ternary(Ternary::new(rows, cols, bytes, table)?),
            Encoding::Codebook { levels } => Self::Codebook(Codebook::new(rows, cols, levels, bytes, table)?),
        })
    }

    /// Outputs.
    #[must_use]
    pub fn rows(&self) -> usize {
        match self {
            Self::DenseF32(w) => w.rows(),
            Self::DenseF16(w) => w.rows(),
            Self::FixedPoint(w) => w.words().rows(),
            Self::Ternary(w) => w.words().rows(),
            Self::Codebook(w) => w.words().rows(),
        }
    }

    /// Checks every stored element; `offset` is where the array starts in the file.
    pub fn check(&self, offset: u64) -> Result<()> {
        match self {
            Self::DenseF32(w) => w.check(offset),
            Self::DenseF16(w) => w.check(offset),
            Self::FixedPoint(w) => w.check(offset),
            Self::Ternary(w) => w.check(offset),
            Self::Codebook(w) => w.check(offset),
        }
    }

    /// The weights as a row-major `rows` x `cols` matrix, without row factors.
    #[must_use]
    pub fn decode(&self) -> Vec<f32> {
        match self {
            Self::DenseF32(w) => w.decode(),
            Self::DenseF16(w) => w.decode(),
            Self::FixedPoint(w) => w.decode(),
            Self::Ternary(w) => w.decode(),
            Self::Codebook(w) => w.decode(),
        }
    }
}

/// A layer's weights, encoded: what the writer needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// The encoding.
    pub encoding: Encoding,
    /// Outputs.
    pub rows: usize,
    /// Inputs.
    pub cols: usize,
    /// Levels as stored (not padded).
    pub levels: Vec<f32>,
    /// The array, in the layout of the encoding.
    pub bytes: Vec<u8>,
}

/// Refuses what no stored float may be; `what` and `offset` say which it was.
pub(crate) fn check_float(value: f32, offset: u64, what: &str) -> Result<()> {
    if !value.is_finite() {
        return Err(Error::at(ErrorKind::NonFinite, offset, format!("{what} is {value}")));
    }
    if value == 0.0 && value.is_sign_negative() {
        return Err(Error::at(ErrorKind::NonCanonical, offset, format!("{what} is a negative zero")));
    }
    Ok(())
}
