//! The entries of a matrix: its weights that are not zero, row by row. Sparse layers are encoded from them.

use crate::encoding::layout::pattern::{Pattern, SlotLayout, TILE_COLUMNS};

/// The entries of a `[rows, cols]` matrix. Each is a column and a code other than 0; columns ascend within a row.
///
/// A code is the bits of an `f32`, an integer in two's complement, or an index from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entries {
    cols: usize,
    /// The start of each row in `list`, and the end of the last one.
    starts: Vec<usize>,
    list: Vec<(usize, u32)>,
}

impl Entries {
    /// A matrix without rows.
    #[must_use]
    pub fn new(cols: usize) -> Self {
        Self { cols, starts: vec![0], list: Vec::new() }
    }

    /// Adds a row; codes of 0 are left out.
    ///
    /// # Panics
    /// When the columns do not ascend, or one is not a column of the matrix.
    pub fn push_row(&mut self, entries: impl IntoIterator<Item = (usize, u32)>) {
        let start = self.list.len();
        self.list.extend(entries.into_iter().filter(|&(_, code)| code != 0));
        let row = self.list.get(start..).unwrap_or_default();
        assert!(row.is_sorted_by(|a, b| a.0 < b.0) && row.last().is_none_or(|last| last.0 < self.cols), "columns of a row");
        self.starts.push(self.list.len());
    }

    /// The entries of a row-major matrix of finite weights.
    #[must_use]
    pub fn of_floats(rows: usize, cols: usize, weights: &[f32]) -> Self {
        Self::of(rows, cols, weights, |w| if w == 0.0 { 0 } else { w.to_bits() })
    }

    /// The entries of a row-major matrix of integers.
    #[must_use]
    pub fn of_integers(rows: usize, cols: usize, integers: &[i8]) -> Self {
        Self::of(rows, cols, integers, |q| i32::from(q).cast_unsigned())
    }

    /// The entries of a row-major matrix of codes.
    #[must_use]
    pub fn of_codes(rows: usize, cols: usize, codes: &[u32]) -> Self {
        Self::of(rows, cols, codes, |code| code)
    }

    /// The entries of a row-major matrix of indices: 0 is no entry, and `i` stands for level `i - 1`.
    #[must_use]
    pub fn of_indices(rows: usize, cols: usize, indices: &[u8]) -> Self {
        Self::of(rows, cols, indices, u32::from)
    }

    fn of<T: Copy>(rows: usize, cols: usize, matrix: &[T], code: impl Fn(T) -> u32) -> Self {
        assert_eq!(Some(matrix.len()), rows.checked_mul(cols), "a {rows} x {cols} layer");
        let mut entries = Self::new(cols);
        for row in 0..rows {
            let start = row.saturating_mul(cols);
            let row = matrix.get(start..start.saturating_add(cols)).expect("invariant: the matrix has its size");
            entries.push_row(row.iter().map(|&weight| code(weight)).enumerate());
        }
        entries
    }

    /// The number of outputs.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The number of inputs.
    #[must_use]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The number of entries of all rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether every weight is zero.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The codes of all entries, row by row.
    pub fn codes(&self) -> impl Iterator<Item = u32> {
        self.list.iter().map(|&(_, code)| code)
    }

    /// The columns and codes of a row.
    #[must_use]
    pub fn row(&self, row: usize) -> &[(usize, u32)] {
        let bounds = self.starts.get(row).zip(self.starts.get(row.saturating_add(1)));
        bounds.and_then(|(&start, &end)| self.list.get(start..end)).unwrap_or_default()
    }

    /// The entries of a row, one slice for each column tile that has any.
    pub fn tiles(&self, row: usize) -> impl Iterator<Item = &[(usize, u32)]> {
        self.row(row).chunk_by(|a, b| a.0 / TILE_COLUMNS == b.0 / TILE_COLUMNS)
    }

    /// The pattern with the fewest bytes in slots of this layout; of two with the same bytes, the one with fewer `units`.
    ///
    /// Its slots usually hold the mean number of a row's entries in a column tile, plus half to one standard deviation.
    #[must_use]
    pub fn best_pattern(&self, layout: SlotLayout) -> Pattern {
        let mut cells = [0usize; TILE_COLUMNS + 1]; // `cells[n]`: the pairs of row and column tile with `n` entries
        for tile in (0..self.rows()).flat_map(|row| self.tiles(row)) {
            if let Some(cell) = cells.get_mut(tile.len()) {
                *cell = cell.saturating_add(1);
            }
        }
        let listed = |slots: usize| {
            let beyond = cells.iter().enumerate().map(|(n, &cells)| n.saturating_sub(slots).saturating_mul(cells));
            beyond.fold(0, usize::saturating_add)
        };
        let patterns = (0..=layout.most_units()).map(|units| Pattern { units, listed: listed(layout.slots(units)) });
        patterns
            .min_by_key(|&pattern| layout.array_bytes(pattern, self.rows(), self.cols).unwrap_or(u64::MAX))
            .expect("invariant: no units are one of the choices")
    }

    /// The codes of all weights, row-major: 0 where there is no entry.
    #[must_use]
    pub fn matrix(&self) -> Vec<u32> {
        let mut matrix = vec![0; self.rows().saturating_mul(self.cols)];
        self.fill(&mut matrix);
        matrix
    }

    /// Writes the codes into a row-major `[rows, cols]` matrix of zeros.
    pub fn fill(&self, matrix: &mut [u32]) {
        for (row, out) in matrix.chunks_exact_mut(self.cols.max(1)).enumerate() {
            for &(col, code) in self.row(row) {
                *out.get_mut(col).expect("invariant: a column of the matrix") = code;
            }
        }
    }
}
