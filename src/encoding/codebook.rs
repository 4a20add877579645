//! An index into K levels (`format-spec/encodings/codebook.md`).

use super::words::{WordLayout, Words};
use super::{Encoded, Encoding};
use crate::base::checked::from_u32;
use crate::base::error::{Defect, Error, ErrorKind, Result};

/// A stored array of level indices.
///
/// Invariants: (I1) those of [`Words`]; (I2) `table.len() == 2^index_bits`, so that no index of that many bits leaves the table,
/// whatever the mapped bytes say.
#[derive(Clone, Copy, Debug)]
pub struct Codebook<'a> {
    words: Words<'a>,
    table: &'a [f32],
    levels: usize,
}

/// Bits of an index into `levels` (2 to 256) levels.
#[must_use]
pub const fn index_bits(levels: usize) -> u32 {
    levels.next_power_of_two().trailing_zeros()
}

impl<'a> Codebook<'a> {
    /// `table` holds the levels, padded to a power of two. Errors: `size`, `align`, `codebook`.
    pub fn new(rows: usize, cols: usize, levels: usize, bytes: &'a [u8], table: &'a [f32]) -> Result<Self> {
        let words = Words::new(rows, cols, WordLayout::new(index_bits(levels), 1), bytes)?;
        if table.len() != levels.next_power_of_two() {
            return Err(Error::new(Defect::Codebook, format!("{} levels stand for {levels}", table.len())));
        }
        Ok(Self { words, table, levels })
    }

    /// The words of the array.
    #[must_use]
    pub fn words(self) -> Words<'a> {
        self.words
    }

    /// The levels, padded to a power of two.
    #[must_use]
    pub fn table(self) -> &'a [f32] {
        self.table
    }

    /// Checks every index, and that every level is used.
    pub fn check(self, offset: u64) -> Result<()> {
        let (cols, levels) = (self.words.cols(), self.levels);
        let mut used = [false; 256];
        self.words.check(offset, |col, code| {
            let index = from_u32(code);
            if col >= cols {
                return if code == 0 {
                    Ok(())
                } else {
                    Err((ErrorKind::Format(Defect::Padding), "a padding column is not zero".to_owned()))
                };
            }
            if index >= levels {
                return Err((ErrorKind::Format(Defect::Code), format!("index {index} of {levels} levels")));
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

    /// The weights as a row-major matrix.
    #[must_use]
    pub fn decode(self) -> Vec<f32> {
        self.words.decode(|code| self.table.get(from_u32(code)).copied().expect("invariant: I2"))
    }
}

/// Checks stored levels: strictly ascending.
pub(crate) fn check_levels(levels: &[f32], offset: u64) -> Result<()> {
    if levels.is_sorted_by(|a, b| a < b) {
        return Ok(());
    }
    Err(Error::at(Defect::Codebook, offset, "codebook levels are not strictly ascending"))
}

/// Encodes a row-major matrix of indices into ascending `levels`, all of which are used.
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
