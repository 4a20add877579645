//! `curt bench`: the times of a model and of its dense twins, for each layer and for the whole network.

mod fields;
mod input;
mod page;
mod plan;

use crate::answer::{Answer, to_json};
use crate::exit::{Failure, warn};
use crate::progress;
use crate::samples::embedded;
use crate::text::{ratio, seconds};
use clap::builder::ArgPredicate;
use curt::inspect::Report;
use curt::measure::{Budget, Comparison, LayerTimes, MachineLimits, SyntheticLayer, Times, time_parts};
use curt::{Isa, Model, SessionOptions};
use input::Inputs;
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;

/// Options of `bench`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Compares each model with the same network stored as dense f32, at its shrunk and at its original shape, on Curt's own
kernels, on one thread. Networks, layers and other operators take turns. The time of a layer is that of its whole step,
with the activations that really reach it. The dense networks are timed with -2^-50 in place of each weight of zero, as
a dense runtime multiplies all weights; their outputs are checked first. Models that read 784 bytes are fed the built-in
digits, others made-up numbers. `worst_ns` is the time for inputs without a zero, since a kernel may skip activations of zero.
A warning names each layer or network that dense f32 runs faster. With several models, --json prints an array.

Examples:
  curt bench model.curt
  curt bench models/*.curt --json
  curt bench model.curt --batch 64 --seconds 5
  curt bench --layer ternary:1024x1024
  curt bench --check-plan
  curt bench --check-plan sparse80 --seconds 0.5 --json
Layers: dense, ternary, codebook16 (32, 256), fixed4, sparse90 (50, 80, 95, 98; 90 % zeros) and block16x1-90 (90 % of blocks
of 16 rows are zero). --check-plan times these kinds at many shapes, and convolutions, in every form that a plan may take:
weights as stored or expanded to floats, im2col or direct convolution. It prints how far the plan's pick is from the fastest."
)]
pub(crate) struct BenchArgs {
    /// The models [default: the built-in LeNet-300-100]
    pub(crate) models: Vec<PathBuf>,
    /// Time one linear layer with random weights instead of a model
    #[arg(long, value_name = "KIND:ROWSxCOLS", conflicts_with = "models")]
    pub(crate) layer: Option<SyntheticLayer>,
    /// Check what plans pick against every other form, on synthetic layers [whose names contain TEXT]
    #[arg(long, value_name = "TEXT", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["models", "layer", "batch"])]
    pub(crate) check_plan: Option<String>,
    /// Samples computed together
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=65536))]
    pub(crate) batch: u32,
    /// Seconds of measuring for each model; with --check-plan, for each layer [default there: 0.1]
    #[arg(long, value_name = "S", default_value_t = 2.0, default_value_if("check_plan", ArgPredicate::IsPresent, "0.1"), value_parser = seconds)]
    pub(crate) seconds: f64,
}

/// The time for each loop that measures a limit of the machine.
const LIMIT_TIME: Duration = Duration::from_millis(30);

/// The measurements of a model.
struct Outcome {
    /// The path of the model, or what was asked for instead.
    model: String,
    report: Report,
    isa: &'static str,
    batch: usize,
    prepared_bytes: usize,
    times: Times,
    warnings: Vec<String>,
}

pub(crate) fn run(options: &BenchArgs) -> Result<Answer, Failure> {
    let time = Duration::from_secs_f64(options.seconds);
    if let Some(text) = &options.check_plan {
        return plan::check(text, time);
    }
    let models = models(options)?;
    let batch = usize::try_from(options.batch).unwrap_or(1);
    let bar = progress::bar(models.len() as u64, "timing");
    let outcomes = bar.wrap_iter(models.into_iter()).map(|(name, model)| measure(name, &model, batch, time));
    let outcomes = outcomes.collect::<Result<Vec<_>, Failure>>();
    bar.finish_and_clear();
    let outcomes = outcomes?;
    let limits = MachineLimits::measure(Isa::from_env()?, LIMIT_TIME)?;
    let is_several = outcomes.len() > 1;
    for outcome in &outcomes {
        let name = if is_several { format!("{}: ", outcome.model) } else { String::new() };
        outcome.warnings.iter().for_each(|warning| warn(format_args!("{name}{warning}")));
    }
    let mut json: Vec<Value> = outcomes.iter().map(|outcome| to_json(&fields::fields(outcome, &limits))).collect();
    let json = if is_several { Value::Array(json) } else { json.pop().unwrap_or_default() };
    Ok(Answer { text: page::page(&outcomes, &limits), json })
}

/// What is timed, each with a name.
fn models(options: &BenchArgs) -> Result<Vec<(String, Model)>, Failure> {
    if let Some(layer) = options.layer {
        return Ok(vec![(layer.to_string(), layer.model()?)]);
    }
    if options.models.is_empty() {
        return Ok(vec![("built-in".to_owned(), embedded::model(None)?)]);
    }
    let open = |path: &PathBuf| Ok((path.display().to_string(), embedded::model(Some(path))?));
    options.models.iter().map(open).collect()
}

fn measure(name: String, model: &Model, batch: usize, time: Duration) -> Result<Outcome, Failure> {
    let mut comparison = Comparison::new(model, &SessionOptions::new().batch(batch))?;
    let inputs = Inputs::new(model.graph().input(), batch)?;
    let times = time_parts(&mut comparison, [inputs.typical(), inputs.worst()], batch, &Budget::of(time))?;
    let report = Report::new(model);
    let mut warnings = warnings(&report, &times);
    warnings.extend(comparison.note().map(|note| format!("no times of the original network: {note}")));
    Ok(Outcome {
        model: name,
        report,
        isa: comparison.session().isa().name(),
        batch,
        prepared_bytes: comparison.session().prepared_bytes(),
        times,
        warnings,
    })
}

/// A warning for each layer, and for the network, that dense f32 runs faster.
fn warnings(report: &Report, times: &Times) -> Vec<String> {
    let layers = times.layers.iter().filter(|layer| layer.time.shrunk_ns < layer.time.ns);
    let layers = layers.map(|layer| {
        let by = ratio(layer.time.ns, layer.time.shrunk_ns);
        format!("layer {}: dense f32 at the same shape is faster here ({by})", report.layers[layer.work.layer].name)
    });
    let (whole, shrunk) = (times.whole.compressed.median_ns, times.whole.shrunk.median_ns);
    let network = (shrunk < whole).then(|| {
        let by = ratio(whole, shrunk);
        format!("the whole network as dense f32 at the same shape is faster here ({by})")
    });
    layers.chain(network).collect()
}

impl Outcome {
    /// How much of what the machine allows a layer reaches, in percent.
    fn percent_of_limit(&self, layer: &LayerTimes, limits: &MachineLimits) -> f64 {
        let batch = self.batch as f64;
        100.0 * limits.least_ns(layer.read_bytes, layer.multiply_adds * batch) / (layer.time.ns * batch)
    }
}
