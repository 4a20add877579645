//! A negative level, zero and a positive level, three to a 5-bit field (`format-spec/encodings/ternary.md`).

use super::words::{WordLayout, Words};
use super::{Encoded, Encoding};
use crate::base::error::{Defect, Error, ErrorKind, Result};

/// Six fields of three columns in a word.
pub const LAYOUT: WordLayout = WordLayout::new(5, 3);
/// Codes of a field: three digits of base 3.
pub const FIELD_CODES: u32 = 27;

/// A stored ternary array.
///
/// Invariants: (I1) those of [`Words`]; (I2) `negative <= 0 <= positive`, both finite.
#[derive(Clone, Copy, Debug)]
pub struct Ternary<'a> {
    words: Words<'a>,
    negative: f32,
    positive: f32,
}

/// The three digits of a field, lowest column first: 0 is zero, 1 the positive, 2 the negative level.
#[inline(always)]
#[must_use]
#[allow(clippy::arithmetic_side_effects)] // constants
pub fn digits(code: u32) -> [u32; 3] {
    [code % 3, code / 3 % 3, code / 9 % 3]
}

impl<'a> Ternary<'a> {
    /// `table` holds the negative and the positive level. Errors: `size`, `align`, `codebook`.
    pub fn new(rows: usize, cols: usize, bytes: &'a [u8], table: &[f32]) -> Result<Self> {
        let words = Words::new(rows, cols, LAYOUT, bytes)?;
        match *table {
            // Each is finite, not their difference: the greatest floats are levels too.
            [negative @ f32::MIN..=0.0, positive @ 0.0..=f32::MAX] => Ok(Self { words, negative, positive }),
            _ => Err(Error::new(Defect::Codebook, format!("ternary levels are a negative and a positive one, not {table:?}"))),
        }
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

    /// Checks every field, and that exactly the levels that are not zero are used.
    pub fn check(self, offset: u64) -> Result<()> {
        let cols = self.words.cols();
        let mut used = [false; 3];
        self.words.check(offset, |field, code| {
            if code >= FIELD_CODES {
                return Err((
                    ErrorKind::Format(Defect::Code),
                    format!("{code} is not a ternary field, which is below {FIELD_CODES}"),
                ));
            }
            for (i, digit) in digits(code).into_iter().enumerate() {
                if field.saturating_mul(3).saturating_add(i) >= cols && digit != 0 {
                    return Err((ErrorKind::Format(Defect::Padding), "a padding column is not zero".to_owned()));
                }
                if let Some(used) = used.get_mut(crate::base::checked::from_u32(digit)) {
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

    /// The weights as a row-major matrix.
    #[must_use]
    pub fn decode(self) -> Vec<f32> {
        let mut out = Vec::new();
        let cols = self.words.cols();
        let [zero, positive, negative] = self.levels();
        self.words.for_each_field(|_, field, code| {
            let left = cols.saturating_sub(field.saturating_mul(3));
            let level = |digit| {
                if digit == 1 {
                    positive
                } else if digit == 2 {
                    negative
                } else {
                    zero
                }
            };
            out.extend(digits(code).into_iter().take(left).map(level));
        });
        out
    }
}

/// Encodes a row-major matrix of signs: -1, 0, 1. A level that no weight uses is stored as zero.
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
        let levels = |negative, positive| Ternary::new(0, 0, none, &[negative, positive]).map(Ternary::levels);
        assert_eq!(levels(f32::MIN, f32::MAX).unwrap(), [0.0, f32::MAX, f32::MIN], "their difference overflows");
        assert_eq!(levels(0.0, 0.0).unwrap(), [0.0; 3]);
        for (negative, positive) in
            [(1.0, 1.0), (-1.0, -1.0), (f32::NEG_INFINITY, 1.0), (-1.0, f32::INFINITY), (f32::NAN, 1.0), (-1.0, f32::NAN)]
        {
            assert_eq!(
                levels(negative, positive).unwrap_err().kind(),
                ErrorKind::Format(Defect::Codebook),
                "{negative} {positive}"
            );
        }
    }
}
