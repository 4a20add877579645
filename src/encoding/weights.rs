//! A layer's weights of any encoding: as stored, and as encoded.

use super::block::Blocks;
use super::codebook::Codebook;
use super::dense::{DenseF16, DenseF32};
use super::fixed_point::{self, FixedPoint};
use super::lists::starts;
use super::sparse::Sparse;
use super::ternary::Ternary;
use super::{Encoding, Pattern};
use crate::base::error::Result;

/// What a view needs beside the array: small, and copied out of the file, so that it does not change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lookup {
    /// The step or the levels. A codebook's are repeated up to a power of two, so that no index leaves them; for the sparse encodings,
    /// the factor of every code.
    pub(super) table: Vec<f32>,
    /// The step of sparse fixed point; otherwise 1.
    pub(super) step: f32,
    /// Units of a column tile.
    pub(super) units: usize,
    /// Where each list starts, and the end of the last.
    pub(super) starts: Vec<usize>,
}

impl Lookup {
    /// What the view of a layer needs whose levels, pattern and counts these are.
    #[must_use]
    pub fn new(encoding: Encoding, levels: &[f32], pattern: Pattern, counts: &[u32]) -> Self {
        let mut table = levels.to_vec();
        let mut step = 1.0;
        let last = levels.last().copied().unwrap_or(0.0);
        match encoding {
            Encoding::Codebook { levels: k } => table.resize(k.next_power_of_two(), last),
            Encoding::SparseCodebook { levels: k } => {
                table.insert(0, 0.0);
                table.resize(k.saturating_add(1).next_power_of_two(), last);
            }
            Encoding::SparseFixedPoint { bits } => {
                step = last;
                table = (0..1 << bits).map(|code| fixed_point::integer(code, bits)).collect();
            }
            _ => {}
        }
        Self { table, step, units: pattern.units, starts: starts(counts) }
    }
}

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
    /// The view of `bytes` as a `rows` x `cols` array; `lookup` was made for the same encoding.
    /// Errors: `size`, `align`, `codebook`.
    pub fn new(encoding: Encoding, rows: usize, cols: usize, bytes: &'a [u8], lookup: &'a Lookup) -> Result<Self> {
        let table = &lookup.table;
        Ok(match encoding {
            Encoding::DenseF32 => Self::DenseF32(DenseF32::new(rows, cols, bytes)?),
            Encoding::DenseF16 => Self::DenseF16(DenseF16::new(rows, cols, bytes)?),
            Encoding::FixedPoint { bits } => Self::FixedPoint(FixedPoint::new(rows, cols, bits, bytes, table)?),
            Encoding::Ternary => Self::Ternary(Ternary::new(rows, cols, bytes, table)?),
            Encoding::Codebook { levels } => Self::Codebook(Codebook::new(rows, cols, levels, bytes, table)?),
            Encoding::SparseF32 | Encoding::SparseFixedPoint { .. } | Encoding::SparseCodebook { .. } => {
                Self::Sparse(Sparse::new(encoding, rows, cols, bytes, lookup)?)
            }
            Encoding::BlockF32 { height } => Self::Blocks(Blocks::new(rows, cols, height, bytes, lookup)?),
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
            Self::Sparse(w) => w.rows(),
            Self::Blocks(w) => w.rows(),
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
            Self::Sparse(w) => w.check(offset),
            Self::Blocks(w) => w.check(offset),
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
            Self::Sparse(w) => w.entries().decode(|code| w.weight(code)),
            Self::Blocks(w) => w.entries().decode(f32::from_bits),
        }
    }
}

/// A layer's weights, encoded: what the writer needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// The encoding.
    pub encoding: Encoding,
    /// Units and entries in lists.
    pub pattern: Pattern,
    /// Outputs.
    pub rows: usize,
    /// Inputs.
    pub cols: usize,
    /// Levels as stored (not padded).
    pub levels: Vec<f32>,
    /// Entries of each list.
    pub counts: Vec<u32>,
    /// The array, in the layout of the encoding.
    pub bytes: Vec<u8>,
}

impl Encoded {
    /// A layer of an encoding that stores every weight.
    pub(super) fn dense(encoding: Encoding, rows: usize, cols: usize, levels: Vec<f32>, bytes: Vec<u8>) -> Self {
        Self { encoding, pattern: Pattern::default(), rows, cols, levels, counts: Vec::new(), bytes }
    }

    /// What the view of the array needs.
    #[must_use]
    pub fn lookup(&self) -> Lookup {
        Lookup::new(self.encoding, &self.levels, self.pattern, &self.counts)
    }
}
