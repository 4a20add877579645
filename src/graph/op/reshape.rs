//! `reshape`: any shape to another of as many elements, in the same order.

use super::fields::{Fields, HasFields};
use super::operator::{Dependence, Operator, refuse, single};
use crate::base::error::Result;
use crate::tensor::Shape;

pub(super) const KINDS: &[Reshape] = &[Reshape(Shape::Vector(1))];

/// The output's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reshape(pub Shape);

impl Operator for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }

    fn id(&self) -> u32 {
        18
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape> {
        let input = single(self, inputs)?;
        if self.0.elements() != input.elements() {
            return refuse(format!("a value of {input} cannot be reshaped to {}", self.0));
        }
        Ok(self.0)
    }

    /// A unit of one side may be parts of several units of the other.
    fn dependence(&self) -> Dependence {
        Dependence::Mixed
    }

    fn in_place(&self) -> bool {
        true
    }
}

impl HasFields for Reshape {
    fn fields(&mut self, fields: &mut dyn Fields) -> Result<()> {
        fields.shape(&mut self.0)
    }
}
