//! Integers of 2 to 8 bits times a step (`format-spec/encodings/fixed_point.md`).

use super::words::{WordLayout, Words};
use super::{Encoded, Encoding};
use crate::base::error::{Defect, Error, ErrorKind, Result};

/// A stored fixed-point array.
///
/// Invariants: (I1) those of [`Words`]; (I2) `step` is finite and positive.
#[derive(Clone, Copy, Debug)]
pub struct FixedPoint<'a> {
    words: Words<'a>,
    step: f32,
}

/// The integer of a two's complement field of `bits` bits.
#[inline(always)]
#[must_use]
#[allow(clippy::arithmetic_side_effects)] // shifts of 24 to 30
pub fn sign_extend(code: u32, bits: u32) -> i32 {
    code.wrapping_shl(32 - bits).cast_signed() >> (32 - bits)
}

/// The same as a float, exact.
#[must_use]
#[allow(clippy::as_conversions)] // at most 128
pub fn integer(code: u32, bits: u32) -> f32 {
    sign_extend(code, bits) as f32
}

/// The greatest integer of `bits` bits; the range is symmetric.
#[must_use]
#[allow(clippy::arithmetic_side_effects)]
pub fn greatest(bits: u32) -> i32 {
    (1i32 << (bits - 1)) - 1
}

impl<'a> FixedPoint<'a> {
    /// `table` holds the step. Errors: `size`, `align`, `codebook`.
    pub fn new(rows: usize, cols: usize, bits: u32, bytes: &'a [u8], table: &[f32]) -> Result<Self> {
        let words = Words::new(rows, cols, WordLayout::new(bits, 1), bytes)?;
        match *table {
            [step] if step > 0.0 && step.is_finite() => Ok(Self { words, step }),
            _ => Err(Error::new(Defect::Codebook, format!("a fixed-point step is a positive number, not {table:?}"))),
        }
    }

    /// The words of the array.
    #[must_use]
    pub fn words(self) -> Words<'a> {
        self.words
    }

    /// Bits of an integer.
    #[must_use]
    pub fn bits(self) -> u32 {
        self.words.layout().field_bits()
    }

    /// What an integer is multiplied by: the scale of the layer.
    #[must_use]
    pub fn step(self) -> f32 {
        self.step
    }

    /// Checks every field.
    pub fn check(self, offset: u64) -> Result<()> {
        let (cols, bits) = (self.words.cols(), self.bits());
        self.words.check(offset, |col, code| {
            if col >= cols && code != 0 {
                return Err((ErrorKind::Format(Defect::Padding), "a padding column is not zero".to_owned()));
            }
            let value = sign_extend(code, bits);
            if value < greatest(bits).saturating_neg() {
                return Err((ErrorKind::Format(Defect::Code), format!("{value} is outside the symmetric range of {bits} bits")));
            }
            Ok(())
        })
    }

    /// The weights `q * step` as a row-major matrix, each rounded once.
    #[must_use]
    pub fn decode(self) -> Vec<f32> {
        self.words.decode(|code| integer(code, self.bits()) * self.step)
    }
}

/// Encodes a row-major matrix of integers within the symmetric range of `bits`.
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
