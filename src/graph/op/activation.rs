//! Activations: functions of each element (arithmetic.md, section 5).

use super::fields::{Fields, HasFields};
use super::operator::{Dependence, Operator, single};
use crate::base::error::{Defect, Result};
use crate::tensor::Shape;

pub(super) const KINDS: &[Activation] = &[
    Activation::Relu,
    Activation::LeakyRelu { slope: 0.01 },
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::Clip { min: 0.0, max: 6.0 },
    Activation::HardSigmoid { alpha: 1.0 / 6.0, beta: 0.5 },
    Activation::HardSwish,
];

/// A function of each element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// `max(x, 0)`.
    Relu,
    /// `x` above zero, `slope * x` below.
    LeakyRelu {
        /// The slope below zero.
        slope: f32,
    },
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// `x` held between two bounds; ReLU6 is 0 and 6.
    Clip {
        /// The lower bound.
        min: f32,
        /// The upper bound.
        max: f32,
    },
    /// `alpha * x + beta` held between 0 and 1.
    HardSigmoid {
        /// The slope.
        alpha: f32,
        /// The value at zero.
        beta: f32,
    },
    /// `x * clip(x + 3, 0, 6) / 6`.
    HardSwish,
}

impl Activation {
    /// The name and the id.
    fn key(&self) -> (&'static str, u32) {
        match self {
            Self::Relu => ("relu", 2),
            Self::LeakyRelu { .. } => ("leaky_relu", 10),
            Self::Sigmoid => ("sigmoid", 11),
            Self::Tanh => ("tanh", 12),
            Self::Clip { .. } => ("clip", 13),
            Self::HardSigmoid { .. } => ("hard_sigmoid", 14),
            Self::HardSwish => ("hard_swish", 15),
        }
    }

    /// The function's value, without the roundings of 32-bit arithmetic.
    #[must_use]
    pub fn exact(&self, x: f64) -> f64 {
        match *self {
            Self::Relu => x.max(0.0),
            Self::LeakyRelu { slope } if x <= 0.0 => f64::from(slope) * x,
            Self::LeakyRelu { .. } => x,
            Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Self::Tanh => x.tanh(),
            Self::Clip { min, max } => x.max(f64::from(min)).min(f64::from(max)),
            Self::HardSigmoid { alpha, beta } => (f64::from(alpha) * x + f64::from(beta)).clamp(0.0, 1.0),
            Self::HardSwish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
        }
    }
}

impl Operator for Activation {
    fn name(&self) -> &'static str {
        self.key().0
    }

    fn id(&self) -> u32 {
        self.key().1
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape> {
        single(self, inputs)
    }

    fn dependence(&self) -> Dependence {
        Dependence::Same
    }

    fn constant(&self, inputs: &[f64]) -> Option<f64> {
        inputs.first().map(|&x| self.exact(x))
    }

    fn in_place(&self) -> bool {
        true
    }
}

impl HasFields for Activation {
    fn fields(&mut self, fields: &mut dyn Fields) -> Result<()> {
        match self {
            Self::LeakyRelu { slope } => fields.float("slope", 0.01, slope),
            Self::Clip { min, max } => {
                fields.float("min", 0.0, min)?;
                fields.float("max", 6.0, max)?;
                let message = || format!("\"min\" is {min}, above \"max\", which is {max}");
                fields.check(*min <= *max, Defect::NonCanonical.into(), &message)
            }
            Self::HardSigmoid { alpha, beta } => {
                fields.float("alpha", 1.0 / 6.0, alpha)?;
                fields.float("beta", 0.5, beta)
            }
            Self::Relu | Self::Sigmoid | Self::Tanh | Self::HardSwish => Ok(()),
        }
    }
}
