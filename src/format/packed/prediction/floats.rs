//! Floats and arrays of floats (`format-spec/packed.md`, section 6).
#![allow(clippy::arithmetic_side_effects)] // shifts and exponents of 32-bit floats

use super::number::{Signed, Symbol};
use super::probability::Bit;
use crate::base::error::{Defect, Error, Result};
use crate::format::packed::allocate::filled;
use crate::format::packed::coder::Coder;

/// A model of floats. The exponent is a symbol; each bit of the mantissa has an adaptive probability of its own.
#[derive(Clone, Debug)]
pub(crate) struct Float {
    exponent: Symbol,
    mantissa: Vec<Bit>,
    exponent_bits: u32,
}

impl Float {
    pub(crate) fn f32() -> Self {
        Self::new(8, 23)
    }

    pub(crate) fn f16() -> Self {
        Self::new(5, 10)
    }

    fn new(exponent_bits: u32, mantissa_bits: usize) -> Self {
        Self { exponent: Symbol::new(exponent_bits), mantissa: vec![Bit::EVEN; mantissa_bits], exponent_bits }
    }

    fn mantissa_bits(&self) -> u32 {
        u32::try_from(self.mantissa.len()).expect("invariant: at most 23")
    }

    pub(crate) fn is_negative(&self, bits: u32) -> bool {
        bits >> (self.exponent_bits + self.mantissa_bits()) & 1 == 1
    }

    pub(crate) fn with_sign(&self, bits: u32, negative: bool) -> u32 {
        bits | u32::from(negative) << (self.exponent_bits + self.mantissa_bits())
    }

    /// Codes the exponent and the mantissa, the highest bit first.
    pub(crate) fn code_magnitude(&mut self, coder: &mut impl Coder, bits: u32) -> Result<u32> {
        let mantissa_bits = self.mantissa_bits();
        let mut out = self.exponent.code(coder, bits >> mantissa_bits & ((1 << self.exponent_bits) - 1))?;
        for (i, context) in self.mantissa.iter_mut().enumerate() {
            let shift = mantissa_bits - 1 - u32::try_from(i).expect("invariant: at most 23");
            out = out << 1 | u32::from(context.code(coder, bits >> shift & 1 == 1)?);
        }
        Ok(out)
    }
}

/// What messages call the memory of an array.
const FLOATS: &str = "an array of floats of a packed file";
/// The greatest magnitude of an integer on a grid.
const GRID: u32 = (1 << 16) - 1;
/// The exponent of the first grid is coded relative to this one.
const FIRST_EXPONENT: i32 = -8;

/// A model of the arrays of one purpose, such as all biases.
#[derive(Clone, Debug)]
pub(crate) struct Floats {
    usual: Bit,
    on_grid: Bit,
    last_exponent: i32,
    exponent: Signed,
    integer: Signed,
    sign: Bit,
    float: Float,
}

impl Floats {
    pub(crate) fn new() -> Self {
        Self {
            usual: Bit::EVEN,
            on_grid: Bit::new(3 << 14, 1),
            last_exponent: FIRST_EXPONENT,
            exponent: Signed::new(),
            integer: Signed::new(),
            sign: Bit::EVEN,
            float: Float::f32(),
        }
    }

    /// Codes `len` values: all equal to `usual`, or integers times a power of two, or floats. A decoder passes no `values`.
    pub(crate) fn code(&mut self, coder: &mut impl Coder, values: &[f32], len: usize, usual: f32) -> Result<Vec<f32>> {
        if len == 0 {
            return Ok(Vec::new());
        }
        if self.usual.code(coder, values.iter().all(|value| value.to_bits() == usual.to_bits()))? {
            return filled(usual, len, coder.memory());
        }
        let grid = grid(values, self.last_exponent);
        if self.on_grid.code(coder, grid.is_some())? {
            return self.code_grid(coder, &grid.unwrap_or_default(), len);
        }
        let value = |i| values.get(i).copied().map_or(0, f32::to_bits);
        let mut floats = coder.memory().list(len, FLOATS)?;
        for i in 0..len {
            floats.push(f32::from_bits(self.code_float(coder, value(i))?));
        }
        Ok(floats)
    }

    fn code_float(&mut self, coder: &mut impl Coder, bits: u32) -> Result<u32> {
        let negative = self.sign.code(coder, self.float.is_negative(bits))?;
        let magnitude = self.float.code_magnitude(coder, bits)?;
        Ok(self.float.with_sign(magnitude, negative))
    }

    fn code_grid(&mut self, coder: &mut impl Coder, grid: &Grid, len: usize) -> Result<Vec<f32>> {
        let change = self.exponent.code(coder, grid.exponent - self.last_exponent, 511)?;
        self.last_exponent += change;
        let exponent = self.last_exponent;
        let integer = |i| grid.integers.get(i).copied().unwrap_or(0);
        let mut floats = coder.memory().list(len, FLOATS)?;
        for i in 0..len {
            floats.push(times_power(self.integer.code(coder, integer(i), GRID)?, exponent)?);
        }
        Ok(floats)
    }
}

