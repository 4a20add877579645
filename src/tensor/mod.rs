//! Shapes of activations, in NCHW order without the batch. The batch size is no part of a shape.

pub mod mask;

pub use mask::Mask;
use std::fmt;

/// The shape of one sample's value: `[features]` or `[channels, height, width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A vector of `n` features.
    Vector(usize),
    /// An image in the order channel, row, column.
    Image {
        /// Channels (feature maps).
        channels: usize,
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
}

impl Shape {
    /// The number of elements of one sample. Dimensions are limited at load, so the product cannot overflow.
    #[must_use]
    pub fn elements(self) -> usize {
        match self {
            Self::Vector(n) => n,
            Self::Image { channels, height, width } => channels.saturating_mul(height).saturating_mul(width),
        }
    }

    /// The channels of an image, 1 for a vector. In the input specification each channel has a scale and an offset.
    #[must_use]
    pub fn channels(self) -> usize {
        match self {
            Self::Vector(_) => 1,
            Self::Image { channels, .. } => channels,
        }
    }

    /// The number of factors of an affine operator: one for each channel of an image or feature of a vector.
    #[must_use]
    pub fn affine_channels(self) -> usize {
        match self {
            Self::Vector(n) => n,
            Self::Image { channels, .. } => channels,
        }
    }

    /// The dimensions in order.
    #[must_use]
    pub fn dims(self) -> Vec<usize> {
        match self {
            Self::Vector(n) => vec![n],
            Self::Image { channels, height, width } => vec![channels, height, width],
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vector(n) => write!(f, "{n}"),
            Self::Image { channels, height, width } => write!(f, "{channels}x{height}x{width}"),
        }
    }
}

/// The type of the input's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dtype {
    /// Unsigned bytes, such as pixels.
    U8,
    /// IEEE 754 binary32.
    F32,
}

impl Dtype {
    /// The name in files and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::F32 => "f32",
        }
    }
}
