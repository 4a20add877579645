//! The binary arithmetic coder (`format-spec/packed.md`, section 3): bits to bytes, and back.
//!
//! All models are written once, for any [`Coder`]. The encoder writes the bit that it is given. The decoder ignores that bit and returns the
//! bit of the stream. The meter only counts. Because all three share the code, the decoder is the inverse of the encoder.
#![cfg_attr(test, allow(clippy::as_conversions))]
#![allow(clippy::arithmetic_side_effects)] // `low`, `range` and `code` are 32-bit registers; each step states its bounds

use crate::base::checked::to_u64;
use crate::base::error::{Defect, Error, Result};
use crate::base::memory::MemoryBudget;

/// Probability 1: probabilities are in units of 1/65536.
pub(super) const ONE: u32 = 1 << 16;
/// Probability 1/2: nothing is known about the bit.
pub(super) const HALF: u32 = ONE / 2;
/// The least probability of either value of a bit. It bounds the bits in a byte of a stream: about 23,000 (`format-spec/packed.md`, section 12).
pub(super) const LEAST: u32 = 16;
/// When its range is below this, the coder shifts by a byte.
const NORMAL: u32 = 1 << 24;
/// The number of bytes that a decoder reads before it decodes the first bit.
const AHEAD: usize = 4;
/// Room for a byte of the stream, for its end and for the checksum.
const MOST_AHEAD: usize = 16;

/// The part of a packed file that a bit belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Input specification and nodes.
    Graph,
    /// Scales, offsets and mask of the input, tables of affine nodes.
    Input,
    /// Levels and row factors of the layer with this number.
    Levels(usize),
    /// The biases of a layer.
    Biases(usize),
    /// The flags of a layer's weights that are zero.
    Zeros(usize),
    /// The signs of a layer's other weights.
    Signs(usize),
    /// The magnitudes of a layer's other weights; of floats, the exponents and mantissas.
    Magnitudes(usize),
    /// Names and masks of the original network.
    Origin,
    /// Sections with unknown ids and the bits of optional features.
    Other,
}

/// Codes bits by their probability.
pub(super) trait Coder {
    /// Codes `bit`, which is 1 with probability `p / 65536`, and returns the coded bit. A decoder ignores `bit`.
    ///
    /// `p` is clamped to `LEAST..=ONE - LEAST`.
    ///
    /// # Errors
    /// `truncated`, from a decoder.
    fn bit(&mut self, bit: bool, p: u32) -> Result<bool>;

    /// The budget of memory: what is allocated for a model or for what is coded is charged to it.
    fn memory(&mut self) -> &mut MemoryBudget;

    /// Starts a part: the following bits belong to `part`.
    fn enter(&mut self, _: Part) {}

    /// Codes `value` in `bits` bits of probability 1/2, the highest bit first.
    fn plain(&mut self, value: u32, bits: u32) -> Result<u32> {
        let mut out = 0;
        for i in (0..bits).rev() {
            out = out << 1 | u32::from(self.bit(value >> i & 1 == 1, HALF)?);
        }
        Ok(out)
    }
}

/// The share of `range` for the bit 1. It is at least 1 and less than `range`, because `range >= NORMAL`.
fn share(range: u32, p: u32) -> u32 {
    (range >> 16) * p.clamp(LEAST, ONE - LEAST)
}

/// Writes a stream. Every bit narrows the interval `low .. low + range`; bytes that can no longer change are written, the highest first.
#[derive(Debug)]
pub(super) struct Encoder {
    low: u32,
    range: u32,
    bytes: Vec<u8>,
    memory: MemoryBudget,
}

impl Encoder {
    pub(super) fn new(prefix: &[u8]) -> Self {
        Self { low: 0, range: u32::MAX, bytes: prefix.to_vec(), memory: MemoryBudget::unlimited() }
    }

