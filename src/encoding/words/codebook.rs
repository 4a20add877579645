//! Codebook weights: indices into K levels (`format-spec/encodings/codebook.md`).

use super::array::Words;
use crate::base::checked::from_u32;
use crate::base::error::{Defect, Error, Result};
use crate::encoding::encoded::Encoded;
use crate::encoding::id::Encoding;
use crate::encoding::layout::fields::WordLayout;
use crate::encoding::lookup::FactorTable;
use crate::encoding::values::index_bits;

/// A stored array of level indices.
///
/// Invariants: (I1) those of [`Words`]; (I2) the table has a factor for every value of a field, so no stored index lies outside of it, whatever
/// the mapped bytes are.
#[derive(Clone, Copy, Debug)]
pub struct Codebook<'a> {
    words: Words<'a>,
    table: &'a FactorTable,
}

impl<'a> Codebook<'a> {
    /// The view of `bytes` as a `[rows, cols]` array of indices into `table`.
    ///
    /// # Errors
    /// `size`, `align`.
    pub fn new(rows: usize, cols: usize, bytes: &'a [u8], table: &'a FactorTable) -> Result<Self> {
        Ok(Self { words: Words::new(rows, cols, WordLayout::new(table.bits(), 1), bytes)?, table })
    }

    /// The words of the array.
    #[must_use]
    pub fn words(self) -> Words<'a> {
        self.words
    }

    /// The levels, padded to a power of two.
    #[must_use]
    pub fn table(self) -> &'a [f32] {
        self.table.factors()
    }

    /// Checks every index, and that every level is used. `offset` is the byte of the file where the array starts.
    ///
    /// # Errors
    /// `code`, `padding`, `non_canonical`.
    pub fn check(self, offset: u64) -> Result<()> {
        let (cols, levels) = (self.words.cols(), self.table.codes());
        let mut used = [false; 256];
        self.words.check(offset, |col, code| {
            let index = from_u32(code);
            if col >= cols {
                return if code == 0 { Ok(()) } else { Err((Defect::Padding, "a padding column is not zero".to_owned())) };
            }
            if index >= levels {
                return Err((Defect::Code, format!("index {index} of {levels} levels")));
            }
            if let Some(used) = used.get_mut(index) {
                *used = true;
            }
            Ok(())
        })?;
        match used.iter().take(levels).position(|used| !used) {
            Some(level) => Err(Error::at(Defect::NonCanonical, offset, format!("no weight uses level {level}"))),
            None => Ok(()),
        }
    }

    /// The level of an index.
    #[must_use]
    pub fn weight(self, code: u32) -> f32 {
        self.table().get(from_u32(code)).copied().expect("invariant: I2")
    }
}

/// Encodes a row-major `[rows, cols]` matrix of indices into ascending `levels`, all of which are used.
///
/// # Panics
/// When the matrix has another size, or an index has no level.
#[must_use]
pub fn encode(rows: usize, cols: usize, levels: &[f32], indices: &[u8]) -> Encoded {
    assert_eq!(Some(indices.len()), rows.checked_mul(cols), "a {rows} x {cols} layer");
    let layout = WordLayout::new(index_bits(levels.len()), 1);
    let bytes = layout.pack(rows, cols, |row, col| {
        let index = indices.get(row.saturating_mul(cols).saturating_add(col)).copied().unwrap_or(0);
        assert!(usize::from(index) < levels.len(), "index {index} of {} levels", levels.len());
        u32::from(index)
    });
    Encoded::dense(Encoding::Codebook { levels: levels.len() }, rows, cols, levels.to_vec(), bytes)
}
