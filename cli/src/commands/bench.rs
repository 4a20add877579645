//! `curt bench`: the times of a model and of its dense twins, for each layer and for the whole network.

use super::doctor::LimitFields;
use crate::answer::Answer;
use crate::exit::{Failure, warn};
use crate::progress;
use crate::samples::embedded;
use crate::table::Table;
use crate::text::seconds;
use crate::text::{encoding_text, headline};
use crate::text::{grouped, nanoseconds, ratio};
use curt::inspect::Report;
use curt::measure::{Budget, Comparison, LayerTimes, LinearTime, MachineLimits, NetworkTimes, Timing, time_layers};
use curt::{Dtype, Input, Model, SessionOptions};
use serde::Serialize;
use std::path::PathBuf;
use std::time::Duration;

/// Options of `bench`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Compares the model with the same network stored as dense f32, at its shrunk and at its original shape, on Curt's own
kernels, interleaved, on one thread. A warning names each layer or network that dense f32 runs faster.

Examples:
  curt bench model.curt
  curt bench model.curt --batch 64 --seconds 5 --json"
)]
pub(crate) struct BenchArgs {
    /// The model [default: the built-in LeNet-300-100]
    pub(crate) model: Option<PathBuf>,
    /// Samples computed together
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=65536))]
    pub(crate) batch: u32,
    /// Seconds for the whole network, and as many for all layers together
    #[arg(long, value_name = "S", default_value_t = 1.0, value_parser = seconds)]
    pub(crate) seconds: f64,
}

/// The time for measuring each limit of the machine.
const LIMIT_TIME: Duration = Duration::from_millis(60);
/// The number of samples that are run in turn.
const SAMPLES: usize = 256;

/// The measurements.
struct Outcome {
    report: Report,
    isa: &'static str,
    batch: usize,
    prepared_bytes: usize,
    whole: NetworkTimes,
    layers: Vec<LayerTimes>,
    limits: MachineLimits,
}

pub(crate) fn run(options: &BenchArgs) -> Result<Answer, Failure> {
    let model = embedded::model(options.model.as_deref())?;
    let batch = usize::try_from(options.batch).unwrap_or(1);
    let time = Duration::from_secs_f64(options.seconds);
    let spinner = progress::spinner("timing");
    let outcome = measure(&model, batch, time);
    spinner.finish_and_clear();
    let outcome = outcome?;
    let warnings = warnings(&outcome);
    warnings.iter().for_each(warn);
    Ok(Answer::new(text(&outcome), &fields(&outcome, &warnings)))
}

fn measure(model: &Model, batch: usize, time: Duration) -> Result<Outcome, Failure> {
    let mut comparison = Comparison::new(model, &SessionOptions::new().batch(batch))?;
    let len = comparison.session().input_len();
    let samples = SAMPLES.max(batch).min((1 << 24) / len).max(batch);
    // The times hardly depend on the values, so bytes that differ from each other are enough.
    let bytes: Vec<u8> = (0..samples * len).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let floats: Vec<f32> = match model.graph().input().dtype {
        Dtype::U8 => Vec::new(),
        Dtype::F32 => bytes.iter().map(|&byte| f32::from(byte) / 128.0 - 1.0).collect(),
    };
    let input = if floats.is_empty() { Input::U8(&bytes) } else { Input::F32(&floats) };
    let whole = comparison.time(input, batch, &Budget::of(time))?;
    if let Some(note) = comparison.note() {
        warn(format_args!("no times of the original network: {note}"));
    }
    let isa = comparison.session().isa();
    let per_layer = Budget::of(time / u32::try_from(model.layers().len().max(1)).unwrap_or(1));
    Ok(Outcome {
        report: Report::new(model),
        isa: isa.name(),
        batch,
        prepared_bytes: comparison.session().prepared_bytes(),
        whole,
        layers: time_layers(model, isa, batch, &per_layer)?,
        limits: MachineLimits::measure(isa, LIMIT_TIME)?,
    })
}

/// A warning for each layer, and for the network, that dense f32 runs faster.
fn warnings(outcome: &Outcome) -> Vec<String> {
    let faster = |compressed: &Timing, dense: &Timing| dense.median_ns < compressed.median_ns;
    // A layer's time is that of one im2col patch, which says nothing about a direct convolution.
    let linear = outcome.layers.iter().filter(|times| times.direct.is_none());
    let layers = linear.filter(|times| faster(&times.compressed.timing, &times.shrunk.timing));
    let mut warnings: Vec<String> = layers
        .map(|times| {
            let by = ratio(times.compressed.timing.median_ns, times.shrunk.timing.median_ns);
            format!("layer {}: dense f32 at the same shape is faster here ({by})", outcome.report.layers[times.layer].name)
        })
        .collect();
    if faster(&outcome.whole.compressed, &outcome.whole.shrunk) {
        let by = ratio(outcome.whole.compressed.median_ns, outcome.whole.shrunk.median_ns);
        warnings.push(format!("the whole network as dense f32 at the same shape is faster here ({by})"));
    }
    warnings
}

