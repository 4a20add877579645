//! Lists of columns: the residue of each row of a sparse layer, the blocks of each strip.

use super::array::cast;
use crate::base::checked::{self, to_u64};
use crate::base::error::{Defect, Error, Result};
use crate::base::memory::MemoryBudget;

/// Whether the columns of a layer with `cols` inputs are stored as `u32`, not as `u16`.
#[must_use]
pub fn wide_columns(cols: usize) -> bool {
    cols > 1 << 16
}

/// The bytes of a stored column.
#[must_use]
pub fn column_bytes(cols: usize) -> u64 {
    if wide_columns(cols) { 4 } else { 2 }
}

/// `rows`, rounded up to a multiple of `height`.
///
/// # Errors
/// `limit` when it overflows.
pub fn padded_rows(rows: usize, height: usize) -> Result<u64> {
    checked::mul(to_u64(rows.div_ceil(height)), to_u64(height), "a layer's padded rows")
}

/// The number of the first entry of each list, then the number of all entries: the running sums of `counts`.
///
/// # Errors
/// `limit`, `no_memory`.
pub fn starts(counts: &[u32], memory: &mut MemoryBudget) -> Result<Vec<usize>> {
    let sums = counts.iter().scan(0usize, |sum, &count| {
        *sum = sum.saturating_add(checked::from_u32(count));
        Some(*sum)
    });
    memory.collect(counts.len().saturating_add(1), std::iter::once(0).chain(sums), "the starts of lists")
}

/// Stored columns, little-endian.
#[derive(Clone, Copy, Debug)]
pub enum Columns<'a> {
    /// Layers of at most 65536 columns.
    Narrow(&'a [u16]),
    /// Layers of more columns.
    Wide(&'a [u32]),
}

/// The columns of all lists.
///
/// Invariants: (I1) `starts` begins with 0 and never falls; (I2) its last number is the number of columns. `starts` was copied out of the
/// file. A column itself lies in mapped memory, so code that uses it as an index must bound it first.
#[derive(Clone, Copy, Debug)]
pub struct Lists<'a> {
    starts: &'a [usize],
    columns: Columns<'a>,
}

impl<'a> Lists<'a> {
    /// The columns of `lists` lists in a layer of `cols` inputs, from `bytes`.
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

    /// The entries of a list, numbered among the entries of all lists.
    #[inline(always)]
    #[must_use]
    #[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)] // a panic is a bug of a kernel: no file can cause it
    pub fn range(self, list: usize) -> std::ops::Range<usize> {
        self.starts[list]..self.starts[list + 1]
    }

    /// The number of lists.
    #[must_use]
    pub fn lists(self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The number of entries of all lists.
    #[must_use]
    pub fn entries(self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    /// The columns as stored.
    #[must_use]
    pub fn columns(self) -> Columns<'a> {
        self.columns
    }

    /// The column of an entry. It can be any number if a mapped file has changed.
    #[inline(always)]
    #[must_use]
    #[allow(clippy::indexing_slicing)] // by (I2)
    pub fn column(self, entry: usize) -> usize {
        match self.columns {
            Columns::Narrow(columns) => usize::from(u16::from_le(columns[entry])),
            Columns::Wide(columns) => checked::from_u32(u32::from_le(columns[entry])),
        }
    }

    /// Checks every column. `offset` is the byte of the file where they start.
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

/// Appends columns in their stored form.
pub(in crate::encoding) fn push_columns(bytes: &mut Vec<u8>, cols: usize, columns: impl Iterator<Item = usize>) {
    for column in columns {
        let column = u32::try_from(column).expect("invariant: a layer has fewer than 2^32 columns").to_le_bytes();
        bytes.extend(column.into_iter().take(if wide_columns(cols) { 4 } else { 2 }));
    }
}
