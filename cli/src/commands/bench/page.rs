//! The text for people: a table for each model, and one of all.

use super::Outcome;
use crate::table::Table;
use crate::text::{encoding_text, grouped, headline, nanoseconds, ratio};
use curt::measure::{LayerTimes, MachineLimits};

pub(super) fn page(outcomes: &[Outcome], limits: &MachineLimits) -> String {
    let mut text: String = outcomes.iter().map(|outcome| model(outcome, limits) + "\n").collect();
    if outcomes.len() > 1 {
        text += &format!("{}\n", summary(outcomes));
    }
    let reads: Vec<String> = limits.reads.iter().map(|read| format!("{} {:.1} GB/s", read.memory, read.gb_per_s)).collect();
    text + &format!("limits of one thread: {}; {:.1} GFLOP/s ({})\n", reads.join(", "), limits.gflop_per_s, limits.multiplied_by)
}

fn model(outcome: &Outcome, limits: &MachineLimits) -> String {
    let (times, whole) = (&outcome.times, &outcome.times.whole);
    let mut table = Table::new(&["<part", "<stored as", "shape", "reads", "time", "dense f32", "gain", "of limit", "<kernel"]);
    let part = |name: &str, ns: Option<f64>, dense_ns: Option<f64>| {
        let empty = std::iter::repeat_n(String::new(), 3);
        let times = [ns, dense_ns].map(|ns| ns.map(nanoseconds).unwrap_or_default());
        std::iter::once(name.to_owned()).chain(empty).chain(times).collect::<Vec<String>>()
    };
    let (ns, shrunk_ns) = (whole.compressed.median_ns, whole.shrunk.median_ns);
    let gain = |dense_ns: f64| [ratio(dense_ns, ns)];
    table.row(part("input", Some(times.input.ns), Some(times.input.shrunk_ns)));
    times.layers.iter().for_each(|times| table.row(layer(outcome, times, limits)));
    table.row(part("other operators", Some(times.others.ns), Some(times.others.shrunk_ns)));
    table.row(part("sum of these", Some(times.sum().ns), Some(times.sum().shrunk_ns)));
    table.row(part("whole network", Some(ns), Some(shrunk_ns)).into_iter().chain(gain(shrunk_ns)));
    if let Some(original) = whole.original {
        table.row(part("original network", None, Some(original.median_ns)).into_iter().chain(gain(original.median_ns)));
    }
    table.row(part("inputs without a zero", Some(times.worst.median_ns), None));
    let mut text = format!(
        "{}: {}\n{}, batch {}; times are medians for one sample, dense f32 is the same shape\n\n{table}",
        outcome.model,
        headline(&outcome.report),
        outcome.isa,
        outcome.batch
    );
    if outcome.prepared_bytes > 0 {
        text +=
            &format!("{} bytes of weights are held in another layout than the file's\n", grouped(outcome.prepared_bytes as u64));
    }
    text
}

/// The cells of a layer.
fn layer(outcome: &Outcome, times: &LayerTimes, limits: &MachineLimits) -> [String; 9] {
    let (report, work) = (&outcome.report.layers[times.work.layer], &times.work);
    [
        report.name.clone(),
        encoding_text(report.encoding),
        format!("{}x{}", report.kept_shape.0, report.kept_shape.1),
        format!("{} B", grouped(times.read_bytes.round() as u64)),
        nanoseconds(times.time.ns),
        nanoseconds(times.time.shrunk_ns),
        ratio(times.time.shrunk_ns, times.time.ns),
        format!("{:.0} %", outcome.percent_of_limit(times, limits)),
        format!("{} ({})", work.kernel, work.isa.name()),
    ]
}

/// A line for each model.
fn summary(outcomes: &[Outcome]) -> Table {
    let mut table = Table::new(&["<model", "time", "no zero in", "dense f32", "gain", "original", "gain"]);
    for outcome in outcomes {
        let (whole, worst) = (&outcome.times.whole, outcome.times.worst);
        let ns = whole.compressed.median_ns;
        let mut cells = vec![outcome.model.clone(), nanoseconds(ns), nanoseconds(worst.median_ns)];
        for dense in [Some(whole.shrunk), whole.original].into_iter().flatten() {
            cells.extend([nanoseconds(dense.median_ns), ratio(dense.median_ns, ns)]);
        }
        table.row(cells);
    }
    table
}
