//! Operators and their shape rules (SPEC 4.2).

use super::window::Window;
use crate::base::checked::{mul, to_u64};
use crate::base::error::{Defect, Error, ErrorKind, Result};
use crate::base::limits::MAX_ELEMENTS;
use crate::encoding::{Encoded, Encoding, Pattern};
use crate::tensor::Shape;

/// A node: an operator and the values that it reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What is computed.
    pub op: Op,
    /// The values read.
    pub inputs: Vec<usize>,
}

impl Node {
    /// A node that reads one value.
    #[must_use]
    pub fn new(op: Op, input: usize) -> Self {
        Self { op, inputs: vec![input] }
    }

    /// The first value read.
    #[must_use]
    pub fn input(&self) -> usize {
        *self.inputs.first().expect("invariant: the graph builder refuses a node without inputs")
    }
}

/// An operator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    /// `y = scale * (W x) + bias`.
    Linear(Linear),
    /// A linear map of every patch of an image.
    Conv2d(Conv2d),
    /// The greatest, or the mean, of every window of a map.
    Pool {
        /// What is taken of a window.
        kind: PoolKind,
        /// The windows.
        window: Window,
    },
    /// The mean of every map.
    GlobalAveragePool,
    /// `scale_c * x + offset_c` for each channel of an image, or each feature of a vector.
    Affine,
    /// A function of each element.
    Activation(Activation),
    /// `exp(x_i - max) / sum`.
    Softmax,
    /// Any shape to a vector, in the order channel, row, column.
    Flatten,
    /// Any shape to another of as many elements, in the same order.
    Reshape(Shape),
    /// The sum of two values of one shape.
    Add,
    /// Values one after the other along the channels (or features).
    Concat,
}

/// A linear map: its columns follow from the value it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Linear {
    /// Outputs.
    pub rows: usize,
    /// How the weights are stored.
    pub encoding: Encoding,
    /// How many entries stand where, for encodings that do not store every weight.
    pub pattern: Pattern,
    /// Whether each output has a factor of its own.
    pub row_factors: bool,
}

impl Linear {
    /// A map of 32-bit floats, all of them stored.
    #[must_use]
    pub fn dense(rows: usize) -> Self {
        Self { rows, encoding: Encoding::DenseF32, pattern: Pattern::default(), row_factors: false }
    }

    /// The map of an encoded layer, without row factors.
    #[must_use]
    pub fn of(layer: &Encoded) -> Self {
        Self { rows: layer.rows, encoding: layer.encoding, pattern: layer.pattern, row_factors: false }
    }
}

/// A convolution: `linear` maps the patch (channel, row, column) under the window at every position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2d {
    /// The map of a patch; its rows are the output channels.
    pub linear: Linear,
    /// The windows.
    pub window: Window,
    /// Groups: output channel `r` reads the channels of group `r / (rows / groups)` only.
    pub groups: usize,
}

/// What pooling takes of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    /// The greatest element.
    Max,
    /// The sum over the number of elements inside the map.
    Average,
    /// The sum over the number of elements of the window, padding included.
    AverageIncludingPadding,
}

/// A function of each element (arithmetic.md, section 5).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// `max(x, 0)`.
    Relu,
    /// `x` above zero, `slope * x` below.
    LeakyRelu {
        /// The slope below zero.
        slope: f32,
    },
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// `x` held between two bounds; ReLU6 is 0 and 6.
    Clip {
        /// The lower bound.
        min: f32,
        /// The upper bound.
        max: f32,
    },
    /// `alpha * x + beta` held between 0 and 1.
    HardSigmoid {
        /// The slope.
        alpha: f32,
        /// The value at zero.
        beta: f32,
    },
    /// `x * clip(x + 3, 0, 6) / 6`.
    HardSwish,
}

impl Activation {
    /// The name in files, reports and posteriors.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::LeakyRelu { .. } => "leaky_relu",
            Self::Sigmoid => "sigmoid",
            Self::Tanh => "tanh",
            Self::Clip { .. } => "clip",
            Self::HardSigmoid { .. } => "hard_sigmoid",
            Self::HardSwish => "hard_swish",
        }
    }

    /// The function's value, without the roundings of 32-bit arithmetic.
    #[must_use]
    pub fn exact(&self, x: f64) -> f64 {
        match *self {
            Self::Relu => x.max(0.0),
            Self::LeakyRelu { slope } if x <= 0.0 => f64::from(slope) * x,
            Self::LeakyRelu { .. } => x,
            Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Self::Tanh => x.tanh(),
            Self::Clip { min, max } => x.max(f64::from(min)).min(f64::from(max)),
            Self::HardSigmoid { alpha, beta } => (f64::from(alpha) * x + f64::from(beta)).clamp(0.0, 1.0),
            Self::HardSwish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
        }
    }
}

impl Op {
    /// ReLU, the most frequent of all.
    pub const RELU: Op = Op::Activation(Activation::Relu);

