//! Values as an operator of the network reads them: an image, or a vector, in the order of the network.

use crate::base::error::Result;
use crate::graph::{Op, Reshape};
use crate::import::draft::Tensors;
use crate::import::error::unsupported;
use crate::import::onnx::at::At;
use crate::import::view::View;
use crate::tensor::Shape;

impl At<'_, '_> {
    /// The value as an image: its number and `[channels, height, width]`. A row of values with channels is an image of height 1.
    ///
    /// # Errors
    /// `unsupported` when it is no image of one sample, or has another order.
    pub(super) fn image(&mut self, view: &View) -> Result<(usize, [usize; 3])> {
        let dims = match *view.dims.as_slice() {
            [1, channels, height, width] => [channels, height, width],
            [1, channels, width] => [channels, 1, width],
            _ => return Err(unsupported(format!("it reads the dimensions {:?}; an image of one sample is expected", view.dims))),
        };
        let shape = self.shape(view);
        if !view.is_in_order(shape) {
            return Err(unsupported("it reads an image whose channels are not first"));
        }
        let [channels, height, width] = dims;
        let target = Shape::Image { channels, height, width };
        if shape == target {
            return Ok((view.value, dims));
        }
        let name = format!("{}/reshape", self.name());
        Ok((self.lower.draft.push(&name, Op::Reshape(Reshape(target)), &[view.value], Tensors::None)?, dims))
    }

    /// The value as a vector, its elements in the order of the network.
    ///
    /// # Errors
    /// `shape`, `limit`.
    pub(super) fn vector(&mut self, value: usize) -> Result<usize> {
        match self.lower.draft.shape(value) {
            Shape::Vector(_) => Ok(value),
            Shape::Image { .. } => {
                let name = format!("{}/flatten", self.name());
                self.lower.draft.plain(&name, Op::Flatten, value)
            }
        }
    }

    /// A view of `value`, an image, with as many dimensions as `like` has.
    pub(super) fn image_view(&self, value: usize, like: &View) -> View {
        let shape = self.lower.draft.shape(value);
        let dims = match (shape, like.dims.len()) {
            (Shape::Image { channels, width, .. }, 3) => vec![1, channels, width],
            _ => [&[1], shape.dims().as_slice()].concat(),
        };
        View::new(value, shape, dims)
    }
}
