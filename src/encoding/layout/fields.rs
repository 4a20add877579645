//! Fields of a few bits in 32-bit words (SPEC 6.2): the layout of the fixed-point, ternary and codebook encodings.
#![allow(clippy::arithmetic_side_effects)] // field widths are constants of 1 to 8; element numbers are bounded by `Tiling::new`

use super::tiles::Tiling;

/// The layout of fields in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WordLayout {
    field_bits: u32,
    field_columns: usize,
}

impl WordLayout {
    /// Six fields of 5 bits, each of which holds three ternary digits.
    pub const TERNARY: Self = Self::new(5, 3);

    /// Fields of `field_bits` (1 to 8) bits that hold `field_columns` columns each.
    #[must_use]
    pub const fn new(field_bits: u32, field_columns: usize) -> Self {
        assert!(1 <= field_bits && field_bits <= 8);
        Self { field_bits, field_columns }
    }

    /// The number of bits of a field.
    #[must_use]
    pub const fn field_bits(self) -> u32 {
        self.field_bits
    }

    /// The number of fields of a word.
    #[must_use]
    pub const fn fields(self) -> u32 {
        32 / self.field_bits
    }

    /// The number of columns of a word.
    #[must_use]
    #[allow(clippy::as_conversions)] // 4 to 32, in a const function
    pub const fn columns(self) -> usize {
        self.fields() as usize * self.field_columns
    }

    /// A mask of the bits of one field.
    #[must_use]
    pub const fn mask(self) -> u32 {
        (1 << self.field_bits) - 1
    }

    /// The number of words of a row of `cols` columns.
    #[must_use]
    pub fn units(self, cols: usize) -> usize {
        cols.div_ceil(self.columns())
    }

    /// The fields of a word, the lowest first.
    pub fn split(self, word: u32) -> impl Iterator<Item = u32> {
        (0..self.fields()).map(move |j| word >> (j * self.field_bits) & self.mask())
    }

    /// Whether a bit above the last field is set.
    #[must_use]
    pub fn has_spare_bits(self, word: u32) -> bool {
        let used = self.fields() * self.field_bits;
        word.checked_shr(used).unwrap_or(0) != 0
    }

    /// The array of a `[rows, cols]` layer. `field(row, f)` is field `f` of a row, whose first column is `f * field_columns`.
    pub fn pack(self, rows: usize, cols: usize, mut field: impl FnMut(usize, usize) -> u32) -> Vec<u8> {
        let tiling = Tiling::new(rows, self.units(cols)).expect("invariant: a layer in memory has few enough weights");
        let mut bytes = Vec::with_capacity(tiling.elements().saturating_mul(4));
        let fields = cols.div_ceil(self.field_columns);
        let done: Result<(), ()> = tiling.visit(|row, unit| {
            let word = (0..self.fields()).fold(0, |word, j| {
                let f = unit * usize::try_from(self.fields()).expect("invariant: at most 32")
                    + usize::try_from(j).expect("invariant: at most 32");
                let code = row.filter(|_| f < fields).map_or(0, |row| field(row, f));
                debug_assert!(code <= self.mask());
                word | code << (j * self.field_bits)
            });
            bytes.extend_from_slice(&word.to_le_bytes());
            Ok(())
        });
        done.expect("invariant: the visitor never fails");
        bytes
    }
}
