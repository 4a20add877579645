//! `affine`: `scale_c * x + offset_c` for each channel of an image, or each feature of a vector. The tables hold both arrays.

use super::operator::{Dependence, Operator, single};
use crate::base::error::Result;
use crate::tensor::Shape;

/// A scale and an offset for each unit.
pub(super) struct Affine;

impl Operator for Affine {
    fn name(&self) -> &'static str {
        "affine"
    }

    fn id(&self) -> u32 {
        9
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape> {
        single(self, inputs)
    }

    fn dependence(&self) -> Dependence {
        Dependence::Same
    }

    fn in_place(&self) -> bool {
        true
    }
}
