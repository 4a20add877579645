//! `conv2d`: a linear map of the patch under the window at every position.

use super::fields::{Expected, Fields, HasFields, WindowFields};
use super::layer::Linear;
use super::operator::{Dependence, Operator, image, refuse, single, single_image};
use super::window::Window;
use crate::base::checked::{mul, to_u64};
use crate::base::error::Result;
use crate::base::limits::MAX_DIMENSION;
use crate::tensor::Shape;

pub(super) const KINDS: &[Conv2d] =
    &[Conv2d { linear: Linear::dense(0), window: Window::new([1, 1], [1, 1]), groups: 1 }];

/// A convolution: `linear` maps the patch (channel, row, column) under the window at every position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2d {
    /// The map of a patch; its rows are the output channels.
    pub linear: Linear,
    /// The windows.
    pub window: Window,
    /// The number of channel groups: output channel `r` reads only the channels of channel group `r / (rows / groups)`.
    pub groups: usize,
}

impl Operator for Conv2d {
    fn name(&self) -> &'static str {
        "conv2d"
    }

    fn id(&self) -> u32 {
        5
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape> {
        self.linear.check_row_factors()?;
        let [channels, height, width] = single_image(self, inputs)?;
        let rows = self.linear.rows;
        let divides = |n: usize| n.checked_rem(self.groups) == Some(0);
        if !divides(channels) || !divides(rows) {
            return refuse(format!("{} channel groups do not divide {channels} and {rows} channels", self.groups));
        }
        let (height, width) = self.window.positions(height, width)?;
        image(rows, height, width)
    }

    fn work(&self, inputs: &[Shape], output: Shape) -> Result<u64> {
        let cols = self.columns(single(self, inputs)?);
        let Shape::Image { height, width, .. } = output else { return Ok(0) };
        // A patch is gathered for each channel group, whether rows read it or not.
        let rows = to_u64(self.linear.rows.max(self.groups));
        let positions = mul(to_u64(height), to_u64(width), "the positions of a window")?;
        mul(mul(rows, positions, "a layer's outputs")?, to_u64(cols), "a layer's work")
    }

    fn scratch(&self, inputs: &[Shape]) -> u64 {
        inputs.first().map_or(0, |&input| to_u64(self.columns(input)))
    }

    fn dependence(&self) -> Dependence {
        if self.groups == 1 { Dependence::Weighted } else { Dependence::Grouped }
    }

    fn linear(&self) -> Option<&Linear> {
        Some(&self.linear)
    }

    fn columns_per_input(&self) -> usize {
        self.window.area()
    }

    fn columns(&self, input: Shape) -> usize {
        match input {
            Shape::Image { channels, .. } => {
                channels.checked_div(self.groups).unwrap_or(0).saturating_mul(self.window.area())
            }
            Shape::Vector(features) => features,
        }
    }
}

impl HasFields for Conv2d {
    fn fields(&mut self, fields: &mut dyn Fields) -> Result<()> {
        fields.linear(&mut self.linear)?;
        fields.window(&mut self.window, WindowFields::Convolution)?;
        fields.number("groups", Expected::Again(1), 0..=MAX_DIMENSION, &mut self.groups)
    }
}
