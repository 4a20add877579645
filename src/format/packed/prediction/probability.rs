//! Adaptive probabilities in integer arithmetic (`format-spec/packed.md`, section 4).
#![allow(clippy::arithmetic_side_effects)] // each operand's range is stated

use crate::base::error::Result;
use crate::format::packed::coder::{Coder, LEAST, ONE};

/// `round(65536 / (1 + e^-x))` for x = -9, -8.5, ..., 9.
pub(crate) const LOGISTIC: [u32; 37] = [
    8, 13, 22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4971, 7812, 11955, 17625, 24743, 32768, 40793, 47911, 53581,
    57724, 60565, 62428, 63615, 64357, 64816, 65097, 65269, 65374, 65438, 65476, 65500, 65514, 65523, 65528,
];
/// Log-odds are in units of 1/256; the entries of [`LOGISTIC`] are 128 units apart.
const STEP: i32 = 128;
/// The greatest log-odds, 9.
const GREATEST: i32 = 18 * STEP;

/// The probability for log-odds `x`, interpolated linearly between the entries of the table.
pub(crate) fn squash(x: i32) -> u32 {
    let from_start = (x.clamp(-GREATEST, GREATEST) + GREATEST).cast_unsigned(); // 0 to 36 * 128
    let (i, rest) = (from_start / STEP.cast_unsigned(), from_start % STEP.cast_unsigned());
    let at = |i: u32| LOGISTIC.get(crate::base::checked::from_u32(i)).copied().unwrap_or(65528);
    let (low, high) = (at(i), at(i + 1));
    low + (high - low) * rest / STEP.cast_unsigned()
}

/// The log-odds of a probability: the inverse of [`squash`].
pub(crate) fn stretch(p: u32) -> i32 {
    let p = p.clamp(LEAST, ONE - LEAST); // between the first entry and the last
    let above = LOGISTIC.partition_point(|&entry| entry <= p);
    let (Some(&low), Some(&high)) = (LOGISTIC.get(above.wrapping_sub(1)), LOGISTIC.get(above)) else { return GREATEST };
    let i = i32::try_from(above).expect("invariant: at most 37") - 1;
    i * STEP - GREATEST + ((p - low) * STEP.cast_unsigned() / (high - low)).cast_signed()
}

/// Counts of the ones among the bits of a context.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    pub(crate) ones: u32,
    pub(crate) total: u32,
}

impl Count {
    /// The share of ones, if the prior counts as `weight` bits: `(ones + weight * prior) / (total + weight)`.
    pub(crate) fn share(self, prior: u32, weight: u32) -> u32 {
        let sum = u64::from(self.ones) * u64::from(ONE) + u64::from(weight) * u64::from(prior); // below 2^49
        let share = sum / (u64::from(self.total) + u64::from(weight)).max(1);
        u32::try_from(share).unwrap_or(ONE) // at most ONE, as ones <= total and prior <= ONE
    }

    pub(crate) fn add(&mut self, bit: bool) {
        self.ones = self.ones.saturating_add(u32::from(bit));
        self.total = self.total.saturating_add(1);
    }
}

/// A bit with an adaptive probability.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bit {
    /// The probability of a 1, in units of 2^-32.
    p: u32,
    /// The number of bits seen so far, at most `MEMORY`.
    seen: u32,
}

impl Bit {
    /// The number of bits after which the learning rate stays constant.
    const MEMORY: u32 = 254;
    /// Probability 1/2, with the weight of no bits.
    pub(crate) const EVEN: Self = Self::new(1 << 15, 0);

    /// An initial probability of `p / 65536`, with the weight of `seen` bits.
    pub(crate) const fn new(p: u32, seen: u32) -> Self {
        Self { p: p << 16, seen }
    }

    pub(crate) fn code(&mut self, coder: &mut impl Coder, bit: bool) -> Result<bool> {
        let bit = coder.bit(bit, self.p >> 16)?;
        if bit {
            self.p += (u32::MAX - self.p) / (self.seen + 2);
        } else {
            self.p -= self.p / (self.seen + 2);
        }
        self.seen = (self.seen + 1).min(Self::MEMORY);
        Ok(bit)
    }
}

