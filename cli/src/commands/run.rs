//! `curt run`: runs a network on images, and compares its size and speed with dense networks.

use crate::answer::Answer;
use crate::draw::terminal::{self, Style};
use crate::evaluate;
use crate::exit::{Failure, warn};
use crate::output::Output;
use crate::progress;
use crate::samples::embedded;
use crate::samples::{self, SampleSet, npy};
use crate::table::Table;
use crate::text::headline;
use crate::text::{grouped, nanoseconds, ratio};
use clap::ValueEnum;
use curt::inspect::Report;
use curt::measure::{Budget, Comparison, NetworkTimes};
use curt::{Model, SessionOptions};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Options of `run`.
#[derive(Debug, clap::Args)]
#[command(after_help = "The first bytes of a file tell its type, not its name; several files form one batch:
  PNG    one picture of the size that the model takes: gray for one channel, RGB for three; palettes and 16 bits are converted, an alpha
         channel must be opaque. Nothing is resized or inverted: MNIST digits are light on dark, a scan of ink on paper is not
  .npy   one sample or (n, ...) of bytes (uint8) or 32-bit floats, the type that the model takes, channels before rows; either order of bytes
         and of dimensions (C or Fortran)
  IDX    as MNIST has it: (n, ...) of bytes or 32-bit floats

Examples:
  curt run
  curt run model.curt three.png seven.png
  curt run model.curt samples.npy --outputs outputs.npy --batch 64
  curt run model.curt --images t10k-images-idx3-ubyte --labels t10k-labels-idx1-ubyte --json

Keys of --json: images, misclassified, error_percent, without_class (images whose outputs overflow or are all equal: wrong whatever
their label), model_bytes, original_bytes, ns_per_image, shrunk_dense_ns_per_image,
original_dense_ns_per_image, isa, activation_type; for PNG pictures also classes, one each. Unknown values are null.
Times are medians of interleaved runs of --batch images a call on one thread; the dense networks run on Curt's own kernels.")]
pub(crate) struct RunArgs {
    /// The model [default: the built-in LeNet-300-100]
    pub(crate) model: Option<PathBuf>,
    /// Samples: PNG pictures, .npy or IDX arrays [default: 500 built-in MNIST test digits]
    #[arg(value_name = "INPUT", group = "samples")]
    pub(crate) inputs: Vec<PathBuf>,
    /// The same as INPUT, for use without MODEL; may be repeated
    #[arg(long, value_name = "FILE", group = "samples")]
    pub(crate) images: Vec<PathBuf>,
    /// Labels, one whole number of any type for each sample (IDX or .npy), for the error
    #[arg(long, value_name = "FILE", requires = "samples")]
    pub(crate) labels: Option<PathBuf>,
    /// Write the raw outputs to this .npy file, of shape (images, outputs)
    #[arg(long, value_name = "FILE")]
    pub(crate) outputs: Option<PathBuf>,
    /// The type of the activations
    #[arg(long, value_enum, default_value_t = Activations::F32)]
    pub(crate) activations: Activations,
    /// Samples computed together; results are bit-identical for every N
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=65536))]
    pub(crate) batch: u32,
}

impl RunArgs {
    /// The files of the samples. clap has checked that they were given in only one of the two ways.
    pub(crate) fn paths(&self) -> &[PathBuf] {
        if self.inputs.is_empty() { &self.images } else { &self.inputs }
    }

    /// All files that are read.
    fn files(&self) -> Vec<&Path> {
        self.model.iter().chain(self.paths()).chain(&self.labels).map(PathBuf::as_path).collect()
    }
}

/// Types of activations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Activations {
    /// 32-bit floats: exact to the stored weights
    F32,
    /// 16-bit integers
    I16,
    /// 8-bit integers
    I8,
}

impl Activations {
    /// The name on the command line and in `--json`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::I16 => "i16",
            Self::I8 => "i8",
        }
    }
}

/// The time for measuring the three networks.
const TIME: Duration = Duration::from_millis(600);
/// The number of images that are drawn.
const DRAWN: usize = 10;
/// The number of images that are timed: too many for the branch predictor to learn them, few enough to stay in a cache.
const TIMED: usize = 500;

