//! Fixed-point weights: integers of 2 to 8 bits times a step (`format-spec/encodings/fixed_point.md`).

use super::array::Words;
use crate::base::error::{Defect, Error, Result};
use crate::encoding::encoded::Encoded;
use crate::encoding::id::Encoding;
use crate::encoding::layout::fields::WordLayout;
pub use crate::encoding::values::{greatest, integer, sign_extend};

/// A stored fixed-point array.
///
/// Invariants: (I1) those of [`Words`]; (I2) `step` is finite and positive.
#[derive(Clone, Copy, Debug)]
pub struct FixedPoint<'a> {
    words: Words<'a>,
    step: f32,
}

impl<'a> FixedPoint<'a> {
    /// The view of `bytes` as a `[rows, cols]` array of integers of `bits` bits.
    ///
    /// # Errors
    /// `size`, `align`; `codebook` for a step that is no positive number.
    pub fn new(rows: usize, cols: usize, bits: u32, bytes: &'a [u8], step: f32) -> Result<Self> {
        let words = Words::new(rows, cols, WordLayout::new(bits, 1), bytes)?;
        if step > 0.0 && step.is_finite() {
            return Ok(Self { words, step });
        }
        Err(Error::new(Defect::Codebook, format!("a fixed-point step is a positive number, not {step}")))
    }

    /// The words of the array.
    #[must_use]
    pub fn words(self) -> Words<'a> {
        self.words
    }

    /// The bits of an integer.
    #[must_use]
    pub fn bits(self) -> u32 {
        self.words.layout().field_bits()
    }

    /// The step: the scale of the layer.
    #[must_use]
    pub fn step(self) -> f32 {
        self.step
    }

    /// Checks every field. `offset` is the byte of the file where the array starts.
    ///
    /// # Errors
    /// `code`, `padding`.
    pub fn check(self, offset: u64) -> Result<()> {
        let (cols, bits) = (self.words.cols(), self.bits());
        self.words.check(offset, |col, code| {
            if col >= cols && code != 0 {
                return Err((Defect::Padding, "a padding column is not zero".to_owned()));
            }
            let value = sign_extend(code, bits);
            if value < greatest(bits).saturating_neg() {
                return Err((Defect::Code, format!("{value} is outside the symmetric range of {bits} bits")));
            }
            Ok(())
        })
    }

    /// The integers in two's complement of 32 bits, row-major.
    #[must_use]
    pub fn codes(self) -> Vec<u32> {
        self.words.codes().into_iter().map(|code| sign_extend(code, self.bits()).cast_unsigned()).collect()
    }

    /// The weight `q * step` of an integer `q`, rounded once.
    #[must_use]
    pub fn weight(self, code: u32) -> f32 {
        integer(code, self.bits()) * self.step
    }
}

/// Encodes a row-major `[rows, cols]` matrix of integers within the symmetric range of `bits`.
///
/// # Panics
/// When the matrix has another size, or an integer is out of range.
#[must_use]
pub fn encode(rows: usize, cols: usize, bits: u32, step: f32, integers: &[i8]) -> Encoded {
    assert_eq!(Some(integers.len()), rows.checked_mul(cols), "a {rows} x {cols} layer");
    let layout = WordLayout::new(bits, 1);
    let bytes = layout.pack(rows, cols, |row, col| {
        let index = row.saturating_mul(cols).saturating_add(col);
        let q = integers.get(index).copied().map_or(0, i32::from);
        assert!(q.abs() <= greatest(bits), "{q} is outside the symmetric range of {bits} bits");
        q.cast_unsigned() & layout.mask()
    });
    Encoded::dense(Encoding::FixedPoint { bits }, rows, cols, vec![step], bytes)
}
