//! The searches on the validation samples: thresholds, then encodings, then the levels and biases themselves.

mod encodings;
mod fine_tune;
mod parameter;
mod thresholds;

pub(crate) use encodings::{EncodingSearch, Selection};
pub(crate) use fine_tune::fine_tune;
pub use fine_tune::{FineTuning, TuningPart};
pub(crate) use thresholds::ThresholdSearch;