/// The outputs and measurements.
struct Outcome {
    report: Report,
    images: usize,
    /// The class of each image; none where the outputs name none.
    predictions: Vec<Option<usize>>,
    without_class: usize,
    misclassified: Option<usize>,
    times: Option<NetworkTimes>,
    isa: &'static str,
    batch: usize,
}

pub(crate) fn run(options: &RunArgs) -> Result<Answer, Failure> {
    if options.activations != Activations::F32 {
        let message = format!(
            "this version computes with f32 activations only, not {}; leave --activations out",
            options.activations.name()
        );
        return Err(Failure::usage(message));
    }
    let model = embedded::model(options.model.as_deref())?;
    let file = options.outputs.as_deref().map(|path| Output::open("--outputs", path, &options.files())).transpose()?;
    let (samples, labels) = samples(options, &model)?;
    let batch = usize::try_from(options.batch).unwrap_or(1);
    let session_options = SessionOptions::new().batch(batch);
    let mut comparison = Comparison::new(&model, &session_options)?;
    let (outputs, width) = evaluate::outputs(comparison.session(), &samples)?;
    if let Some(file) = file {
        file.save(&npy::bytes(samples.count, width, &outputs))?;
    }
    let predictions = evaluate::classes(&outputs, width);
    let without_class = evaluate::without_class(&predictions);
    let misclassified = labels.as_ref().map(|labels| evaluate::misclassified(&predictions, labels));
    let times = time(&mut comparison, &samples, batch)?;
    let isa = comparison.session().isa().name();
    let (report, images) = (Report::new(&model), samples.count);
    let outcome = Outcome { report, images, predictions, without_class, misclassified, times, isa, batch };
    Ok(Answer::new(text(&outcome, &samples, labels.as_deref(), options), &fields(&outcome, &samples)))
}

/// The samples to run, with their labels where there are any.
fn samples(options: &RunArgs, model: &Model) -> Result<(SampleSet, Option<Vec<u32>>), Failure> {
    let input = model.graph().input();
    let paths = options.paths();
    let (samples, labels) = if paths.is_empty() {
        let (samples, labels) = embedded::digits()?;
        if let Err(error) = samples.check(input) {
            return Err(Failure::input(format!("{error}; give samples: curt run MODEL INPUT...")));
        }
        (samples, Some(labels))
    } else {
        (SampleSet::open_for(paths, input)?, options.labels.as_deref().map(samples::open_labels).transpose()?)
    };
    let outputs = model.graph().output_shape().elements();
    if let Some(labels) = &labels {
        evaluate::check_labels(labels, samples.count, outputs)?;
    }
    Ok((samples, labels))
}

/// Times the networks; `None` if there are no images.
fn time(comparison: &mut Comparison, samples: &SampleSet, batch: usize) -> Result<Option<NetworkTimes>, Failure> {
    if samples.count == 0 {
        return Ok(None);
    }
    let spinner = progress::spinner("timing");
    let times = comparison.time(samples.input(0, samples.count.min(TIMED.max(batch))), batch, &Budget::of(TIME));
    spinner.finish_and_clear();
    let times = times?;
    if let Some(note) = comparison.note() {
        warn(format_args!("no time of the original network: {note}"));
    }
    if times.shrunk.median_ns < times.compressed.median_ns {
        let by = ratio(times.compressed.median_ns, times.shrunk.median_ns);
        warn(format_args!("here the same network as dense f32 is faster ({by}); `curt bench` shows which layer"));
    }
    Ok(Some(times))
}

fn error_percent(outcome: &Outcome) -> Option<f64> {
    let misclassified = outcome.misclassified.filter(|_| outcome.images > 0)?;
    Some(100.0 * misclassified as f64 / outcome.images as f64)
}

/// The fields of `--json`.
#[derive(Serialize)]
struct Fields<'a> {
    images: usize,
    misclassified: Option<usize>,
    error_percent: Option<f64>,
    without_class: usize,
    model_bytes: u64,
    original_bytes: Option<u64>,
    ns_per_image: Option<f64>,
    shrunk_dense_ns_per_image: Option<f64>,
    original_dense_ns_per_image: Option<f64>,
    isa: &'a str,
    activation_type: &'a str,
    /// The predicted classes; only for pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    classes: Option<&'a [Option<usize>]>,
}

