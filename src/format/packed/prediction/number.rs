//! Numbers with adaptive probabilities (`format-spec/packed.md`, section 5).
#![allow(clippy::arithmetic_side_effects)] // shifts are below 64, contexts below their tables' length

use super::probability::Bit;
use crate::base::checked::from_u32;
use crate::base::error::Result;
use crate::format::packed::coder::{Coder, HALF};

/// The greatest length of a number in bits.
const LONGEST: usize = 64;
/// The number of bits below the leading one with adaptive probabilities; further bits have probability 1/2.
const LEARNT: u32 = 3;

/// A number of at least 0: its length in bits, in unary code, then the bits below the leading one.
#[derive(Clone, Debug)]
pub(crate) struct Number {
    /// For each `i`, whether a number of at least `i` bits has more bits.
    longer: [Bit; LONGEST],
    /// The bits right below the leading one. Their context is the length and the bits before.
    below: Vec<[Bit; 1 << LEARNT]>,
}

impl Number {
    pub(crate) fn new() -> Self {
        Self { longer: [Bit::EVEN; LONGEST], below: vec![[Bit::EVEN; 1 << LEARNT]; LONGEST + 1] }
    }

    /// Codes `value`, at most `max`. Bits that follow from `max` are not coded, so a stream cannot hold a greater number.
    pub(crate) fn code(&mut self, coder: &mut impl Coder, value: u64, max: u64) -> Result<u64> {
        let (length, longest) = (u64::BITS - value.leading_zeros(), u64::BITS - max.leading_zeros());
        let mut decoded = 0;
        for longer in self.longer.iter_mut().take(from_u32(longest)) {
            if !longer.code(coder, length > decoded)? {
                break;
            }
            decoded += 1;
        }
        let Some(last) = decoded.checked_sub(1) else { return Ok(0) };
        let mut number = 1u64 << last;
        let mut node = 1usize;
        for i in (0..last).rev() {
            let with = number | 1 << i;
            if with > max {
                continue; // the bit must be 0
            }
            let bit = value >> i & 1 == 1;
            let context = self.below.get_mut(from_u32(decoded)).and_then(|below| below.get_mut(node));
            let bit = match context {
                Some(context) => context.code(coder, bit)?,
                None => coder.bit(bit, HALF)?,
            };
            node = node << 1 | usize::from(bit);
            number = if bit { with } else { number };
        }
        Ok(number)
    }

    /// [`Number::code`] for a `u32`.
    pub(crate) fn code_u32(&mut self, coder: &mut impl Coder, value: u32) -> Result<u32> {
        let number = self.code(coder, u64::from(value), u64::from(u32::MAX))?;
        Ok(u32::try_from(number).expect("invariant: at most the bound"))
    }
}

/// A number with a sign.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    magnitude: Number,
    negative: Bit,
}

impl Signed {
    pub(crate) fn new() -> Self {
        Self { magnitude: Number::new(), negative: Bit::EVEN }
    }

    /// Codes `value`, whose magnitude is at most `max`.
    pub(crate) fn code(&mut self, coder: &mut impl Coder, value: i32, max: u32) -> Result<i32> {
        let magnitude = self.magnitude.code(coder, u64::from(value.unsigned_abs()), u64::from(max))?;
        let magnitude = i32::try_from(magnitude).expect("invariant: bounds are below 2^31");
        let negative = magnitude != 0 && self.negative.code(coder, value < 0)?;
        Ok(if negative { -magnitude } else { magnitude })
    }
}

/// One of `2^bits` symbols: its bits, the highest first, each in the context of the bits before.
#[derive(Clone, Debug)]
pub(crate) struct Symbol {
    nodes: Vec<Bit>,
    bits: u32,
}

impl Symbol {
    /// `bits` is at most 8.
    pub(crate) fn new(bits: u32) -> Self {
        Self { nodes: vec![Bit::EVEN; 1 << bits], bits }
    }

    pub(crate) fn code(&mut self, coder: &mut impl Coder, symbol: u32) -> Result<u32> {
        let mut node = 1u32;
        for i in (0..self.bits).rev() {
            let context = self.nodes.get_mut(from_u32(node)).expect("invariant: a node of fewer bits than the symbol's");
            node = node << 1 | u32::from(context.code(coder, symbol >> i & 1 == 1)?);
        }
        Ok(node & !(1 << self.bits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::packed::coder::{Decoder, Encoder};

    #[test]
    fn numbers_come_back_and_no_stream_holds_a_greater_one() {
        for max in (0..70).chain([255, 256, 1000, u64::from(u32::MAX), 1 << 40, u64::MAX]) {
            let mut values: Vec<u64> = (0..=max.min(70)).collect();
            values.extend([max, max / 2, max - max / 3]);
            let (mut encoder, mut number) = (Encoder::new(&[]), Number::new());
            values.iter().for_each(|&value| assert_eq!(number.code(&mut encoder, value, max).unwrap(), value));
            let stream = encoder.finish();
            let (mut decoder, mut number) = (Decoder::new(&stream), Number::new());
            values.iter().for_each(|&value| assert_eq!(number.code(&mut decoder, 0, max).unwrap(), value));
            decoder.finish().unwrap();
            for noise in [[0u8; 40], [0xFF; 40], [0xA5; 40]] {
                let (mut decoder, mut number) = (Decoder::new(&noise), Number::new());
                (0..8).map_while(|_| number.code(&mut decoder, 0, max).ok()).for_each(|value| assert!(value <= max));
            }
        }
    }

    #[test]
    fn signs_and_symbols_come_back() {
        let values: Vec<i32> = (-300..300).map(|i| i * i % 701 - 350).collect();
        let (mut encoder, mut signed, mut symbol) = (Encoder::new(&[]), Signed::new(), Symbol::new(5));
        for (i, &value) in (0u32..).zip(&values) {
            signed.code(&mut encoder, value, 400).unwrap();
            symbol.code(&mut encoder, i % 32).unwrap();
        }
        let stream = encoder.finish();
        let (mut decoder, mut signed, mut symbol) = (Decoder::new(&stream), Signed::new(), Symbol::new(5));
        for (i, &value) in (0u32..).zip(&values) {
            assert_eq!(signed.code(&mut decoder, 0, 400).unwrap(), value);
            assert_eq!(symbol.code(&mut decoder, 0).unwrap(), i % 32);
        }
    }
}
