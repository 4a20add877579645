//! What was kept, what it costs, and what it did to the error.

mod accounting;
mod layers;

pub use layers::{LayerReport, Report};
pub(crate) use layers::{exponent_bits, layers};
