//! Lists of columns: the residue of each row of a sparse layer, the blocks of each strip.

use super::array::cast;
use crate::base::checked::{self, to_u64};
use crate::base::error::{Defect, Error, Result};

/// Whether columns of a layer of `cols` inputs are stored as `u32`, not as `u16`.
#[must_use]
pub fn wide_columns(cols: usize) -> bool {
    cols > 1 << 16
}

/// Bytes of a stored column.
#[must_use]
pub fn column_bytes(cols: usize) -> u64 {
    if wide_columns(cols) { 4 } else { 2 }
}

/// `rows` up to the next multiple of `height`.
///
/// # Errors
/// `limit` when it overflows.
pub fn padded_rows(rows: usize, height: usize) -> Result<u64> {
    checked::mul(to_u64(rows.div_ceil(height)), to_u64(height), "a layer's padded rows")
}

/// Where each list starts among all entries, and the end: the sums of `counts`.
#[must_use]
pub fn starts(counts: &[u32]) -> Vec<usize> {
    let sums = counts.iter().scan(0usize, |sum, &count| {
        *sum = sum.saturating_add(checked::from_u32(count));
        Some(*sum)
    });
    std::iter::once(0).chain(sums).collect()
}

/// Columns as stored, little-endian.
#[derive(Clone, Copy, Debug)]
pub enum Columns<'a> {
    /// Of layers of at most 65536 columns.
    Narrow(&'a [u16]),
    /// Of others.
    Wide(&'a [u32]),
}

/// The columns of all lists.
///
/// Invariants: (I1) `starts` begins with 0 and never falls; (I2) its last number is the number of columns; both were copied out of the
/// file. A column itself lies in mapped memory: whoever uses it as an index bounds it first.
#[derive(Clone, Copy, Debug)]
pub struct Lists<'a> {
    starts: &'a [usize],
    columns: Columns<'a>,
}

impl<'a> Lists<'a> {
    /// The columns `bytes` of `lists` lists in a layer of `cols` inputs.
    ///
    /// # Errors
    /// `size`, `align`.
    pub fn new(lists: usize, cols: usize, bytes: &'a [u8], starts: &'a [usize]) -> Result<Self> {
        if starts.len().checked_sub(1) != Some(lists) || starts.first() != Some(&0) || !starts.is_sorted() {
            return Err(Error::new(Defect::Size, format!("{} starts do not describe {lists} lists", starts.len())));
        }
        let entries = starts.last().copied();
        let columns =
            if wide_columns(cols) { Columns::Wide(cast(bytes, entries)?) } else { Columns::Narrow(cast(bytes, entries)?) };
        Ok(Self { starts, columns })
    }

    /// The entries of a list, as numbers among those of all lists.
    #[inline(always)]
    #[must_use]
    #[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)] // a panic is a bug of a kernel, not a matter of the file
    pub fn range(self, list: usize) -> std::ops::Range<usize> {
        self.starts[list]..self.starts[list + 1]
    }

    /// Lists.
    #[must_use]
    pub fn lists(self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Entries of all lists.
    #[must_use]
    pub fn entries(self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    /// The columns as stored.
    #[must_use]
    pub fn columns(self) -> Columns<'a> {
        self.columns
    }

    /// The column of an entry: any number, when a mapped file has changed.
    #[inline(always)]
    #[must_use]
    #[allow(clippy::indexing_slicing)] // by (I2)
    pub fn column(self, entry: usize) -> usize {
        match self.columns {
            Columns::Narrow(columns) => usize::from(u16::from_le(columns[entry])),
            Columns::Wide(columns) => checked::from_u32(u32::from_le(columns[entry])),
        }
    }

    /// Checks every column; `offset` is where they start in the file.
    ///
    /// # Errors
    /// `mask`.
    pub fn check(self, cols: usize, offset: u64) -> Result<()> {
        for list in 0..self.lists() {
            let mut least = 0usize;
            for entry in self.range(list) {
                let column = self.column(entry);
                if column >= cols || column < least {
                    let message = format!("list {list}: column {column} is not in {least}..{cols}");
                    let at = offset.saturating_add(to_u64(entry).saturating_mul(column_bytes(cols)));
                    return Err(Error::at(Defect::Mask, at, message));
                }
                least = column.saturating_add(1);
            }
        }
        Ok(())
    }
}

/// Appends columns as they are stored.
pub(in crate::encoding) fn push_columns(bytes: &mut Vec<u8>, cols: usize, columns: impl Iterator<Item = usize>) {
    for column in columns {
        let column = u32::try_from(column).expect("invariant: a layer has fewer than 2^32 columns").to_le_bytes();
        bytes.extend(column.into_iter().take(if wide_columns(cols) { 4 } else { 2 }));
    }
}
