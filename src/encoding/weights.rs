//! A layer's stored weights, in any encoding.

use super::block::Blocks;
use super::codes::Codes;
use super::dense::{DenseF16, DenseF32, Element, F16};
use super::encoded::Encoded;
use super::lookup::Lookup;
use super::sparse::Sparse;
use super::words::codebook::Codebook;
use super::words::fixed_point::FixedPoint;
use super::words::ternary::Ternary;
use crate::base::align::AlignedVec;
use crate::base::error::Result;

/// A layer's stored weights, seen through the view of their encoding.
#[derive(Clone, Copy, Debug)]
pub enum Weights<'a> {
    /// See [`dense`](super::dense).
    DenseF32(DenseF32<'a>),
    /// See [`dense`](super::dense).
    DenseF16(DenseF16<'a>),
    /// See [`fixed_point`](super::fixed_point).
    FixedPoint(FixedPoint<'a>),
    /// See [`ternary`](super::ternary).
    Ternary(Ternary<'a>),
    /// See [`codebook`](super::codebook).
    Codebook(Codebook<'a>),
    /// See [`sparse`](super::sparse).
    Sparse(Sparse<'a>),
    /// See [`block`](super::block).
    Blocks(Blocks<'a>),
}

impl<'a> Weights<'a> {
    /// The view of `bytes` as a `[rows, cols]` array in the encoding of `lookup`.
    ///
    /// # Errors
    /// `size`, `align`, `codebook`.
    pub fn new(rows: usize, cols: usize, bytes: &'a [u8], lookup: &'a Lookup) -> Result<Self> {
        Ok(match lookup {
            Lookup::DenseF32 => Self::DenseF32(DenseF32::new(rows, cols, bytes)?),
            Lookup::DenseF16 => Self::DenseF16(DenseF16::new(rows, cols, bytes)?),
            Lookup::FixedPoint { bits, step } => Self::FixedPoint(FixedPoint::new(rows, cols, *bits, bytes, *step)?),
            Lookup::Ternary { negative, positive } => Self::Ternary(Ternary::new(rows, cols, bytes, *negative, *positive)?),
            Lookup::Codebook(table) => Self::Codebook(Codebook::new(rows, cols, bytes, table)?),
            Lookup::Sparse { factors, units, starts } => Self::Sparse(Sparse::new(rows, cols, bytes, factors, *units, starts)?),
            Lookup::Blocks { height, starts } => Self::Blocks(Blocks::new(rows, cols, *height, bytes, starts)?),
        })
    }

    /// The number of outputs.
    #[must_use]
    pub fn rows(&self) -> usize {
        match self {
            Self::DenseF32(w) => w.rows(),
            Self::DenseF16(w) => w.rows(),
            Self::FixedPoint(w) => w.words().rows(),
            Self::Ternary(w) => w.words().rows(),
            Self::Codebook(w) => w.words().rows(),
            Self::Sparse(w) => w.rows(),
            Self::Blocks(w) => w.rows(),
        }
    }

    /// The number of inputs.
    #[must_use]
    pub fn cols(&self) -> usize {
        match self {
            Self::DenseF32(w) => w.cols(),
            Self::DenseF16(w) => w.cols(),
            Self::FixedPoint(w) => w.words().cols(),
            Self::Ternary(w) => w.words().cols(),
            Self::Codebook(w) => w.words().cols(),
            Self::Sparse(w) => w.cols(),
            Self::Blocks(w) => w.cols(),
        }
    }

    /// Checks every stored element. `offset` is the byte of the file where the array starts.
    ///
    /// # Errors
    /// The kinds that the page of the encoding in `format-spec/encodings/` names, with the byte of the file.
    pub fn check(&self, offset: u64) -> Result<()> {
        match self {
            Self::DenseF32(w) => w.check(offset),
            Self::DenseF16(w) => w.check(offset),
            Self::FixedPoint(w) => w.check(offset),
            Self::Ternary(w) => w.check(offset),
            Self::Codebook(w) => w.check(offset),
            Self::Sparse(w) => w.check(offset),
            Self::Blocks(w) => w.check(offset),
        }
    }

    /// The codes of the layer; for sparse and block encodings, the codes other than 0 with their places.
    #[must_use]
    pub fn codes(&self) -> Codes {
        let codes = match self {
            Self::DenseF32(w) => w.codes(),
            Self::DenseF16(w) => w.codes(),
            Self::FixedPoint(w) => w.codes(),
            Self::Ternary(w) => w.codes(),
            Self::Codebook(w) => w.words().codes(),
            Self::Sparse(w) => return Codes::Entries(w.entries()),
            Self::Blocks(w) => return Codes::Entries(w.entries()),
        };
        Codes::Matrix { rows: self.rows(), cols: self.cols(), codes }
    }

    /// The weight that a code stands for, without its row's factor.
    #[must_use]
    pub fn weight(&self, code: u32) -> f32 {
        match self {
            Self::DenseF32(_) | Self::Blocks(_) => f32::from_bits(code),
            Self::DenseF16(_) => F16::value(code),
            Self::FixedPoint(w) => w.weight(code),
            Self::Ternary(w) => w.weight(code),
            Self::Codebook(w) => w.weight(code),
            Self::Sparse(w) => w.weight(code),
        }
    }

    /// The weights as a row-major `[rows, cols]` matrix, without row factors.
    #[must_use]
    pub fn decode(&self) -> Vec<f32> {
        self.codes().into_matrix().into_iter().map(|code| self.weight(code)).collect()
    }
}

impl Encoded {
    /// The weights as a row-major `[rows, cols]` matrix, without row factors.
    ///
    /// # Errors
    /// `size`, `codebook`; `no_memory`.
    pub fn decode(&self) -> Result<Vec<f32>> {
        let mut bytes = AlignedVec::zeroed(self.bytes.len())?;
        bytes.copy_from_slice(&self.bytes);
        Ok(Weights::new(self.rows, self.cols, &bytes, &self.lookup())?.decode())
    }
}