/// An array as integers times `2^exponent`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grid {
    pub(crate) exponent: i32,
    pub(crate) integers: Vec<i32>,
}

/// The coarsest grid that holds all `values`; `None` when an integer would be too large. If all are zero, its exponent is `usual`.
pub(crate) fn grid(values: &[f32], usual: i32) -> Option<Grid> {
    let exponent = values.iter().filter(|&&value| value != 0.0).map(|&value| lowest_exponent(value)).min().unwrap_or(usual);
    let integer = |&value: &f32| {
        // Exact: f64 holds every f32 and its multiples by powers of two.
        let quotient = f64::from(value) * 2f64.powi(-exponent);
        let within = quotient.abs() <= f64::from(GRID);
        within.then(|| i32::try_from(to_integer(quotient)).expect("invariant: at most 2^16"))
    };
    Some(Grid { exponent, integers: values.iter().map(integer).collect::<Option<_>>()? })
}

#[allow(clippy::as_conversions)] // an integer below 2^16
fn to_integer(x: f64) -> i64 {
    x as i64
}

/// The exponent of the lowest set bit of a value that is not zero.
fn lowest_exponent(value: f32) -> i32 {
    let bits = value.to_bits();
    let (field, mantissa) = (bits >> 23 & 0xFF, bits & 0x007F_FFFF);
    let (significand, exponent) = if field == 0 { (mantissa, -149) } else { (mantissa | 1 << 23, field.cast_signed() - 150) };
    exponent + significand.trailing_zeros().cast_signed()
}

/// `integer * 2^exponent`.
///
/// # Errors
/// `non_canonical` when no `f32` has that value.
#[allow(clippy::as_conversions)] // the result is compared with the exact value
fn times_power(integer: i32, exponent: i32) -> Result<f32> {
    let exact = f64::from(integer) * 2f64.powi(exponent.clamp(-1000, 1000));
    let value = exact as f32;
    if f64::from(value) == exact {
        return Ok(value);
    }
    Err(Error::new(Defect::NonCanonical, format!("{integer} times 2^{exponent} is not a 32-bit float")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::packed::coder::{Decoder, Encoder};

    /// The number of bytes that one model takes for the arrays in turn. Checks that decoding gives the same bits.
    fn bytes(arrays: &[&[f32]]) -> usize {
        let (mut encoder, mut model) = (Encoder::new(&[]), Floats::new());
        arrays.iter().for_each(|array| _ = model.code(&mut encoder, array, array.len(), 0.0).unwrap());
        let stream = encoder.finish();
        let (mut decoder, mut model) = (Decoder::new(&stream), Floats::new());
        for array in arrays {
            let again = model.code(&mut decoder, &[], array.len(), 0.0).unwrap();
            assert_eq!(
                again.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
                array.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
            );
        }
        decoder.finish().unwrap();
        stream.len()
    }

    #[test]
    fn arrays_come_back_and_those_on_a_grid_are_small() {
        let coarse: Vec<f32> = (0..100i16).map(|i| f32::from(i * 37 % 23 - 11) / 16.0).collect();
        let fine: Vec<f32> = (1..101u8).map(|i| 1.0 / f32::from(i)).collect();
        assert!(bytes(&[&coarse]) < 65, "{}", bytes(&[&coarse]));
        assert!(bytes(&[&fine]) > 250);
        assert_eq!(bytes(&[&[0.0; 1000]]), 0);
        let edges = [f32::MAX, f32::MIN, f32::MIN_POSITIVE, f32::from_bits(1), -f32::from_bits(0x007F_FFFF), 65_535.0, 65_536.0];
        bytes(&[&edges]);
        edges.iter().for_each(|&edge| _ = bytes(&[&[edge], &[0.0, edge], &[edge, edge], &[0.0; 3], &[1.0, edge]]));
        bytes(&[&[f32::MAX, 0.0], &[f32::from_bits(1), 0.0], &[]]);
    }

    #[test]
    fn the_grid_is_the_coarsest() {
        let found = grid(&[0.75, -2.0, 0.0], 9).unwrap();
        assert_eq!((found.exponent, found.integers), (-2, vec![3, -8, 0]));
        assert_eq!(grid(&[0.0], 9).unwrap().exponent, 9);
        assert!(grid(&[1.0, 65_536.0], 0).is_none() && grid(&[1.0, 65_535.0], 0).is_some());
        assert!(times_power(3, 127).is_err() && times_power(1, -150).is_err() && times_power(1, -149).is_ok());
    }
}
