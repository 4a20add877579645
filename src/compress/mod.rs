//! From a posterior to encodings and a graph: one file per method, one per concern.
//!
//! [`compress()`] prunes by the method's statistic, removes what pruning left without effect, quantizes each layer and writes the
//! file. Everything is decided on validation samples, within one budget of error; `docs/compression.md` has the formulas.

mod assemble;
pub mod bits;
mod budget;
mod codebook;
mod evaluate;
mod fine_tune;
mod fixed_point;
mod gaussian;
pub mod ghs;
pub mod gnj;
pub mod graves;
mod masks;
mod network;
mod options;
mod pipeline;
mod plain;
mod pruning;
mod quantize;
mod rate;
mod report;
mod scaled;
mod select;
mod shared;
mod sparse;
pub mod sparse_vd;
mod ternary;
mod thresholds;
mod units;
mod vnq;

use crate::base::error::{Error, ErrorKind, Result};
use crate::posterior::Posterior;
use network::Layer;
use pruning::Pruning;

pub use evaluate::Score;
pub use options::{Options, Samples, Validation, encoding_label, parse_encodings};
pub use report::{FineTuning, LayerReport, Report};

/// A way from a posterior to a pruned network.
#[derive(Debug)]
pub struct Method {
    /// The name of the posterior's method.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    prepare: fn(&Posterior) -> Result<Prepared>,
}

/// Every method.
pub const ALL: &[Method] =
    &[gnj::METHOD, ghs::METHOD, sparse_vd::METHOD, graves::METHOD, vnq::METHOD, plain::METHOD, plain::RATE, shared::METHOD];

/// What a method makes of a posterior.
#[derive(Debug)]
struct Prepared {
    /// The posterior mean, nothing pruned but what the posterior itself masks.
    layers: Vec<Layer>,
    /// The posterior variance of each weight, where there is one.
    variances: Option<Vec<Vec<f64>>>,
    /// How the method prunes, where it does.
    pruning: Option<Pruning>,
}

/// A method was given the posterior of another.
fn mismatch() -> Error {
    Error::new(ErrorKind::Internal, "a method was given the posterior of another")
}

/// Called with a stage, the steps done and the steps in all (an upper bound).
type Progress<'a> = &'a mut dyn FnMut(&str, u64, u64);

/// A compressed network.
#[derive(Clone, Debug)]
pub struct Compressed {
    /// The `.curt` file.
    pub bytes: Vec<u8>,
    /// What was kept and what it cost.
    pub report: Report,
}

/// Compresses `posterior` within the error budget of `options`, measured on `validation`. The same arguments give the same bytes.
///
/// Errors: `input` when samples or options do not fit the network; `posterior` when its mean is not finite; `non_finite` when a folded
/// bias is not; `limit`, `no_memory`; `internal` when the written file does not hold what was evaluated.
pub fn compress(
    posterior: &Posterior,
    validation: &Validation<'_>,
    options: &Options,
    progress: Progress<'_>,
) -> Result<Compressed> {
    pipeline::run(posterior, validation, options, progress)
}
