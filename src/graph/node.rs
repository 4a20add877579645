//! Operators and their shape rules (SPEC 4.2).

use crate::base::error::{Error, ErrorKind, Result};
use crate::encoding::Encoding;
use crate::tensor::Shape;

/// A node: an operator and the value that it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// What is computed.
    pub op: Op,
    /// The value read.
    pub input: usize,
}

/// An operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `y = scale * (W x) + bias`.
    Linear(Linear),
    /// `max(x, 0)`.
    Relu,
    /// `exp(x_i - max) / sum`.
    Softmax,
    /// Any shape to a vector, in the order channel, row, column.
    Flatten,
}

/// A linear layer; its columns are the elements of the value it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Linear {
    /// Outputs.
    pub rows: usize,
    /// How the weights are stored.
    pub encoding: Encoding,
    /// Whether each output has a factor of its own.
    pub row_factors: bool,
}

impl Op {
    /// The operator's name in files, reports and posteriors.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Linear(_) => "linear",
            Self::Relu => "relu",
            Self::Softmax => "softmax",
            Self::Flatten => "flatten",
        }
    }

    /// The output's shape for an input of shape `input`. Error: `shape`.
    pub fn output_shape(&self, input: Shape) -> Result<Shape> {
        let refuse = |message: String| Err(Error::new(ErrorKind::Shape, message));
        match (self, input) {
            (Self::Linear(linear), _) if linear.row_factors && !linear.encoding.allows_row_factors() => {
                refuse("dense weights have no row factors".to_owned())
            }
            (Self::Linear(linear), Shape::Vector(_)) => Ok(Shape::Vector(linear.rows)),
            (Self::Softmax, Shape::Vector(1..)) => Ok(input),
            (Self::Linear(_) | Self::Softmax, _) => refuse(format!(
                "{} reads a vector, not {input}{}",
                self.name(),
                if input.elements() == 0 { " (empty)" } else { "" }
            )),
            (Self::Relu, _) => Ok(input),
            (Self::Flatten, _) => Ok(Shape::Vector(input.elements())),
        }
    }
}
