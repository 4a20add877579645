//! `softmax`: `exp(x_i - max) / sum` of a vector.

use super::operator::{Dependence, Operator, refuse, single};
use crate::base::error::Result;
use crate::tensor::Shape;

/// Softmax of a vector of at least one element.
pub(super) struct Softmax;

impl Operator for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn id(&self) -> u32 {
        3
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape> {
        match single(self, inputs)? {
            input @ Shape::Vector(1..) => Ok(input),
            input => refuse(format!("softmax reads a vector, not {input}")),
        }
    }

    fn dependence(&self) -> Dependence {
        Dependence::Mixed
    }

    fn in_place(&self) -> bool {
        true
    }
}