fn fields<'a>(outcome: &'a Outcome, samples: &SampleSet) -> Fields<'a> {
    let times = outcome.times.as_ref();
    Fields {
        images: outcome.images,
        misclassified: outcome.misclassified,
        error_percent: error_percent(outcome),
        without_class: outcome.without_class,
        model_bytes: outcome.report.file_bytes,
        original_bytes: outcome.report.original_bytes,
        ns_per_image: times.map(|times| times.compressed.median_ns),
        shrunk_dense_ns_per_image: times.map(|times| times.shrunk.median_ns),
        original_dense_ns_per_image: times.and_then(|times| times.original).map(|timing| timing.median_ns),
        isa: outcome.isa,
        activation_type: Activations::F32.name(),
        classes: samples.pictures.then_some(outcome.predictions.as_slice()),
    }
}

fn text(outcome: &Outcome, samples: &SampleSet, labels: Option<&[u32]>, options: &RunArgs) -> String {
    let what = if options.paths().is_empty() { "digits of the MNIST test set, 50 of each class" } else { "samples" };
    let mut text = format!("{}\n{} {what}\n\n", headline(&outcome.report), grouped(outcome.images as u64));
    let pictures = pictures(outcome, samples, labels);
    if !pictures.is_empty() {
        text += &format!("{}\n", terminal::gallery(&pictures));
    }
    if samples.pictures {
        text += &format!("{}\n", classes(outcome, options.paths()));
    }
    let mut table = Table::new(&["<", "this network", "shrunk dense", "original dense"]);
    if let (Some(wrong), Some(percent)) = (outcome.misclassified, error_percent(outcome)) {
        text +=
            &format!("error {percent:.2} %: {} of {} misclassified\n\n", grouped(wrong as u64), grouped(outcome.images as u64));
    }
    let model_bytes = outcome.report.file_bytes;
    let original =
        outcome.report.original_bytes.map(|bytes| format!("{} ({})", grouped(bytes), ratio(bytes as f64, model_bytes as f64)));
    let shrunk = grouped(shrunk_bytes(&outcome.report));
    table.row(["bytes".to_owned(), grouped(model_bytes), shrunk, original.unwrap_or_else(|| "not known".to_owned())]);
    if let Some(times) = &outcome.times {
        let of = |ns: f64| format!("{} ({})", nanoseconds(ns), ratio(ns, times.compressed.median_ns));
        table.row([
            "time per image".to_owned(),
            nanoseconds(times.compressed.median_ns),
            of(times.shrunk.median_ns),
            times.original.map_or_else(|| "not known".to_owned(), |timing| of(timing.median_ns)),
        ]);
    }
    text += &table.to_string();
    text + &format!(
        "\nf32 activations on {}, batch {}; all three on Curt's kernels, medians of interleaved runs\n",
        outcome.isa, outcome.batch
    )
}

/// The predicted class of each picture.
fn classes(outcome: &Outcome, paths: &[PathBuf]) -> Table {
    let mut table = Table::new(&["<picture", "class"]);
    for (path, class) in paths.iter().zip(&outcome.predictions) {
        table.row([path.display().to_string(), class_text(*class)]);
    }
    table
}

/// A class for people.
fn class_text(class: Option<usize>) -> String {
    class.map_or_else(|| "none".to_owned(), |class| class.to_string())
}

/// Bytes of the shrunk network as dense floats: 4 for each kept weight and bias.
fn shrunk_bytes(report: &Report) -> u64 {
    report.layers.iter().map(|layer| 4 * (layer.kept_weights() + layer.kept_shape.0 as u64)).sum()
}

fn pictures(outcome: &Outcome, samples: &SampleSet, labels: Option<&[u32]>) -> Vec<(Vec<String>, String)> {
    let style = Style::of_stdout();
    let picture = |i: usize| {
        let (height, width, pixels) = samples.picture(i)?;
        let predicted = outcome.predictions[i];
        let caption = match labels.map(|labels| labels[i]) {
            Some(label) if predicted != usize::try_from(label).ok() => format!("{}, but is {label}", class_text(predicted)),
            _ => class_text(predicted),
        };
        Some((terminal::image(height, width, pixels, style)?, caption))
    };
    (0..outcome.images.min(DRAWN)).map_while(picture).collect()
}