    /// The operator's name in files, reports and posteriors.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Linear(_) => "linear",
            Self::Conv2d(_) => "conv2d",
            Self::Pool { kind: PoolKind::Max, .. } => "max_pool",
            Self::Pool { .. } => "average_pool",
            Self::GlobalAveragePool => "global_average_pool",
            Self::Affine => "affine",
            Self::Activation(activation) => activation.name(),
            Self::Softmax => "softmax",
            Self::Flatten => "flatten",
            Self::Reshape(_) => "reshape",
            Self::Add => "add",
            Self::Concat => "concat",
        }
    }

    /// The linear map of a layer with weights.
    #[must_use]
    pub fn linear(&self) -> Option<&Linear> {
        match self {
            Self::Linear(linear) => Some(linear),
            Self::Conv2d(conv) => Some(&conv.linear),
            _ => None,
        }
    }

    /// The same operator with another linear map; an operator without weights is unchanged.
    #[must_use]
    pub fn with_linear(self, linear: Linear) -> Self {
        match self {
            Self::Linear(_) => Self::Linear(linear),
            Self::Conv2d(conv) => Self::Conv2d(Conv2d { linear, ..conv }),
            other => other,
        }
    }

    /// Columns of the weights of a layer that belong to one unit of its input: the window of a convolution, otherwise 1.
    #[must_use]
    pub fn columns_per_input(&self) -> usize {
        match self {
            Self::Conv2d(conv) => conv.window.area(),
            _ => 1,
        }
    }

    /// Columns of the weights of a layer that reads a value of shape `input`.
    #[must_use]
    pub fn columns(&self, input: Shape) -> usize {
        match (self, input) {
            (Self::Conv2d(conv), Shape::Image { channels, .. }) => {
                channels.checked_div(conv.groups).unwrap_or(0).saturating_mul(conv.window.area())
            }
            _ => input.elements(),
        }
    }

    /// The output's shape for inputs of these shapes. Errors: `shape`, `limit`.
    pub fn output_shape(&self, inputs: &[Shape]) -> Result<Shape> {
        if let Some(linear) = self.linear().filter(|linear| linear.row_factors && !linear.encoding.allows_row_factors()) {
            return refuse(format!("{} weights have no row factors", linear.encoding.name()));
        }
        match (self, inputs) {
            (Self::Add, [a, b]) if a == b => Ok(*a),
            (Self::Add, _) => refuse(format!("add reads two values of one shape, not {}", list(inputs))),
            (Self::Concat, _) => concat(inputs),
            (_, &[input]) => self.output_of(input),
            _ => refuse(format!("{} reads one value, not {}", self.name(), inputs.len())),
        }
    }

    fn output_of(&self, input: Shape) -> Result<Shape> {
        match (self, input) {
            (Self::Linear(linear), Shape::Vector(_)) => Ok(Shape::Vector(linear.rows)),
            (Self::Conv2d(conv), Shape::Image { channels, height, width }) => {
                let rows = conv.linear.rows;
                let divides = |n: usize| n.checked_rem(conv.groups) == Some(0);
                if !divides(channels) || !divides(rows) {
                    return refuse(format!("{} groups do not divide {channels} and {rows} channels", conv.groups));
                }
                let (height, width) = conv.window.positions(height, width)?;
                image(rows, height, width)
            }
            (Self::Pool { window, .. }, Shape::Image { channels, height, width }) => {
                if window.dilation != [1, 1] {
                    return refuse("pooling has no dilation".to_owned());
                }
                let (height, width) = window.positions(height, width)?;
                image(channels, height, width)
            }
            (Self::GlobalAveragePool, Shape::Image { channels, .. }) => Ok(Shape::Image { channels, height: 1, width: 1 }),
            (Self::Softmax, Shape::Vector(1..)) | (Self::Affine | Self::Activation(_), _) => Ok(input),
            (Self::Flatten, _) => Ok(Shape::Vector(input.elements())),
            (Self::Reshape(shape), _) if shape.elements() == input.elements() => Ok(*shape),
            (Self::Reshape(shape), _) => refuse(format!("a value of {input} cannot be reshaped to {shape}")),
            (Self::Linear(_) | Self::Softmax, _) => refuse(format!("{} reads a vector, not {input}", self.name())),
            _ => refuse(format!("{} reads an image, not {input}", self.name())),
        }
    }

    /// Elementary steps of the operator (multiply-adds of a layer, elements of a pool's windows, elements otherwise).
    pub fn work(&self, inputs: &[Shape], output: Shape) -> Result<u64> {
        let elements = to_u64(output.elements());
        match (self, inputs) {
            (Self::Linear(_) | Self::Conv2d(_), [input, ..]) => mul(elements, to_u64(self.columns(*input)), "a layer's work"),
            (Self::Pool { window, .. }, _) => mul(elements, to_u64(window.area()), "a pool's work"),
            (Self::GlobalAveragePool, [input, ..]) => Ok(to_u64(input.elements())),
            _ => Ok(elements),
        }
    }
}

fn refuse<T>(message: String) -> Result<T> {
    Err(Error::new(Defect::Shape, message))
}

fn list(shapes: &[Shape]) -> String {
    shapes.iter().map(Shape::to_string).collect::<Vec<_>>().join(", ")
}

/// An image's shape. Error: `limit` when it has too many elements.
fn image(channels: usize, height: usize, width: usize) -> Result<Shape> {
    let shape = Shape::Image { channels, height, width };
    let elements = to_u64(channels).saturating_mul(to_u64(height)).saturating_mul(to_u64(width));
    if elements > MAX_ELEMENTS {
        return Err(Error::new(ErrorKind::Limit, format!("a value of {shape} has more than {MAX_ELEMENTS} elements")));
    }
    Ok(shape)
}

fn concat(inputs: &[Shape]) -> Result<Shape> {
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
