//! `concat`: values one after the other along the channels (or features).

use super::operator::{Dependence, Operator, image, list, refuse};
use crate::base::error::Result;
use crate::tensor::Shape;
use std::ops::RangeInclusive;

/// Values one after the other.
pub(super) struct Concat;

impl Operator for Concat {
    fn name(&self) -> &'static str {
        "concat"
    }

    fn id(&self) -> u32 {
        17
    }

    fn inputs(&self) -> RangeInclusive<usize> {
        2..=64
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape> {
        let fits = |shape: &Shape| match (inputs.first(), shape) {
            (Some(Shape::Vector(_)), Shape::Vector(_)) => true,
            (Some(Shape::Image { height: h, width: w, .. }), Shape::Image { height, width, .. }) => (h, w) == (height, width),
            _ => false,
        };
        let sum = |of: fn(&Shape) -> usize| inputs.iter().fold(0usize, |sum, shape| sum.saturating_add(of(shape)));
        match inputs.first() {
            Some(Shape::Vector(_)) if inputs.iter().all(fits) => Ok(Shape::Vector(sum(|shape| shape.elements()))),
            Some(&Shape::Image { height, width, .. }) if inputs.iter().all(fits) => {
                image(sum(|shape| shape.channels()), height, width)
            }
            _ => refuse(format!("concat reads vectors, or images of one height and width, not {}", list(inputs))),
        }
    }

    fn dependence(&self) -> Dependence {
        Dependence::Joined
    }
}
