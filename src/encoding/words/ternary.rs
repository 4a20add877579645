//! Ternary weights: a negative level, zero or a positive level, three weights to a 5-bit field (`format-spec/encodings/ternary.md`).

use super::array::Words;
use crate::base::checked::from_u32;
use crate::base::error::{Defect, Error, Result};
use crate::encoding::encoded::Encoded;
use crate::encoding::id::Encoding;
use crate::encoding::layout::fields::WordLayout;
pub use crate::encoding::values::{FIELD_CODES, digits};

/// Six fields of three columns in a word.
pub const LAYOUT: WordLayout = WordLayout::TERNARY;

/// A stored ternary array.
///
/// Invariants: (I1) those of [`Words`]; (I2) `negative <= 0 <= positive`, both finite.
#[derive(Clone, Copy, Debug)]
pub struct Ternary<'a> {
    words: Words<'a>,
    negative: f32,
    positive: f32,
}

impl<'a> Ternary<'a> {
    /// The view of `bytes` as a `[rows, cols]` array of digits, which stand for zero and these levels.
    ///
    /// # Errors
    /// `size`, `align`; `codebook` for a level of the wrong sign or one that is not finite.
    pub fn new(rows: usize, cols: usize, bytes: &'a [u8], negative: f32, positive: f32) -> Result<Self> {
        let words = Words::new(rows, cols, LAYOUT, bytes)?;
        // Each level must be finite, but their difference may overflow: the greatest floats are levels too.
        if (f32::MIN..=0.0).contains(&negative) && (0.0..=f32::MAX).contains(&positive) {
            return Ok(Self { words, negative, positive });
        }
        let message = format!("ternary levels are a negative and a positive one, not {negative} and {positive}");
        Err(Error::new(Defect::Codebook, message))
    }

    /// The words of the array.
    #[must_use]
    pub fn words(self) -> Words<'a> {
        self.words
    }

    /// The level of each digit: zero, positive, negative.
    #[must_use]
    pub fn levels(self) -> [f32; 3] {
        [0.0, self.positive, self.negative]
    }

    /// Checks every field, and that a level is used exactly if it is not zero. `offset` is the byte of the file where the array starts.
    ///
    /// # Errors
    /// `code`, `padding`, `non_canonical`.
    pub fn check(self, offset: u64) -> Result<()> {
        let cols = self.words.cols();
        let mut used = [false; 3];
        self.words.check(offset, |field, code| {
            if code >= FIELD_CODES {
                return Err((Defect::Code, format!("{code} is not a ternary field, which is below {FIELD_CODES}")));
            }
            for (i, digit) in digits(code).into_iter().enumerate() {
                if field.saturating_mul(3).saturating_add(i) >= cols && digit != 0 {
                    return Err((Defect::Padding, "a padding column is not zero".to_owned()));
                }
                if let Some(used) = used.get_mut(from_u32(digit)) {
                    *used = true;
                }
            }
            Ok(())
        })?;
        let [_, positive, negative] = used;
        for (level, used, name) in [(self.negative, negative, "negative"), (self.positive, positive, "positive")] {
            if (level != 0.0) != used {
                let message = format!("the {name} level is {level}, and {} weight uses it", if used { "a" } else { "no" });
                return Err(Error::at(Defect::NonCanonical, offset, message));
            }
        }
        Ok(())
    }

    /// The digit of every weight, row-major.
    #[must_use]
    pub fn codes(self) -> Vec<u32> {
        let mut codes = Vec::new();
        let cols = self.words.cols();
        self.words.for_each_field(|_, field, code| {
            codes.extend(digits(code).into_iter().take(cols.saturating_sub(field.saturating_mul(3))));
        });
        codes
    }

    /// The level of a digit.
    #[must_use]
    pub fn weight(self, digit: u32) -> f32 {
        self.levels().get(from_u32(digit)).copied().unwrap_or(0.0)
    }
}

/// Encodes a row-major `[rows, cols]` matrix of signs: -1, 0, 1. A level that no weight uses is stored as zero.
///
/// # Panics
/// When the matrix has another size, or holds a number other than -1, 0 and 1.
#[must_use]
pub fn encode(rows: usize, cols: usize, negative: f32, positive: f32, signs: &[i8]) -> Encoded {
    assert_eq!(Some(signs.len()), rows.checked_mul(cols), "a {rows} x {cols} layer");
    let sign = |row: usize, col: usize| {
        let index = row.saturating_mul(cols).saturating_add(col);
        if col < cols { signs.get(index).copied().unwrap_or(0) } else { 0 }
    };
    let digit = |row, col| match sign(row, col) {
        0 => 0,
        1 => 1u32,
        -1 => 2,
        other => panic!("{other} is no sign"),
    };
    let bytes = LAYOUT.pack(rows, cols, |row, field| {
        let col = field.saturating_mul(3);
        (0..3).rev().fold(0, |code: u32, i| code.saturating_mul(3).saturating_add(digit(row, col.saturating_add(i))))
    });
    let used = |sign, level| if signs.contains(&sign) { level } else { 0.0 };
    Encoded::dense(Encoding::Ternary, rows, cols, vec![used(-1, negative), used(1, positive)], bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_any_finite_ones_of_the_right_sign() {
        let none = bytemuck::cast_slice::<u32, u8>(&[]);
        let levels = |negative, positive| Ternary::new(0, 0, none, negative, positive).map(Ternary::levels);
        assert_eq!(levels(f32::MIN, f32::MAX).unwrap(), [0.0, f32::MAX, f32::MIN], "their difference overflows");
        assert_eq!(levels(0.0, 0.0).unwrap(), [0.0; 3]);
        for (negative, positive) in
            [(1.0, 1.0), (-1.0, -1.0), (f32::NEG_INFINITY, 1.0), (-1.0, f32::INFINITY), (f32::NAN, 1.0), (-1.0, f32::NAN)]
        {
            assert_eq!(levels(negative, positive).unwrap_err().kind(), Defect::Codebook.into(), "{negative} {positive}");
        }
    }
}
