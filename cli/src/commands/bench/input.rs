//! What the networks are fed.

use crate::samples::embedded;
use curt::graph::InputSpec;
use curt::{Dtype, Input, Result};

/// Samples that are run in turn, at least.
const SAMPLES: usize = 256;
/// Elements of all samples, at most, unless a batch has more.
const ELEMENTS: usize = 1 << 24;

/// Typical samples, and samples without a zero.
pub(super) enum Inputs {
    /// Of a network that reads bytes.
    U8 { typical: Vec<u8>, worst: Vec<u8> },
    /// Of a network that reads floats: no made-up float is zero.
    F32(Vec<f32>),
}

impl Inputs {
    /// Samples for calls of `batch`: the built-in digits for a network that reads 784 bytes, made-up numbers for others.
    pub(super) fn new(spec: InputSpec, batch: usize) -> Result<Self> {
        let len = spec.shape.elements();
        let samples = SAMPLES.min(ELEMENTS / len).max(1).next_multiple_of(batch);
        let made_up = (0..samples * len).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8);
        if spec.dtype == Dtype::F32 {
            return Ok(Self::F32(made_up.map(|byte| (f32::from(byte) + 0.5) / 128.0 - 1.0).collect()));
        }
        let (digits, _) = embedded::digits()?;
        let typical = match digits.input(0, digits.count) {
            Input::U8(digits) if digits.len() == len * (digits.len() / 784) && len == 784 => {
                let samples = samples.max(digits.len() / len).next_multiple_of(batch);
                digits.iter().copied().cycle().take(samples * len).collect()
            }
            _ => made_up.clone().collect(),
        };
        Ok(Self::U8 { typical, worst: made_up.map(|byte| byte.max(1)).collect() })
    }

    pub(super) fn typical(&self) -> Input<'_> {
        match self {
            Self::U8 { typical, .. } => Input::U8(typical),
            Self::F32(floats) => Input::F32(floats),
        }
    }

    pub(super) fn worst(&self) -> Input<'_> {
        match self {
            Self::U8 { worst, .. } => Input::U8(worst),
            Self::F32(floats) => Input::F32(floats),
        }
    }
}
