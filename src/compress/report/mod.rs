//! What was kept, what it costs, and what it did to the error.

mod accounting;
mod layer;
mod record;
mod text;

pub use layer::CompressedLayer;
pub(crate) use layer::Outcome;
pub use record::{CompressionReport, Totals, ValidationScores};
