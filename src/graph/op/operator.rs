//! What every operator says of itself, and the shape rules that several share.

use super::layer::Linear;
use crate::base::checked::to_u64;
use crate::base::error::{Defect, Error, ErrorKind, Result};
use crate::base::limits::MAX_ELEMENTS;
use crate::tensor::Shape;
use std::ops::RangeInclusive;

/// An operator as planning, compression and the file formats see it.
pub trait Operator {
    /// The name in the specification, in reports and in posteriors.
    fn name(&self) -> &'static str;

    /// The id in files.
    fn id(&self) -> u32;

    /// How many values it reads. Where that is not fixed, a file stores the number.
    fn inputs(&self) -> RangeInclusive<usize> {
        1..=1
    }

    /// Whether a file stores how many values it reads.
    fn stores_input_count(&self) -> bool {
        self.inputs().start() != self.inputs().end()
    }

    /// The output's shape for inputs of these shapes.
    ///
    /// # Errors
    /// `shape`, `limit`.
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape>;

    /// The cost: multiply-adds of a layer, elements of a pool's windows, otherwise elements of the output (SPEC 4.3).
    ///
    /// # Errors
    /// `limit` when the number overflows.
    fn work(&self, inputs: &[Shape], output: Shape) -> Result<u64> {
        let _ = inputs;
        Ok(to_u64(output.elements()))
    }

    /// Elements that the operator gathers before it computes: they count like those of a value (SPEC 4.3).
    fn scratch(&self, inputs: &[Shape]) -> u64 {
        let _ = inputs;
        0
    }

    /// How the units of the output depend on those of the inputs.
    fn dependence(&self) -> Dependence;

    /// The exact value of a unit of the output whose input units have these values at all places. `None` if the value differs between places.
    fn constant(&self, inputs: &[f64]) -> Option<f64> {
        let _ = inputs;
        None
    }

    /// Whether the output may be written over the first input. An operator of several inputs then reads the others element by element.
    fn in_place(&self) -> bool {
        false
    }

    /// The linear map of a layer with weights.
    fn linear(&self) -> Option<&Linear> {
        None
    }

    /// Columns of a layer's weights that belong to one unit of its input: the window of a convolution, otherwise 1.
    fn columns_per_input(&self) -> usize {
        1
    }

    /// Columns of the weights of a layer that reads a value of shape `input`.
    fn columns(&self, input: Shape) -> usize {
        input.elements()
    }
}

/// How the units of an operator's output depend on those of its inputs. A unit is a feature of a vector or a channel of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependence {
    /// Unit `i` depends on the units with a non-zero weight in row `i`.
    Weighted,
    /// The same, in channel groups of one size: a channel group cannot lose a unit while the others keep theirs.
    Grouped,
    /// Unit `i` depends on unit `i` of every input.
    Same,
    /// The units of all inputs, one after the other.
    Joined,
    /// Each element of an input's unit is a unit.
    Split,
    /// Every unit depends on every unit of the input.
    Mixed,
}

/// A shape error.
pub(super) fn refuse<T>(message: String) -> Result<T> {
    Err(Error::new(Defect::Shape, message))
}

/// Shapes as messages list them.
pub(super) fn list(shapes: &[Shape]) -> String {
    shapes.iter().map(Shape::to_string).collect::<Vec<_>>().join(", ")
}

/// The shape of the one input.
pub(super) fn single(operator: &dyn Operator, inputs: &[Shape]) -> Result<Shape> {
    match inputs {
        &[input] => Ok(input),
        _ => refuse(format!("{} reads one value, not {}", operator.name(), inputs.len())),
    }
}

/// The channels, height and width of the one input.
pub(super) fn single_image(operator: &dyn Operator, inputs: &[Shape]) -> Result<[usize; 3]> {
    match single(operator, inputs)? {
        Shape::Image { channels, height, width } => Ok([channels, height, width]),
        input => refuse(format!("{} reads an image, not {input}", operator.name())),
    }
}

/// An image's shape.
///
/// # Errors
/// `limit` when it has too many elements.
pub(super) fn image(channels: usize, height: usize, width: usize) -> Result<Shape> {
    let shape = Shape::Image { channels, height, width };
    let elements = to_u64(channels).saturating_mul(to_u64(height)).saturating_mul(to_u64(width));
    if elements > MAX_ELEMENTS {
        return Err(Error::new(ErrorKind::Limit, format!("a value of {shape} has more than {MAX_ELEMENTS} elements")));
    }
    Ok(shape)
}
