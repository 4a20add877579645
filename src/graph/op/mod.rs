//! Operators (SPEC 4.2): a file for each, which holds all that is known of it without running it.
//!
//! [`Op`] is the closed list. [`Operator`] has what an operator says of itself: name and id, shape rule, cost, how its units depend on each other.
//! Its fields are [`HasFields`]. The compiler lists what a new operator lacks.

mod fields;
mod layer;
#[macro_use]
mod list;
mod operator;
mod window;
mod words;

use crate::base::error::Result;
pub use activation::Activation;
pub use conv2d::Conv2d;
pub use fields::{Expected, Fields, HasFields, WindowFields};
pub use layer::Linear;
pub use operator::{Dependence, Operator};
pub use pool::{Pool, PoolKind};
pub use reshape::Reshape;
use std::ops::Deref;
pub use window::Window;
pub use words::Words;
pub(crate) use words::{flag, linear_words, shape_words, word};

operators! {
    with fields {
        /// `y = scale * (W x) + bias`.
        linear: Linear,
        /// A linear map of every patch of an image.
        conv2d: Conv2d,
        /// The maximum, or the mean, of every window of a map.
        pool: Pool,
        /// A function of each element.
        activation: Activation,
        /// Any shape to another of as many elements, in the same order.
        reshape: Reshape,
    }
    without fields {
        /// The mean of every map.
        global_average_pool: GlobalAveragePool,
        /// `scale_c * x + offset_c` for each channel of an image, or each feature of a vector.
        affine: Affine,
        /// `exp(x_i - max) / sum`.
        softmax: Softmax,
        /// Any shape to a vector, in the order channel, row, column.
        flatten: Flatten,
        /// The sum of two values of one shape.
        add: Add,
        /// Values one after the other along the channels (or features).
        concat: Concat,
    }
}

impl Op {
    /// ReLU, the most frequent activation.
    pub const RELU: Self = Self::Activation(Activation::Relu);

    /// An operator of this id, with the fields of [`Op::kinds`].
    #[must_use]
    pub fn of_id(id: u32) -> Option<Self> {
        Self::kinds().find(|op| op.id() == id)
    }

    /// The operator of this name, with the fields of [`Op::kinds`].
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::kinds().find(|op| op.name() == name)
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
}

#[cfg(test)]
mod tests;
