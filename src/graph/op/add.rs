//! `add`: the sum of two values of one shape.

use super::operator::{Dependence, Operator, list, refuse};
use crate::base::error::Result;
use crate::tensor::Shape;
use std::ops::RangeInclusive;

/// The sum of two values.
pub(super) struct Add;

impl Operator for Add {
    fn name(&self) -> &'static str {
        "add"
    }

    fn id(&self) -> u32 {
        16
    }

    fn inputs(&self) -> RangeInclusive<usize> {
        2..=2
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape> {
        match inputs {
            [a, b] if a == b => Ok(*a),
            _ => refuse(format!("add reads two values of one shape, not {}", list(inputs))),
        }
    }

    fn dependence(&self) -> Dependence {
        Dependence::Same
    }

    fn constant(&self, inputs: &[f64]) -> Option<f64> {
        Some(inputs.iter().sum())
    }

    fn in_place(&self) -> bool {
        true
    }
}