    /// Adds `n` to `low`. A carry goes into the bytes written. It never passes the first byte, because the interval stays within 0 .. 1.
    fn add(&mut self, n: u32) {
        let (low, carry) = self.low.overflowing_add(n);
        self.low = low;
        if carry {
            for byte in self.bytes.iter_mut().rev() {
                *byte = byte.wrapping_add(1);
                if *byte != 0 {
                    break;
                }
            }
        }
    }

    /// Ends the stream with the fewest bytes that, followed by zeros, give a number in the interval.
    pub(super) fn finish(mut self) -> Vec<u8> {
        for kept in 0..=AHEAD {
            let dropped = u32::MAX.checked_shr(8 * u32::try_from(kept).expect("invariant: at most 4")).unwrap_or(0);
            let up = self.low.wrapping_neg() & dropped; // to the next number whose low bits are zero
            if up < self.range {
                self.add(up);
                self.bytes.extend(self.low.to_be_bytes().into_iter().take(kept));
                break;
            }
        }
        self.bytes
    }
}

impl Coder for Encoder {
    fn bit(&mut self, bit: bool, p: u32) -> Result<bool> {
        let share = share(self.range, p);
        if bit {
            self.range = share;
        } else {
            self.add(share);
            self.range -= share;
        }
        while self.range < NORMAL {
            let [top, ..] = self.low.to_be_bytes();
            self.memory.reserve(&mut self.bytes, MOST_AHEAD, "the packed file")?;
            self.bytes.push(top);
            self.low <<= 8;
            self.range <<= 8;
        }
        Ok(bit)
    }

    fn memory(&mut self) -> &mut MemoryBudget {
        &mut self.memory
    }
}

/// Reads a stream.
#[derive(Debug)]
pub(super) struct Decoder<'a> {
    /// The number that the stream stands for, minus the start of the interval.
    code: u32,
    range: u32,
    rest: &'a [u8],
    past_the_end: usize,
    memory: MemoryBudget,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(stream: &'a [u8]) -> Self {
        let mut decoder = Self { code: 0, range: u32::MAX, rest: stream, past_the_end: 0, memory: MemoryBudget::unlimited() };
        for _ in 0..AHEAD {
            decoder.shift();
        }
        decoder
    }

    /// Reads a byte, or 0 after the end. `code <= range` holds before, so no bit is shifted out.
    fn shift(&mut self) {
        let byte = match self.rest.split_first() {
            Some((&byte, rest)) => {
                self.rest = rest;
                byte
            }
            None => {
                self.past_the_end += 1;
                0
            }
        };
        self.code = self.code << 8 | u32::from(byte);
    }

    /// Ends the stream.
    ///
    /// # Errors
    /// `trailing` when bytes are left.
    pub(super) fn finish(self) -> Result<()> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(Error::new(Defect::Trailing, format!("{} bytes are left over in the packed stream", to_u64(self.rest.len()))))
    }
}

