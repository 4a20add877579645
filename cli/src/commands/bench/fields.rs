//! The fields of `--json`.

use super::Outcome;
use crate::commands::doctor::LimitFields;
use curt::measure::{LayerTimes, MachineLimits, PartTime};
use serde::Serialize;

/// The measurements of a model.
#[derive(Serialize)]
pub(super) struct Fields<'a> {
    model: &'a str,
    network: Option<&'a str>,
    isa: &'a str,
    batch: usize,
    prepared_bytes: usize,
    input: PartFields,
    layers: Vec<LayerFields<'a>>,
    other_operators: PartFields,
    sum: PartFields,
    total: TotalFields,
    limits: LimitFields<'a>,
    warnings: &'a [String],
}

#[derive(Serialize)]
struct PartFields {
    ns: f64,
    shrunk_dense_ns: f64,
}

#[derive(Serialize)]
struct LayerFields<'a> {
    name: &'a str,
    encoding: &'a str,
    kernel: &'a str,
    isa: &'a str,
    ns: f64,
    shrunk_dense_ns: f64,
    speedup: f64,
    read_bytes: u64,
    percent_of_limit: f64,
}

#[derive(Serialize)]
struct TotalFields {
    ns: f64,
    worst_ns: f64,
    shrunk_dense_ns: f64,
    original_dense_ns: Option<f64>,
    speedup: f64,
}

pub(super) fn fields<'a>(outcome: &'a Outcome, limits: &'a MachineLimits) -> Fields<'a> {
    let (times, whole) = (&outcome.times, &outcome.times.whole);
    Fields {
        model: &outcome.model,
        network: outcome.report.network.as_deref(),
        isa: outcome.isa,
        batch: outcome.batch,
        prepared_bytes: outcome.prepared_bytes,
        input: part(times.input),
        layers: times.layers.iter().map(|layer| layer_fields(outcome, layer, limits)).collect(),
        other_operators: part(times.others),
        sum: part(times.sum()),
        total: TotalFields {
            ns: whole.compressed.median_ns,
            worst_ns: times.worst.median_ns,
            shrunk_dense_ns: whole.shrunk.median_ns,
            original_dense_ns: whole.original.map(|timing| timing.median_ns),
            speedup: whole.shrunk.median_ns / whole.compressed.median_ns,
        },
        limits: LimitFields::new(limits),
        warnings: &outcome.warnings,
    }
}

fn part(time: PartTime) -> PartFields {
    PartFields { ns: time.ns, shrunk_dense_ns: time.shrunk_ns }
}

fn layer_fields<'a>(outcome: &'a Outcome, layer: &'a LayerTimes, limits: &MachineLimits) -> LayerFields<'a> {
    let report = &outcome.report.layers[layer.work.layer];
    LayerFields {
        name: &report.name,
        encoding: report.encoding.name(),
        kernel: &layer.work.kernel,
        isa: layer.work.isa.name(),
        ns: layer.time.ns,
        shrunk_dense_ns: layer.time.shrunk_ns,
        speedup: layer.time.shrunk_ns / layer.time.ns,
        read_bytes: layer.read_bytes.round() as u64,
        percent_of_limit: outcome.percent_of_limit(layer, limits),
    }
}
