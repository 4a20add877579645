//! Fields of a few bits in 32-bit words (SPEC 6.2), shared by the fixed-point, ternary and codebook encodings.
#![allow(clippy::arithmetic_side_effects)] // field widths are constants of 1 to 8; element numbers are bounded by `Tiling::new`

use super::tiles::Tiling;
use crate::base::checked::to_u64;
use crate::base::error::{Defect, Error, ErrorKind, Result};

/// How fields lie in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WordLayout {
    field_bits: u32,
    field_columns: usize,
}

impl WordLayout {
    /// Fields of `field_bits` (1 to 8) bits that hold `field_columns` columns each.
    #[must_use]
    pub const fn new(field_bits: u32, field_columns: usize) -> Self {
        assert!(1 <= field_bits && field_bits <= 8);
        Self { field_bits, field_columns }
    }

    /// Bits of a field.
    #[must_use]
    pub const fn field_bits(self) -> u32 {
        self.field_bits
    }

    /// Fields of a word.
    #[must_use]
    pub const fn fields(self) -> u32 {
        32 / self.field_bits
    }

    /// Columns of a word.
    #[must_use]
    #[allow(clippy::as_conversions)] // 4 to 32, in a const function
    pub const fn columns(self) -> usize {
        self.fields() as usize * self.field_columns
    }

    /// All bits of one field.
    #[must_use]
    pub const fn mask(self) -> u32 {
        (1 << self.field_bits) - 1
    }

    /// Words of a row of `cols` columns.
    #[must_use]
    pub fn units(self, cols: usize) -> usize {
        cols.div_ceil(self.columns())
    }

    /// The fields of a word, from the lowest.
    pub fn split(self, word: u32) -> impl Iterator<Item = u32> {
        (0..self.fields()).map(move |j| word >> (j * self.field_bits) & self.mask())
    }

    /// Whether a bit above the last field is set.
    #[must_use]
    pub fn has_spare_bits(self, word: u32) -> bool {
        let used = self.fields() * self.field_bits;
        word.checked_shr(used).unwrap_or(0) != 0
    }

    /// The array of a `rows` x `cols` layer; `field(row, f)` is field `f` of a row (its columns start at `f * field_columns`).
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

/// A stored array of words.
///
/// Invariants: (I1) `words.len() == tiling.elements()`; (I2) `tiling.units() == layout.units(cols)`; (I3) the words are
/// stored little-endian and handed out by [`Words::word`] only, or raw on little-endian hosts.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    words: &'a [u32],
    tiling: Tiling,
    layout: WordLayout,
    cols: usize,
}

impl<'a> Words<'a> {
    /// Errors: `size` when `bytes` is not exactly the array, `align` when it is not aligned to 4.
    pub fn new(rows: usize, cols: usize, layout: WordLayout, bytes: &'a [u8]) -> Result<Self> {
        let tiling = Tiling::new(rows, layout.units(cols));
        let words = cast(bytes, tiling.map(Tiling::elements))?;
        let tiling = tiling.expect("invariant: cast refuses an array without a size");
        Ok(Self { words, tiling, layout, cols })
    }

    /// Outputs.
    #[must_use]
    pub fn rows(self) -> usize {
        self.tiling.rows()
    }

    /// Inputs, without padding columns.
    #[must_use]
    pub fn cols(self) -> usize {
        self.cols
    }

    /// The order of the words.
    #[must_use]
    pub fn tiling(self) -> Tiling {
        self.tiling
    }

    /// The layout of a word.
    #[must_use]
    pub fn layout(self) -> WordLayout {
        self.layout
    }

    /// Word `unit` of a row, in the host's byte order.
    #[must_use]
    #[allow(clippy::indexing_slicing)] // by (I1); a panic here is a bug of a kernel, not a matter of the file
    pub fn word(self, row: usize, unit: usize) -> u32 {
        u32::from_le(self.words[self.tiling.index(row, unit)])
    }

    /// All words in storage order: what SIMD kernels read.
    #[cfg(target_endian = "little")]
    #[must_use]
    pub fn raw(self) -> &'a [u32] {
        self.words
    }

    /// Checks padding rows and spare bits, and every field of a real row through `field(f, code)`; an error of `field` gets its place.
    pub fn check(self, offset: u64, mut field: impl FnMut(usize, u32) -> Result<(), (ErrorKind, String)>) -> Result<()> {
        let mut words = self.words.iter();
        let mut at = offset;
        let fields = usize::try_from(self.layout.fields()).expect("invariant: at most 32");
        self.tiling.visit(|row, unit| {
            let word = u32::from_le(*words.next().expect("invariant: I1"));
            let fail = |kind, message| Err(Error::at(kind, at, message));
            match row {
                None if word != 0 => {
                    return fail(ErrorKind::Format(Defect::Padding), "a word of a padding row is not zero".to_owned());
                }
                None => {}
                Some(row) => {
                    for (j, code) in self.layout.split(word).enumerate() {
                        if let Err((kind, message)) = field(unit * fields + j, code) {
                            return fail(kind, format!("row {row}, word {unit}, field {j}: {message}"));
                        }
                    }
                    if self.layout.has_spare_bits(word) {
                        return fail(
                            ErrorKind::Format(Defect::Padding),
                            format!("row {row}, word {unit}: bits above the last field are set"),
                        );
                    }
                }
            }
            at = at.saturating_add(4);
            Ok(())
        })
    }

    /// Calls `f(row, field, code)` for every field of every real row, row by row.
    pub fn for_each_field(self, mut f: impl FnMut(usize, usize, u32)) {
        for row in 0..self.rows() {
            let codes = (0..self.tiling.units()).flat_map(|unit| self.layout.split(self.word(row, unit)));
            codes.enumerate().for_each(|(field, code)| f(row, field, code));
        }
    }

    /// Calls `f(code)` for every weight in row-major order, for encodings of one column per field.
    pub fn for_each_code(self, mut f: impl FnMut(u32)) {
        self.for_each_field(|_, field, code| {
            if field < self.cols {
                f(code);
            }
        });
    }

    /// A row-major matrix of `value(code)`, for encodings of one column per field.
    pub fn decode(self, value: impl Fn(u32) -> f32) -> Vec<f32> {
        let mut out = Vec::with_capacity(self.rows().saturating_mul(self.cols));
        self.for_each_code(|code| out.push(value(code)));
        out
    }
}

/// `bytes` as `elements` elements of the stored type. Errors: `size`, `align`.
pub(crate) fn cast<T: bytemuck::AnyBitPattern>(bytes: &[u8], elements: Option<usize>) -> Result<&[T]> {
    let needed = elements.and_then(|n| n.checked_mul(size_of::<T>()));
    if needed != Some(bytes.len()) {
        let message = format!("a weight array has {} bytes, its shape needs {needed:?}", to_u64(bytes.len()));
        return Err(Error::new(Defect::Size, message));
    }
    if bytes.is_empty() {
        return Ok(&[]); // an empty array may lie anywhere
    }
    bytemuck::try_cast_slice(bytes).map_err(|error| Error::new(Defect::Align, format!("a weight array: {error}")))
}
