//! The report: what was kept, what it costs, and how the error changed.

mod accounting;
mod layer;
mod record;
mod text;

pub use layer::CompressedLayer;
pub(crate) use layer::Outcome;
pub use record::{CompressionReport, Totals, ValidationScores};
