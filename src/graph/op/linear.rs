//! `linear`: `y = scale * (W x) + bias`, with weights of shape `[rows, cols]`.

use super::fields::{Fields, HasFields};
use super::layer::Linear;
use super::operator::{Dependence, Operator, refuse, single};
use crate::base::checked::{mul, to_u64};
use crate::base::error::Result;
use crate::tensor::Shape;

pub(super) const KINDS: &[Linear] = &[Linear::dense(0)];

impl Operator for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn id(&self) -> u32 {
        1
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape> {
        self.check_row_factors()?;
        match single(self, inputs)? {
            Shape::Vector(_) => Ok(Shape::Vector(self.rows)),
            input => refuse(format!("linear reads a vector, not {input}")),
        }
    }

    fn work(&self, inputs: &[Shape], output: Shape) -> Result<u64> {
        let cols = self.columns(single(self, inputs)?);
        mul(to_u64(output.elements()).max(1), to_u64(cols), "a layer's work")
    }

    fn dependence(&self) -> Dependence {
        Dependence::Weighted
    }

    fn linear(&self) -> Option<&Linear> {
        Some(self)
    }
}

impl HasFields for Linear {
    fn fields(&mut self, fields: &mut dyn Fields) -> Result<()> {
        fields.linear(self)
    }
}
