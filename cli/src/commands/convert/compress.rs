//! `curt compress`: from a posterior or a plain network to a `.curt` file.

use super::network::{Network, OnnxArgs};
use crate::answer::Answer;
use crate::exit::{Failure, warn};
use crate::output::Output;
use crate::progress;
use crate::samples::{self, SampleSet};
use curt::compress::{
    Calibration, CompressOptions, Compressed, Criterion, Objective, Score, Validation, ValidationScores, compress,
    parse_encodings,
};
use curt::posterior::{Method, Posterior};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Options of `compress`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Thresholds and encodings are chosen on the validation images, within the allowed increase of error and loss (docs/compression.md).
A threshold or encoding given for a layer is used whatever it costs; a warning tells if that is more than allowed.
Methods: gnj and ghs prune input units and feature maps; sparse_vd, graves and vnq single weights, and vnq rounds the others to its
codebook; plain, rate and shared are pruned already. Networks of rate, shared and vnq are stored exactly.
Never validate on the test set: a choice made on it cannot be tested on it. --fine-tune moves levels and biases on one half of the validation images and
checks each pass on the other half; the report gives error and loss of both halves before and after.

Encodings: dense_f32, dense_f16, fixed_point:BITS (2 to 8), codebook:K (2 to 256), ternary; fixed_point or codebook alone tries several.

Examples:
  curt compress lenet.safetensors -o lenet.curt --method gnj --max-error-increase 0.1 \\
      --validation train-images-idx3-ubyte train-labels-idx1-ubyte --last 5000
  curt compress lenet.safetensors -o lenet.curt --validation images.idx labels.idx --threshold fc1=-3 --encoding fc1=ternary
  curt compress model.onnx -o model.curt --calibration inputs.npy"
)]
pub(crate) struct CompressArgs {
    /// The posterior or plain network (safetensors, docs/posteriors.md), or an ONNX file (docs/import.md)
    pub(crate) posterior: PathBuf,
    #[command(flatten)]
    pub(crate) onnx: OnnxArgs,
    /// The model to write
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// The expected method: gnj, ghs, sparse_vd, graves, vnq, plain, rate or shared [default: that of the file]
    #[arg(long, value_name = "NAME")]
    pub(crate) method: Option<String>,
    /// Images and labels (IDX or .npy) on which thresholds and encodings are chosen
    #[arg(long, num_args = 2, value_names = ["IMAGES", "LABELS"], required_unless_present = "calibration")]
    pub(crate) validation: Vec<PathBuf>,
    /// Samples without labels (IDX or .npy): the outputs are to stay those of the full network
    #[arg(long, value_name = "FILE", conflicts_with = "validation")]
    pub(crate) calibration: Option<PathBuf>,
    /// What the outputs mean, with --calibration: auto, classify, binary or regress [default: auto]
    #[arg(long, value_name = "NAME", requires = "calibration")]
    pub(crate) objective: Option<String>,
    /// Nats that the outputs may diverge from the full network's, with --calibration [default: 0.01]
    #[arg(long, value_name = "NATS", requires = "calibration")]
    pub(crate) max_divergence: Option<f64>,
    /// Use only the last N validation images, such as those that training held out
    #[arg(long, value_name = "N")]
    pub(crate) last: Option<usize>,
    /// Percentage points that the validation error may rise, or of answers that may differ [default: 0.2]
    #[arg(long, value_name = "POINTS")]
    pub(crate) max_error_increase: Option<f64>,
    /// Percent that the validation loss may rise [default: 2]
    #[arg(long, value_name = "PERCENT")]
    pub(crate) max_loss_increase: Option<f64>,
    /// The Lagrange multiplier of a bit per weight, in mean squared errors: a greater one gives smaller packed files at a greater error [default: 0]
    #[arg(long, value_name = "LAMBDA")]
    pub(crate) rate_weight: Option<f64>,
    /// Fine-tune levels and biases on half of the validation images in at most N passes; a pass is kept if the loss on the other half does
    /// not rise [default: 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub(crate) fine_tune: Option<u32>,
    /// The pruning threshold of a layer, instead of a chosen one; may be repeated
    #[arg(long, value_name = "LAYER=VALUE")]
    pub(crate) threshold: Vec<String>,
    /// The only encoding to try for a layer, or for all layers without one of their own (all=ENCODING); may be repeated
    #[arg(long, value_name = "LAYER=ENCODING")]
    pub(crate) encoding: Vec<String>,
}

