//! The binary arithmetic coder (`format-spec/packed.md`, section 3): bits in, bytes out, and back.
//!
//! Everything above it is written once, for a [`Coder`]: the encoder codes the bit that it is given, the decoder ignores that and gives the
//! bit of the stream, the meter counts. So what is read is what was written, by construction.
#![allow(clippy::arithmetic_side_effects)] // `low`, `range` and `code` are 32-bit registers whose bounds stand beside each step

use crate::base::checked::to_u64;
use crate::base::error::{Error, ErrorKind, Result};

/// Probabilities are numbers of 1/65536.
pub(super) const ONE: u32 = 1 << 16;
/// One half: a bit that nothing is known of.
pub(super) const HALF: u32 = ONE / 2;
/// The least probability of either bit: a byte of a stream holds at most some 23,000 bits (`format-spec/packed.md`, section 12).
pub(super) const LEAST: u32 = 16;
/// Below this the range takes another byte.
const NORMAL: u32 = 1 << 24;
/// Bytes that a decoder is ahead of its encoder.
const AHEAD: usize = 4;

/// What a bit belongs to, for those who count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Input specification and nodes.
    Graph,
    /// Scales, offsets and mask of the input, tables of affine nodes.
    Input,
    /// Levels and row factors of the layer with this number.
    Levels(usize),
    /// Its biases.
    Biases(usize),
    /// Which of its weights are zero.
    Zeros(usize),
    /// The signs of the others.
    Signs(usize),
    /// Their magnitudes (the exponents and mantissas of floats).
    Magnitudes(usize),
    /// Names and masks of the original network.
    Origin,
    /// Sections that are not known, feature bits.
    Other,
}

/// Codes bits by their probability.
pub(super) trait Coder {
    /// Codes `bit`, which is 1 with probability `p / 65536`, and returns it. A decoder returns the bit that was coded there.
    ///
    /// `p` is held to `LEAST..=ONE - LEAST`. Error of a decoder: `truncated`.
    fn bit(&mut self, bit: bool, p: u32) -> Result<bool>;

    /// The bits that follow belong to `part`.
    fn enter(&mut self, _: Part) {}

    /// `value` in `bits` bits of probability one half, the highest first.
    fn plain(&mut self, value: u32, bits: u32) -> Result<u32> {
        let mut out = 0;
        for i in (0..bits).rev() {
            out = out << 1 | u32::from(self.bit(value >> i & 1 == 1, HALF)?);
        }
        Ok(out)
    }
}

/// The share of `range` that the bit 1 takes. It is at least 1 and less than `range`, as `range >= NORMAL`.
fn share(range: u32, p: u32) -> u32 {
    (range >> 16) * p.clamp(LEAST, ONE - LEAST)
}

/// Writes a stream: the interval `low .. low + range` narrows with every bit, its settled bytes leave at the top.
#[derive(Debug)]
pub(super) struct Encoder {
    low: u32,
    range: u32,
    bytes: Vec<u8>,
}

impl Encoder {
    pub(super) fn new(prefix: &[u8]) -> Self {
        Self { low: 0, range: u32::MAX, bytes: prefix.to_vec() }
    }

    /// Adds to `low`. A carry runs through the bytes written: the interval began within 0 .. 1, so it ends before their first.
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

    /// The bytes: as few more as name a number of the interval when zeros follow.
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
            self.bytes.push(top);
            self.low <<= 8;
            self.range <<= 8;
        }
        Ok(bit)
    }
}

/// Reads a stream.
#[derive(Debug)]
pub(super) struct Decoder<'a> {
    /// Where the stream's number lies in the interval, counted from its start.
    code: u32,
    range: u32,
    rest: &'a [u8],
    past_the_end: usize,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(stream: &'a [u8]) -> Self {
        let mut decoder = Self { code: 0, range: u32::MAX, rest: stream, past_the_end: 0 };
        for _ in 0..AHEAD {
            decoder.shift();
        }
        decoder
    }

    /// Takes a byte; zeros follow the end. `code <= range` holds before, so that no bit is lost.
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

    /// Ends the stream. Error: `trailing` when bytes are left.
    pub(super) fn finish(self) -> Result<()> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Trailing, format!("{} bytes are left over in the packed stream", to_u64(self.rest.len()))))
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
            return Err(Error::new(ErrorKind::Truncated, "the packed stream ends too early"));
        }
        Ok(bit)
    }
}
