//! What is searched on the validation samples: thresholds, then encodings, then the levels and biases themselves.

mod encodings;
mod fine_tune;
mod thresholds;

pub(crate) use encodings::{Selection, Shrunk};
pub use fine_tune::FineTuning;
pub(crate) use fine_tune::fine_tune;
pub(crate) use thresholds::Search;