/// Logistic mixing: the log-odds of a bit are a weighted sum of several predictions. The weights follow the gradient of the code length.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mixer<const N: usize> {
    /// In units of 2^-16.
    weights: [i32; N],
}

impl<const N: usize> Mixer<N> {
    /// The greatest magnitude of a weight: 8.
    const BOUND: i32 = 8 << 16;

    pub(crate) const fn new(weights: [i32; N]) -> Self {
        Self { weights }
    }

    /// Codes a bit with the mixed log-odds of `predictions`, then moves the weights towards the predictions that were right.
    pub(crate) fn code(&mut self, coder: &mut impl Coder, bit: bool, predictions: &[i32; N], rate: i32) -> Result<bool> {
        let products =
            self.weights.iter().zip(predictions).map(|(&weight, &prediction)| i64::from(weight) * i64::from(prediction));
        let sum = products.sum::<i64>() >> 16; // below 2^32: each weight within +-2^19, each prediction within +-2^13
        let p = squash(i32::try_from(sum.clamp(-i64::from(GREATEST), i64::from(GREATEST))).unwrap_or(0));
        let bit = coder.bit(bit, p)?;
        let error = (if bit { ONE } else { 0 }).cast_signed() - p.cast_signed();
        for (weight, &prediction) in self.weights.iter_mut().zip(predictions) {
            // Below 2^16 * 2^13 * 2^7; the shift rounds down.
            let step = (i64::from(error) * i64::from(prediction) * i64::from(rate)) >> 18;
            *weight = (*weight + i32::try_from(step).unwrap_or(0)).clamp(-Self::BOUND, Self::BOUND);
        }
        Ok(bit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formula of the specification, in f64.
    fn logistic(x: f64) -> f64 {
        65_536.0 / (1.0 + (-x).exp())
    }

    #[test]
    fn the_table_is_the_logistic_function() {
        for (i, &entry) in (0i32..).zip(&LOGISTIC) {
            assert_eq!(f64::from(entry), logistic(f64::from(i - 18) / 2.0).round(), "entry {i}");
        }
        for x in -2304..=2304 {
            let (found, exact) = (f64::from(squash(x)), logistic(f64::from(x) / 256.0));
            assert!((found - exact).abs() <= 1.0 + 0.04 * exact.min(65_536.0 - exact), "squash({x}) = {found}, {exact}");
            assert!(squash(x) >= squash(x - 1));
        }
        assert_eq!((squash(i32::MIN), squash(i32::MAX), squash(0)), (8, 65_528, 32_768));
    }

    #[test]
    fn stretch_undoes_squash() {
        for p in LEAST..=ONE - LEAST {
            let again = squash(stretch(p));
            assert!(again <= p && squash(stretch(p) + 1) >= p, "{p} comes back as {again}");
        }
        assert_eq!((stretch(0), stretch(u32::MAX)), (stretch(LEAST), stretch(ONE - LEAST)));
    }

    /// An adaptive bit is the estimator of Krichevsky and Trofimov: (ones + 1/2) / (bits + 1).
    #[test]
    fn a_bit_learns_as_krichevsky_and_trofimov_say() {
        let mut ones = 0u32;
        let mut bit = Bit::EVEN;
        let mut encoder = crate::format::packed::coder::Encoder::new(&[]);
        for n in 0..200u32 {
            let expected = (f64::from(ones) + 0.5) / (f64::from(n) + 1.0);
            assert!((f64::from(bit.p) / 2f64.powi(32) - expected).abs() < 1e-6, "after {n} bits");
            let one = n % 3 == 0 || n % 7 == 2;
            bit.code(&mut encoder, one).unwrap();
            ones += u32::from(one);
        }
    }

    #[test]
    fn a_mixer_learns_which_prediction_is_right() {
        let mut mixer = Mixer::new([20_000, 20_000]);
        let mut encoder = crate::format::packed::coder::Encoder::new(&[]);
        for i in 0..4000u32 {
            let bit = i * i % 7 < 3;
            let right = if bit { 500 } else { -500 };
            mixer.code(&mut encoder, bit, &[right, if i.is_multiple_of(2) { 500 } else { -500 }], 16).unwrap();
        }
        assert!(mixer.weights[0] > 100_000 && mixer.weights[1].abs() < 20_000, "{:?}", mixer.weights);
        assert!(encoder.finish().len() < 80);
    }
}
