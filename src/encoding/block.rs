//! Blocks: 8 or 16 neighbouring rows that read the same input (`format-spec/encodings/block.md`).

use super::encoded::Encoded;
use super::id::Encoding;
use super::layout::array::{cast, check_float};
use super::layout::lists::{Lists, push_columns};
use super::layout::pattern::Pattern;
use super::sparse::Entries;
use crate::base::checked::to_u64;
use crate::base::error::{Defect, Error, Result};

/// A stored array of blocks.
///
/// Invariants: (I1) there are `height` values for each entry of the lists, and one list for each strip of `height` rows; (I2) values are stored
/// little-endian. [`Blocks::weight`] converts them; they are read raw only on little-endian hosts.
#[derive(Clone, Copy, Debug)]
pub struct Blocks<'a> {
    rows: usize,
    cols: usize,
    height: usize,
    values: &'a [u32],
    lists: Lists<'a>,
}

impl<'a> Blocks<'a> {
    /// The view of `bytes` as a `[rows, cols]` array of blocks of `height` rows. `starts` says where each list starts.
    ///
    /// # Errors
    /// `size`, `align`.
    pub fn new(rows: usize, cols: usize, height: usize, bytes: &'a [u8], starts: &'a [usize]) -> Result<Self> {
        let values = starts.last().and_then(|blocks| blocks.checked_mul(height));
        let len = values.and_then(|n| n.checked_mul(4)).unwrap_or(usize::MAX).min(bytes.len());
        let (stored, columns) = bytes.split_at(len);
        let lists = Lists::new(rows.div_ceil(height), cols, columns, starts)?;
        Ok(Self { rows, cols, height, values: cast(stored, values)?, lists })
    }

    /// The number of outputs.
    #[must_use]
    pub fn rows(self) -> usize {
        self.rows
    }

    /// The number of inputs.
    #[must_use]
    pub fn cols(self) -> usize {
        self.cols
    }

    /// The number of rows of a block.
    #[must_use]
    pub fn height(self) -> usize {
        self.height
    }

    /// The blocks of each strip of rows.
    #[must_use]
    pub fn lists(self) -> Lists<'a> {
        self.lists
    }

    /// The weight of a block in row `row` of its strip.
    #[inline(always)]
    #[must_use]
    #[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)] // by (I1)
    pub fn weight(self, block: usize, row: usize) -> f32 {
        f32::from_bits(u32::from_le(self.values[block * self.height + row]))
    }

    /// All values in storage order, as SIMD kernels read them.
    #[cfg(target_endian = "little")]
    #[must_use]
    pub fn raw(self) -> &'a [f32] {
        bytemuck::cast_slice(self.values)
    }

    /// Checks every value, then every column. `offset` is the byte of the file where the array starts.
    ///
    /// # Errors
    /// `padding`, `non_finite`, `non_canonical`, `mask`.
    pub fn check(self, offset: u64) -> Result<()> {
        let strips = (0..self.lists.lists()).flat_map(|strip| self.lists.range(strip).map(move |_| strip));
        for ((block, values), strip) in self.values.chunks_exact(self.height).enumerate().zip(strips) {
            let place =
                |i: usize| offset.saturating_add(to_u64(block.saturating_mul(self.height).saturating_add(i)).saturating_mul(4));
            let real = self.rows.saturating_sub(strip.saturating_mul(self.height));
            for (i, &value) in values.iter().enumerate() {
                if i >= real && value != 0 {
                    return Err(Error::at(Defect::Padding, place(i), "a value of a padding row is not zero"));
                }
                check_float(f32::from_bits(u32::from_le(value)), place(i), "a weight")
                    .map_err(|error| error.context(format_args!("block {block}")))?;
            }
            if values.iter().all(|&value| value == 0) {
                return Err(Error::at(Defect::NonCanonical, place(0), format!("block {block} has no non-zero weight")));
            }
        }
        let columns_at = offset.saturating_add(to_u64(self.values.len()).saturating_mul(4));
        self.lists.check(self.cols, columns_at)
    }

    /// The weights that are not zero.
    #[must_use]
    #[allow(clippy::arithmetic_side_effects)] // a row of the layer
    pub fn entries(self) -> Entries {
        let mut entries = Entries::new(self.cols);
        for row in 0..self.rows {
            let blocks = self.lists.range(row / self.height);
            let weights = blocks.map(|block| (self.lists.column(block), self.weight(block, row % self.height)));
            let mut all: Vec<_> = weights.filter(|&(col, weight)| col < self.cols && weight != 0.0).collect();
            all.sort_unstable_by_key(|entry| entry.0);
            all.dedup_by_key(|entry| entry.0); // a mapped file may have changed
            entries.push_row(all.into_iter().map(|(col, weight)| (col, weight.to_bits())));
        }
        entries
    }
}

/// Encodes entries of floats in blocks of `height` rows. A strip has a block for every column in which one of its rows has an entry.
///
/// # Panics
/// When `height` is not 8 or 16.
#[must_use]
pub fn encode(height: usize, entries: &Entries) -> Encoded {
    assert!(height == 8 || height == 16, "blocks of {height} rows");
    let (rows, cols) = (entries.rows(), entries.cols());
    let (mut bytes, mut columns, mut counts) = (Vec::new(), Vec::new(), Vec::new());
    for first in (0..rows).step_by(height) {
        let strip: Vec<&[(usize, u32)]> = (first..first.saturating_add(height)).map(|row| entries.row(row)).collect();
        let mut own: Vec<usize> = strip.iter().flat_map(|row| row.iter().map(|&(col, _)| col)).collect();
        own.sort_unstable();
        own.dedup();
        for &col in &own {
            for row in &strip {
                let entry = row.binary_search_by_key(&col, |&(col, _)| col).ok().and_then(|i| row.get(i));
                bytes.extend(entry.map_or(0, |&(_, bits)| bits).to_le_bytes());
            }
        }
        counts.push(u32::try_from(own.len()).expect("invariant: at most the columns"));
        columns.extend(own);
    }
    let pattern = Pattern { units: 0, listed: columns.len() };
    push_columns(&mut bytes, cols, columns.into_iter());
    Encoded { encoding: Encoding::BlockF32 { height }, pattern, rows, cols, levels: Vec::new(), counts, bytes }
}