pub(crate) fn run(options: &CompressArgs) -> Result<Answer, Failure> {
    let network = Network::open(&options.posterior, &options.onnx)?;
    let posterior = network.posterior();
    check_method(options.method.as_deref(), posterior)?;
    if options.calibration.is_none() && posterior.graph().output_shape().elements() < 2 {
        return Err(Failure::input(
            "the network has one output, and --validation compares the greatest of several with a label: no answer could be wrong; \
             --calibration SAMPLES compares it with the full network's",
        ));
    }
    let inputs = std::iter::once(&options.posterior).chain(&options.validation).chain(&options.calibration).map(PathBuf::as_path);
    let output = Output::open("--output", &options.output, &inputs.collect::<Vec<_>>())?;
    let compressed = match &options.calibration {
        Some(path) => calibrated(path, options, &network)?,
        None => validated(options, &network)?,
    };
    output.save(&compressed.bytes)?;
    let report = &compressed.report;
    if !report.validation.within_budget {
        warn(over_budget(options, &report.validation));
    }
    let mut json = report.to_json();
    json["output"] = json!(options.output.display().to_string());
    Ok(Answer { text: format!("{report}written to {}\n", options.output.display()), json })
}

/// Compresses within a budget of error and loss on labelled samples.
fn validated(options: &CompressArgs, network: &Network) -> Result<Compressed, Failure> {
    let (samples, labels) = validation(options, network)?;
    let validation = Validation { samples: samples.input(samples.count - labels.len(), labels.len()), labels: &labels };
    let compressed = with_bar(network.posterior(), (&validation).into(), &library_options(options)?)?;
    if let Some(warning) = near_chance(&labels, compressed.report.validation.full) {
        warn(warning);
    }
    Ok(compressed)
}

/// Compresses within a budget of agreement with the full network.
fn calibrated(path: &Path, options: &CompressArgs, network: &Network) -> Result<Compressed, Failure> {
    let objective = match options.objective.as_deref() {
        None => Objective::Auto,
        Some(name) => Objective::ALL.into_iter().find(|known| known.name() == name).ok_or_else(|| {
            let known = Objective::ALL.map(Objective::name).join(", ");
            Failure::usage(format!("--objective {name} is not known; the objectives are {known}"))
        })?,
    };
    let samples = network.in_order(SampleSet::open(path)?)?;
    samples.check(network.posterior().graph().input())?;
    let count = options.last.unwrap_or(samples.count);
    if count > samples.count {
        return Err(Failure::usage(format!("--last {count} of {} calibration samples", samples.count)));
    }
    let calibration = Calibration { samples: samples.input(samples.count - count, count), objective };
    with_bar(network.posterior(), (&calibration).into(), &library_options(options)?)
}

/// That a compressed network is over its budget, and what to do.
fn over_budget(options: &CompressArgs, scores: &ValidationScores) -> String {
    let why = if options.threshold.is_empty() && options.encoding.is_empty() {
        "what the method prunes and rounds by itself costs that; train for longer"
    } else {
        "the choices made with --threshold and --encoding cost that; leave them out"
    };
    let (full, compressed) = (scores.full, scores.compressed);
    if options.calibration.is_some() {
        return format!(
            "{:.2} % of answers differ from the full network's and they diverge by {:.6} nats, more than allowed: {why}, or raise \
             --max-error-increase and --max-divergence",
            compressed.percent(),
            compressed.loss
        );
    }
    format!(
        "the validation error rose from {:.2} % to {:.2} % and the loss from {:.4} to {:.4}, more than allowed: {why}, \
         or raise --max-error-increase and --max-loss-increase",
        full.percent(),
        compressed.percent(),
        full.loss,
        compressed.loss
    )
}

/// A warning when the network before compression does hardly better than the answer that is right most often: within a budget of nothing
/// everything is pruned.
fn near_chance(labels: &[u32], full: Score) -> Option<String> {
    let mut counts = BTreeMap::new();
    labels.iter().for_each(|label| *counts.entry(label).or_insert(0u64) += 1);
    let (label, most) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    let constant = full.samples - most;
    if constant == 0 {
        return Some(format!("every validation label is {label}: they say nothing about the network"));
    }
    // A fifth below chance is far from a trained network, and far above what chance gives on hundreds of samples.
    (5 * full.errors >= 4 * constant).then(|| {
        format!(
            "the network before compression has {} errors in {} validation samples, and always answering {label} has {constant}: are these its \
             labels, in this order, and its input scale? Whatever is pruned costs nothing here",
            full.errors, full.samples
        )
    })
}

