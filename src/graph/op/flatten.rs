//! `flatten`: any shape to a vector, in the order channel, row, column.

use super::operator::{Dependence, Operator, single};
use crate::base::error::Result;
use crate::tensor::Shape;

/// A vector of all elements.
pub(super) struct Flatten;

impl Operator for Flatten {
    fn name(&self) -> &'static str {
        "flatten"
    }

    fn id(&self) -> u32 {
        4
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape> {
        Ok(Shape::Vector(single(self, inputs)?.elements()))
    }

    fn dependence(&self) -> Dependence {
        Dependence::Split
    }

    fn in_place(&self) -> bool {
        true
    }
}
