//! A stored array of 32-bit words (SPEC 6.2), shared by the fixed-point, ternary and codebook encodings.
#![allow(clippy::arithmetic_side_effects)] // field numbers are bounded by `Tiling::new`

use crate::base::error::{Defect, Error, Result};
use crate::encoding::layout::array::cast;
use crate::encoding::layout::fields::WordLayout;
use crate::encoding::layout::tiles::Tiling;

/// A stored array of words.
///
/// Invariants: (I1) `words.len() == tiling.elements()`; (I2) `tiling.units() == layout.units(cols)`; (I3) the words are stored little-endian.
/// [`Words::word`] converts them; they are read raw only on little-endian hosts.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    words: &'a [u32],
    tiling: Tiling,
    layout: WordLayout,
    cols: usize,
}

impl<'a> Words<'a> {
    /// The view of `bytes` as a `[rows, cols]` array.
    ///
    /// # Errors
    /// `size` when `bytes` does not have the length of the array, `align` when it is not aligned to 4.
    pub fn new(rows: usize, cols: usize, layout: WordLayout, bytes: &'a [u8]) -> Result<Self> {
        let tiling = Tiling::new(rows, layout.units(cols));
        let words = cast(bytes, tiling.map(Tiling::elements))?;
        let tiling = tiling.expect("invariant: cast refuses an array without a size");
        Ok(Self { words, tiling, layout, cols })
    }

    /// The number of outputs.
    #[must_use]
    pub fn rows(self) -> usize {
        self.tiling.rows()
    }

    /// The number of inputs, without padding columns.
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

    /// Word number `unit` of a row, in the host's byte order.
    #[must_use]
    #[allow(clippy::indexing_slicing)] // by (I1); a panic here is a bug of a kernel: no file can cause it
    pub fn word(self, row: usize, unit: usize) -> u32 {
        u32::from_le(self.words[self.tiling.index(row, unit)])
    }

    /// All words in storage order, as SIMD kernels read them.
    #[cfg(target_endian = "little")]
    #[must_use]
    pub fn raw(self) -> &'a [u32] {
        self.words
    }

    /// Checks padding rows and the bits above the last field. `field(f, code)` checks field `f` of a row that is not padding.
    ///
    /// # Errors
    /// `padding`; those of `field`, with the byte of the file.
    pub fn check(self, offset: u64, mut field: impl FnMut(usize, u32) -> Result<(), (Defect, String)>) -> Result<()> {
        let mut words = self.words.iter();
        let mut at = offset;
        let fields = usize::try_from(self.layout.fields()).expect("invariant: at most 32");
        self.tiling.visit(|row, unit| {
            let word = u32::from_le(*words.next().expect("invariant: I1"));
            let fail = |kind, message| Err(Error::at(kind, at, message));
            match row {
                None if word != 0 => return fail(Defect::Padding, "a word of a padding row is not zero".to_owned()),
                None => {}
                Some(row) => {
                    for (j, code) in self.layout.split(word).enumerate() {
                        if let Err((kind, message)) = field(unit * fields + j, code) {
                            return fail(kind, format!("row {row}, word {unit}, field {j}: {message}"));
                        }
                    }
                    if self.layout.has_spare_bits(word) {
                        return fail(Defect::Padding, format!("row {row}, word {unit}: bits above the last field are set"));
                    }
                }
            }
            at = at.saturating_add(4);
            Ok(())
        })
    }

    /// Calls `f(row, field, code)` for every field of every row that is not padding, row by row.
    pub(super) fn for_each_field(self, mut f: impl FnMut(usize, usize, u32)) {
        for row in 0..self.rows() {
            let codes = (0..self.tiling.units()).flat_map(|unit| self.layout.split(self.word(row, unit)));
            codes.enumerate().for_each(|(field, code)| f(row, field, code));
        }
    }

    /// The code of every weight, row-major, for layouts with one column in each field.
    #[must_use]
    pub fn codes(self) -> Vec<u32> {
        let mut codes = Vec::with_capacity(self.rows().saturating_mul(self.cols));
        self.for_each_field(|_, field, code| {
            if field < self.cols {
                codes.push(code);
            }
        });
        codes
    }
}