/// Checks that the file's method is the one that the caller expects, if the option says one.
fn check_method(expected: Option<&str>, posterior: &Posterior) -> Result<(), Failure> {
    let Some(expected) = expected else { return Ok(()) };
    let known: Vec<&str> = Method::ALL.into_iter().map(Method::name).collect();
    if !known.contains(&expected) {
        return Err(Failure::usage(format!("--method {expected} is not known; the methods are {}", known.join(", "))));
    }
    let found = posterior.method().name();
    if found != expected {
        return Err(Failure::input(format!(
            "the file holds a network of method {found}; give --method {found}, or leave it out"
        )));
    }
    Ok(())
}

/// The validation images, and the labels of the last of them that are used.
fn validation(options: &CompressArgs, network: &Network) -> Result<(SampleSet, Vec<u32>), Failure> {
    let [images, labels] = options.validation.as_slice() else {
        return Err(Failure::usage("--validation takes the file of the images and the file of the labels"));
    };
    let (samples, mut labels) = (network.in_order(SampleSet::open(images)?)?, samples::open_labels(labels)?);
    if samples.count != labels.len() {
        return Err(Failure::input(format!("there are {} labels for {} validation images", labels.len(), samples.count)));
    }
    if let Some(last) = options.last {
        if last > labels.len() {
            return Err(Failure::usage(format!("--last {last} of {} validation images", labels.len())));
        }
        labels.drain(..labels.len() - last);
    }
    Ok((samples, labels))
}

fn library_options(options: &CompressArgs) -> Result<CompressOptions, Failure> {
    let mut chosen = CompressOptions::new();
    if let Some(points) = options.max_error_increase {
        chosen = chosen.max_error_increase(points);
    }
    if let Some(percent) = options.max_loss_increase {
        chosen = chosen.max_loss_increase(percent);
    }
    if let Some(lambda) = options.rate_weight {
        chosen = chosen.rate_weight(lambda);
    }
    if let Some(nats) = options.max_divergence {
        chosen = chosen.max_divergence(nats);
    }
    if let Some(passes) = options.fine_tune {
        chosen = chosen.fine_tune(passes);
    }
    for choice in &options.threshold {
        let (layer, value) = pair(choice, "--threshold", "fc1=-3")?;
        let threshold = value.parse().map_err(|_| Failure::usage(format!("--threshold {choice}: {value:?} is not a number")))?;
        chosen = chosen.threshold(layer, threshold);
    }
    for choice in &options.encoding {
        let (layer, label) = pair(choice, "--encoding", "fc1=ternary")?;
        let encodings = parse_encodings(label).map_err(|error| Failure::usage(format!("--encoding {choice}: {error}")))?;
        chosen = if layer == "all" { chosen.encodings(encodings) } else { chosen.layer_encodings(layer, encodings) };
    }
    Ok(chosen)
}

/// The two sides of `layer=value`.
fn pair<'a>(choice: &'a str, option: &str, example: &str) -> Result<(&'a str, &'a str), Failure> {
    choice.split_once('=').ok_or_else(|| Failure::usage(format!("{option} takes LAYER=VALUE, such as {example}, not {choice:?}")))
}

fn with_bar(posterior: &Posterior, criterion: Criterion<'_>, options: &CompressOptions) -> Result<Compressed, Failure> {
    let bar = progress::bar(0, "");
    let compressed = compress(posterior, criterion, options, &mut |stage, done, all| {
        bar.set_message(stage.to_owned());
        bar.set_length(all);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    Ok(compressed?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_near_chance_is_told() {
        let labels: Vec<u32> = (0..1000).map(|i| i % 10).collect(); // always the same answer: 900 errors
        let score = |errors| Score { errors, samples: 1000, loss: 1.0 };
        for (errors, is_told) in [(0, false), (20, false), (600, false), (719, false), (720, true), (900, true), (950, true)] {
            assert_eq!(near_chance(&labels, score(errors)).is_some(), is_told, "{errors}");
        }
        assert!(near_chance(&[3; 1000], score(0)).is_some_and(|warning| warning.contains("every validation label is 3")));
        // Of three answers in four one is right: 250 errors by chance.
        let skewed: Vec<u32> = (0..1000).map(|i| u32::from(i % 4 == 0)).collect();
        assert!(near_chance(&skewed, score(100)).is_none() && near_chance(&skewed, score(240)).is_some());
    }
}
