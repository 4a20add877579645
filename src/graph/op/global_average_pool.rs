//! `global_average_pool`: the mean of every map.

use super::operator::{Dependence, Operator, single_image};
use crate::base::checked::to_u64;
use crate::base::error::Result;
use crate::tensor::Shape;

/// The mean of every map.
pub(super) struct GlobalAveragePool;

impl Operator for GlobalAveragePool {
    fn name(&self) -> &'static str {
        "global_average_pool"
    }

    fn id(&self) -> u32 {
        8
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape> {
        let [channels, ..] = single_image(self, inputs)?;
        Ok(Shape::Image { channels, height: 1, width: 1 })
    }

    fn work(&self, inputs: &[Shape], _: Shape) -> Result<u64> {
        Ok(inputs.iter().map(|input| to_u64(input.elements())).fold(0, u64::saturating_add))
    }

    fn dependence(&self) -> Dependence {
        Dependence::Same
    }

    fn constant(&self, inputs: &[f64]) -> Option<f64> {
        inputs.first().copied()
    }
}
