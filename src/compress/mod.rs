//! From a posterior to a `.curt` file.
//!
//! [`compress()`] prunes by the method's statistic, removes units that no longer have an effect, quantizes each layer and writes the
//! file. Every choice is made on samples, within one error budget: on labelled ones ([`Validation`]), or on others, whose answers are to be those of the
//! full network ([`Calibration`]). `docs/compression.md` has the formulas.
//!
//! The rooms, from the bottom up; a room names only those above it in this list:
//! - `shrink`: the removal of units after pruning, and the shrunk network that is left;
//! - `methods`: from the tensors of a posterior to means, variances and pruning statistics, one file for each method;
//! - `quantize`: the quantizers, one for each encoding;
//! - `evaluate`: candidates written as files, run on the validation samples and compared with the error budget;
//! - `search`: thresholds, encodings, fine-tuning;
//! - `report`: what was kept and what it costs.

mod criterion;
mod evaluate;
mod labels;
mod methods;
mod options;
mod pipeline;
mod progress;
mod quantize;
mod report;
mod search;
mod shrink;
mod validation;

pub use criterion::{Calibration, Criterion, Objective};
pub use evaluate::{Score, class_of};
pub use labels::parse_encodings;
pub use options::CompressOptions;
pub use pipeline::{Compressed, compress};
pub use progress::Progress;
pub use report::{CompressedLayer, CompressionReport, Totals, ValidationScores};
pub use search::{FineTuning, TuningPart};
pub use validation::Validation;