impl Coder for Decoder<'_> {
    fn bit(&mut self, _: bool, p: u32) -> Result<bool> {
        let share = share(self.range, p);
        let bit = self.code < share;
        if bit {
            self.range = share;
        } else {
            self.code -= share;
            self.range -= share;
        }
        while self.range < NORMAL {
            self.shift();
            self.range <<= 8;
        }
        if self.past_the_end > AHEAD {
            return Err(Error::new(Defect::Truncated, "the packed stream ends too early"));
        }
        Ok(bit)
    }

    fn memory(&mut self) -> &mut MemoryBudget {
        &mut self.memory
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::ErrorKind;

    /// splitmix64
    struct Random(u64);

    impl Random {
        fn next(&mut self) -> u64 {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^ (z >> 31)
        }

        /// A probability, often an extreme one, and a bit that is drawn from it; one bit in fifty is flipped.
        fn bit(&mut self) -> (u32, bool) {
            let p = match self.next() % 3 {
                0 => (self.next() % 65_537) as u32,
                1 => (self.next() % 40) as u32,
                _ => ONE - (self.next() % 40) as u32,
            };
            let bit = self.next() % 65_536 < u64::from(p);
            (p, bit != self.next().is_multiple_of(50))
        }
    }

    #[test]
    fn bits_come_back_and_cost_what_their_probabilities_say() {
        let mut random = Random(1);
        for len in (0..200).chain([1000, 10_000, 100_000]) {
            let bits: Vec<(u32, bool)> = (0..len).map(|_| random.bit()).collect();
            let mut encoder = Encoder::new(&[]);
            let mut ideal = 0.0f64;
            for &(p, bit) in &bits {
                encoder.bit(bit, p).unwrap();
                let p = f64::from(p.clamp(LEAST, ONE - LEAST)) / 65_536.0;
                ideal -= if bit { p } else { 1.0 - p }.log2();
            }
            let stream = encoder.finish();
            let bytes = stream.len() as f64;
            assert!(bytes <= ideal / 8.0 * 1.002 + 1.5, "{len} bits in {bytes} bytes, {} would do", ideal / 8.0);
            let mut decoder = Decoder::new(&stream);
            for &(p, bit) in &bits {
                assert_eq!(decoder.bit(!bit, p).unwrap(), bit);
            }
            decoder.finish().unwrap();
        }
    }

    /// The number of a stream lies in the interval that exact arithmetic gives, so carries and rounding are right.
    #[test]
    fn the_stream_names_a_number_of_the_exact_interval() {
        let mut random = Random(2);
        for _ in 0..2000 {
            let (mut low, mut range) = (0u128, u128::from(u32::MAX) << 64); // in units of 2^-96
            let mut shift = 64; // 1 of the encoder is 2^shift here
            let mut encoder = Encoder::new(&[]);
            while shift >= 16 {
                let (p, bit) = random.bit();
                encoder.bit(bit, p).unwrap();
                let whole = u32::try_from(range >> shift).unwrap();
                let part = u128::from(share(whole, p)) << shift;
                (low, range) = if bit { (low, part) } else { (low + part, range - part) };
                while range >> shift < u128::from(NORMAL) {
                    shift -= 8;
                }
            }
            let stream = encoder.finish();
            let bytes = (0..12).map(|i| stream.get(i).copied().unwrap_or(0));
            let number = bytes.fold(0u128, |number, byte| number << 8 | u128::from(byte));
            assert!(stream.len() <= 12 && (low..low + range).contains(&number), "{stream:02x?}");
        }
    }

    #[test]
    fn a_stream_that_is_cut_or_continued_is_noticed() {
        let mut encoder = Encoder::new(&[]);
        (0..400).for_each(|i| _ = encoder.bit(i % 3 == 0, HALF).unwrap());
        let stream = encoder.finish();
        let decode = |stream: &[u8]| {
            let mut decoder = Decoder::new(stream);
            (0..400).try_for_each(|_| decoder.bit(false, HALF).map(|_| ()))?;
            decoder.finish()
        };
        decode(&stream).unwrap();
        assert_eq!(decode(&stream[..stream.len() - 5]).unwrap_err().kind(), ErrorKind::Format(Defect::Truncated));
        assert_eq!(decode(&[&stream[..], &[0; 5]].concat()).unwrap_err().kind(), ErrorKind::Format(Defect::Trailing));
    }

    /// A stream of a few bytes ends even when all its bits are as probable as possible (section 12).
    #[test]
    fn a_byte_holds_fewer_than_23000_bits() {
        for (byte, p, least) in [(0, ONE, 10_000), (0xFF, 0, 0)] {
            for len in [0, 1, 10, 100] {
                let stream = vec![byte; len];
                let mut decoder = Decoder::new(&stream);
                let bits = (0..).take_while(|_| decoder.bit(false, p).is_ok()).count();
                assert!(bits >= least * len && bits < 23_000 * (len + 1), "{bits} bits in {len} bytes");
            }
        }
    }
}
