//! `curt run`: a network on images, and what its compression brought.

use super::embedded;
use super::inspect::headline;
use crate::answer::{Answer, grouped, nanoseconds, ratio};
use crate::args::{Activations, Run};
use crate::draw::{self, Style};
use crate::evaluate;
use crate::exit::{Failure, warn};
use crate::progress;
use crate::samples::{self, Samples, npy};
use crate::table::Table;
use curt::inspect::Report;
use curt::measure::{Budget, Comparison, NetworkTimes};
use curt::model::Model;
use curt::session::SessionOptions;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// How long the three networks are timed.
const TIME: Duration = Duration::from_millis(600);
/// Images that are drawn.
const DRAWN: usize = 10;
/// Images that are timed: enough to pass the caches of a branch predictor by, few enough to stay in memory near the core.
const TIMED: usize = 500;

/// What came out.
struct Outcome {
    report: Report,
    images: usize,
    predictions: Vec<usize>,
    misclassified: Option<usize>,
    times: Option<NetworkTimes>,
    isa: &'static str,
    batch: usize,
}

pub(crate) fn run(options: &Run) -> Result<Answer, Failure> {
    if options.activations != Activations::F32 {
        let message = format!(
            "this version computes with f32 activations only, not {}; leave --activations out",
            options.activations.name()
        );
        return Err(Failure::usage(message));
    }
    let model = embedded::model(options.model.as_deref())?;
    let (samples, labels) = samples(options, &model)?;
    let batch = usize::try_from(options.batch).unwrap_or(1);
    let session_options = SessionOptions { batch, isa: None };
    let mut comparison = Comparison::new(&model, &session_options)?;
    let (outputs, width) = evaluate::outputs(comparison.session(), &samples)?;
    if let Some(path) = &options.outputs {
        npy::save(path, samples.count, width, &outputs)?;
    }
    let predictions = evaluate::classes(&outputs, width);
    let misclassified = labels.as_ref().map(|labels| evaluate::misclassified(&predictions, labels));
    let times = time(&mut comparison, &samples, batch)?;
    let isa = comparison.session().isa().name();
    let outcome = Outcome { report: Report::new(&model), images: samples.count, predictions, misclassified, times, isa, batch };
    Ok(Answer { text: text(&outcome, &samples, labels.as_deref(), options), json: json(&outcome, &samples) })
}

/// The samples to run, with their labels where there are any.
fn samples(options: &Run, model: &Model) -> Result<(Samples, Option<Vec<u8>>), Failure> {
    let input = model.graph().input();
    let paths = options.paths();
    let (samples, labels) = if paths.is_empty() {
        let (samples, labels) = embedded::digits()?;
        if let Err(error) = samples.check(input) {
            return Err(Failure::input(format!("{error}; give samples: curt run MODEL INPUT...")));
        }
        (samples, Some(labels))
    } else {
        (Samples::open_for(paths, input)?, options.labels.as_deref().map(samples::open_labels).transpose()?)
    };
    let outputs = model.graph().output_shape().elements();
    if let Some(labels) = &labels {
        evaluate::check_labels(labels, samples.count, outputs)?;
    }
    Ok((samples, labels))
}

/// Times the networks; without images there is nothing to time.
fn time(comparison: &mut Comparison, samples: &Samples, batch: usize) -> Result<Option<NetworkTimes>, Failure> {
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

fn json(outcome: &Outcome, samples: &Samples) -> Value {
    let times = outcome.times.as_ref();
    let mut json = json!({
        "images": outcome.images,
        "misclassified": outcome.misclassified,
        "error_percent": error_percent(outcome),
        "model_bytes": outcome.report.file_bytes,
        "original_bytes": outcome.report.original_bytes,
        "ns_per_image": times.map(|times| times.compressed.median_ns),
        "shrunk_dense_ns_per_image": times.map(|times| times.shrunk.median_ns),
        "original_dense_ns_per_image": times.and_then(|times| times.original).map(|timing| timing.median_ns),
        "isa": outcome.isa,
        "activation_type": Activations::F32.name(),
    });
    if samples.pictures {
        json["classes"] = json!(outcome.predictions);
    }
    json
}

fn text(outcome: &Outcome, samples: &Samples, labels: Option<&[u8]>, options: &Run) -> String {
    let what = if options.paths().is_empty() { "digits of the MNIST test set, 50 of each class" } else { "samples" };
    let mut text = format!("{}\n{} {what}\n\n", headline(&outcome.report), grouped(outcome.images as u64));
    let pictures = pictures(outcome, samples, labels);
    if !pictures.is_empty() {
        text += &format!("{}\n", draw::gallery(&pictures));
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

/// What each picture was taken for.
fn classes(outcome: &Outcome, paths: &[PathBuf]) -> Table {
    let mut table = Table::new(&["<picture", "class"]);
    for (path, class) in paths.iter().zip(&outcome.predictions) {
        table.row([path.display().to_string(), class.to_string()]);
    }
    table
}

/// 4 bytes for each kept weight and its outputs' biases: what the shrunk network has as dense floats.
fn shrunk_bytes(report: &Report) -> u64 {
    report.layers.iter().map(|layer| 4 * (layer.kept_weights() + layer.kept_shape.0 as u64)).sum()
}

fn pictures(outcome: &Outcome, samples: &Samples, labels: Option<&[u8]>) -> Vec<(Vec<String>, String)> {
    let style = Style::of_stdout();
    let picture = |i: usize| {
        let (height, width, pixels) = samples.picture(i)?;
        let predicted = outcome.predictions[i];
        let caption = match labels.map(|labels| usize::from(labels[i])) {
            Some(label) if label != predicted => format!("{predicted}, but is {label}"),
            _ => predicted.to_string(),
        };
        Some((draw::image(height, width, pixels, style)?, caption))
    };
    (0..outcome.images.min(DRAWN)).map_while(picture).collect()
}