fn text(outcome: &Outcome) -> String {
    let mut table = Table::new(&["<layer", "<stored as", "shape", "weight bytes", "time", "GB/s", "gain", "<kernel"]);
    for times in &outcome.layers {
        let layer = &outcome.report.layers[times.layer];
        let base = times.compressed.timing.median_ns;
        let mut row = |name: &str, stored: &str, time: &LinearTime| {
            let gain = if stored.starts_with("dense f32,") { ratio(time.timing.median_ns, base) } else { String::new() };
            table.row([
                name.to_owned(),
                stored.to_owned(),
                format!("{}x{}", time.rows, time.cols),
                grouped(time.weight_bytes),
                nanoseconds(time.timing.median_ns),
                format!("{:.1}", time.gb_per_s(outcome.batch)),
                gain,
                format!("{} ({})", time.kernel.name, time.kernel.isa.name()),
            ]);
        };
        row(&layer.name, &encoding_text(layer.encoding), &times.compressed);
        row("", "dense f32, shrunk", &times.shrunk);
        times.original.iter().for_each(|time| row("", "dense f32, original", time));
    }
    let whole = &outcome.whole;
    let mut row = |name: &str, stored: &str, timing: &Timing, gain: bool| {
        let gain = if gain { ratio(timing.median_ns, whole.compressed.median_ns) } else { String::new() };
        let time = nanoseconds(timing.median_ns);
        table.row([name.to_owned(), stored.to_owned(), String::new(), String::new(), time, String::new(), gain]);
    };
    row("whole", "this file", &whole.compressed, false);
    row("", "dense f32, shrunk", &whole.shrunk, true);
    whole.original.iter().for_each(|timing| row("", "dense f32, original", timing, true));
    let has_convolutions = outcome.report.layers.iter().any(|layer| layer.op == "conv2d");
    let patches = if has_convolutions { ", a convolution's for one patch of im2col" } else { "" };
    let mut text = format!(
        "{}\n{}, batch {}; times are medians for one sample{patches}\n\n{table}\n",
        headline(&outcome.report),
        outcome.isa,
        outcome.batch
    );
    for times in &outcome.layers {
        if let Some(kernel) = times.direct {
            let name = &outcome.report.layers[times.layer].name;
            text +=
                &format!("{name} of this file runs as a direct convolution instead: {} ({})\n", kernel.name, kernel.isa.name());
        }
    }
    if outcome.prepared_bytes > 0 {
        text +=
            &format!("{} bytes of weights are held in another layout than the file's\n", grouped(outcome.prepared_bytes as u64));
    }
    let reads: Vec<String> =
        outcome.limits.reads.iter().map(|read| format!("{} {:.1} GB/s", read.memory, read.gb_per_s)).collect();
    text + &format!(
        "one thread of this machine's dense_f32 kernel: {}, {:.1} GFLOP/s\n",
        reads.join(", "),
        outcome.limits.gflop_per_s
    )
}

/// The fields of `--json`.
#[derive(Serialize)]
struct Fields<'a> {
    network: Option<&'a str>,
    isa: &'a str,
    batch: usize,
    prepared_bytes: usize,
    ns: f64,
    shrunk_dense_ns: f64,
    original_dense_ns: Option<f64>,
    layers: Vec<LayerFields<'a>>,
    limits: LimitFields<'a>,
    warnings: &'a [String],
}

#[derive(Serialize)]
struct LayerFields<'a> {
    name: &'a str,
    encoding: &'a str,
    compressed: LinearFields<'a>,
    shrunk_dense: LinearFields<'a>,
    original_dense: Option<LinearFields<'a>>,
    /// The kernel that runs the layer as a direct convolution; the timed kernel is then not used.
    direct_kernel: Option<&'a str>,
}

#[derive(Serialize)]
struct LinearFields<'a> {
    shape: (usize, usize),
    weight_bytes: u64,
    ns: f64,
    gb_per_s: f64,
    kernel: &'a str,
    kernel_isa: &'a str,
}

fn fields<'a>(outcome: &'a Outcome, warnings: &'a [String]) -> Fields<'a> {
    Fields {
        network: outcome.report.network.as_deref(),
        isa: outcome.isa,
        batch: outcome.batch,
        prepared_bytes: outcome.prepared_bytes,
        ns: outcome.whole.compressed.median_ns,
        shrunk_dense_ns: outcome.whole.shrunk.median_ns,
        original_dense_ns: outcome.whole.original.map(|timing| timing.median_ns),
        layers: outcome.layers.iter().map(|times| layer_fields(outcome, times)).collect(),
        limits: LimitFields::new(&outcome.limits),
        warnings,
    }
}

fn layer_fields<'a>(outcome: &'a Outcome, times: &'a LayerTimes) -> LayerFields<'a> {
    let report = &outcome.report.layers[times.layer];
    let linear = |time: &'a LinearTime| LinearFields {
        shape: (time.rows, time.cols),
        weight_bytes: time.weight_bytes,
        ns: time.timing.median_ns,
        gb_per_s: time.gb_per_s(outcome.batch),
        kernel: time.kernel.name,
        kernel_isa: time.kernel.isa.name(),
    };
    LayerFields {
        name: &report.name,
        encoding: report.encoding.name(),
        compressed: linear(&times.compressed),
        shrunk_dense: linear(&times.shrunk),
        original_dense: times.original.as_ref().map(linear),
        direct_kernel: times.direct.map(|kernel| kernel.name),
    }
}
