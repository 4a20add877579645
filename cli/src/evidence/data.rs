//! Samples with what is to be described of each: a label, or numbers.

use crate::evaluate;
use crate::exit::Failure;
use crate::samples::{self, SampleSet};
use curt::{Input, Model};
use std::path::{Path, PathBuf};

/// Options that name the data.
#[derive(Debug, clap::Args)]
pub(crate) struct DataArgs {
    /// Samples: an IDX or .npy array, its first dimension their number
    #[arg(long, value_name = "FILE")]
    images: PathBuf,
    /// Labels, one whole number for each sample (IDX or .npy)
    #[arg(long, value_name = "FILE", required_unless_present = "targets")]
    labels: Option<PathBuf>,
    /// Instead of labels, as many 32-bit floats for each sample as the model has outputs (IDX or .npy): a normal density around the outputs
    #[arg(long, value_name = "FILE", conflicts_with = "labels")]
    targets: Option<PathBuf>,
    /// The variance of the normal density [default: the mean square of the residuals, which costs 32 bits more]
    #[arg(long, value_name = "V", requires = "targets", value_parser = variance)]
    variance: Option<f64>,
    /// Say that the networks were not trained on these samples
    #[arg(long)]
    pub(crate) held_out: bool,
}

impl DataArgs {
    /// The files that are read.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(&self.images).chain(&self.labels).chain(&self.targets).map(PathBuf::as_path)
    }

    /// What was measured on, in words.
    pub(crate) fn what(&self) -> &'static str {
        match (self.held_out, self.labels.is_some()) {
            (false, true) => "labels",
            (true, true) => "held-out labels",
            (false, false) => "targets",
            (true, false) => "held-out targets",
        }
    }
}

/// Parses a variance.
fn variance(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(variance) if variance > 0.0 && variance.is_finite() => Ok(variance),
        _ => Err("a finite number above 0".to_owned()),
    }
}

/// Samples with what is to be described of each.
pub(crate) struct Data {
    pub(crate) samples: SampleSet,
    pub(crate) truth: Truth,
}

/// What is to be described of each sample.
pub(crate) enum Truth {
    Labels(Vec<u32>),
    /// Numbers, with the variance of their density if it is given.
    Targets(SampleSet, Option<f64>),
}

impl Data {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// `io` and the kinds of a file that is refused; `input` without samples.
    pub(crate) fn open(options: &DataArgs) -> Result<Self, Failure> {
        let samples = SampleSet::open(&options.images)?;
        let truth = match (&options.labels, &options.targets) {
            (Some(labels), _) => Truth::Labels(samples::open_labels(labels)?),
            (None, Some(targets)) => Truth::Targets(SampleSet::open(targets)?, options.variance),
            (None, None) => return Err(Failure::usage("give --labels or --targets")),
        };
        Self::new(samples, truth)
    }

    /// Joins samples with what is to be described of them.
    pub(crate) fn new(samples: SampleSet, truth: Truth) -> Result<Self, Failure> {
        if samples.count == 0 {
            return Err(Failure::input("there are no samples: a code length needs at least one"));
        }
        Ok(Self { samples, truth })
    }

    /// Checks that a model can describe the data.
    ///
    /// # Errors
    ///
    /// `input`.
    pub(crate) fn check(&self, model: &Model) -> Result<(), Failure> {
        self.samples.check(model.graph().input())?;
        let (count, outputs) = (self.samples.count, model.graph().output_shape().elements());
        match &self.truth {
            Truth::Labels(labels) => evaluate::check_labels(labels, count, outputs),
            Truth::Targets(targets, _) => check_targets(targets, count, outputs),
        }
    }
}

fn check_targets(targets: &SampleSet, samples: usize, outputs: usize) -> Result<(), Failure> {
    if targets.count != samples {
        return Err(Failure::input(format!("there are {} targets for {samples} samples", targets.count)));
    }
    if targets.len() != outputs {
        return Err(Failure::input(format!("a target has {} numbers; the model has {outputs} outputs", targets.len())));
    }
    let Input::F32(values) = targets.input(0, targets.count) else {
        return Err(Failure::input("targets are 32-bit floats, these are bytes; save a.astype(numpy.float32)"));
    };
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(at) => Err(Failure::input(format!("target {} is {}; targets are finite", at / outputs, values[at]))),
    }
}
