//! The table for programs; the help of `curt table` names the keys.

use super::column::{Column, Columns};
use super::machine::Machine;
use super::published::{Kind, Published};
use super::rows::{Group, Measured, Results, Row};
use crate::statistics::interval_percent;
use serde::Serialize;
use serde_json::Value;

#[derive(Serialize)]
struct TableJson<'a> {
    images: usize,
    training_images: Option<usize>,
    date: &'a str,
    machine: &'a Machine,
    rows: Vec<RowJson<'a>>,
    groups: Vec<GroupJson<'a>>,
    published_only: Vec<MethodJson<'a>>,
}

#[derive(Serialize)]
struct RowJson<'a> {
    record: &'a str,
    network: &'a str,
    method: &'a str,
    label: &'a str,
    seed: u64,
    group: Option<&'a str>,
    augmentation: Option<&'a str>,
    test_looks: u32,
    command: &'a str,
    note: Option<String>,
    kept_weights: Option<u64>,
    kept_percent: Option<f64>,
    kept_architecture: Option<&'a str>,
    start_parameters: Option<u64>,
    bits_per_layer: Option<Vec<Option<f64>>>,
    encodings: Option<Vec<&'a str>>,
    error_percent: Option<f64>,
    pruning_bytes: Option<u64>,
    fast_bytes: Option<u64>,
    maximum_bytes: Option<u64>,
    ns_per_image: Option<f64>,
    shrunk_dense_ns_per_image: Option<f64>,
    original_dense_ns_per_image: Option<f64>,
    files: Columns<FileJson>,
    published: Vec<PublishedJson<'a>>,
}

#[derive(Serialize)]
struct FileJson {
    file: String,
    bytes: u64,
    ratio: Option<f64>,
    ratio_of_start: Option<f64>,
    error_percent: f64,
    /// The 95 % interval of the error.
    error_interval_percent: [f64; 2],
    training_label_bits: Option<f64>,
    ns_per_image: f64,
}

#[derive(Serialize)]
struct GroupJson<'a> {
    group: &'a str,
    network: &'a str,
    method: &'a str,
    rows: Vec<&'a str>,
    best: &'a str,
    /// The name of the row of median error.
    median: &'a str,
    kept_percent: Option<f64>,
    error_percent: Option<f64>,
    pruning_bytes: Option<f64>,
    fast_bytes: Option<f64>,
    maximum_bytes: Option<f64>,
    ns_per_image: Option<f64>,
}

/// The published figures of a method without a row.
#[derive(Serialize)]
struct MethodJson<'a> {
    network: &'a str,
    method: &'a str,
    published: Vec<PublishedJson<'a>>,
}

#[derive(Serialize)]
struct PublishedJson<'a> {
    label: &'a str,
    column: Option<Column>,
    kind: Kind,
    ratio: Option<f64>,
    bytes: Option<f64>,
    error_percent: Option<f64>,
    kept_percent: Option<f64>,
    kept_architecture: Option<&'a str>,
    bits_per_layer: Option<&'a str>,
    source: &'a str,
}

/// The object of `curt table --json`.
pub(crate) fn json(results: &Results) -> Value {
    let networks = results.networks();
    let groups: Vec<Group<'_>> = networks.iter().flat_map(|network| results.groups(network)).collect();
    let table = TableJson {
        images: results.images,
        training_images: results.training_images,
        date: &results.machine.date,
        machine: &results.machine,
        rows: results.rows.iter().map(|row| row_json(results, row)).collect(),
        groups: groups.iter().map(group_json).collect(),
        published_only: networks.iter().flat_map(|network| published_only(results, network)).collect(),
    };
    crate::answer::to_json(&table)
}

fn row_json<'a>(results: &'a Results, row: &'a Row) -> RowJson<'a> {
    let record = &row.record;
    let bytes = |column| row.files.get(column).map(|file: &Measured| file.bytes);
    let layers = row.layers.as_deref();
    RowJson {
        record: &record.stem,
        network: &row.network,
        method: &record.method,
        label: &record.label,
        seed: record.seed,
        group: record.group.as_deref(),
        augmentation: record.augmentation.as_deref(),
        test_looks: record.test_looks,
        command: &record.command,
        note: row.note(),
        kept_weights: row.kept.as_ref().map(|(weights, _)| *weights),
        kept_percent: row.kept_percent(),
        kept_architecture: row.kept.as_ref().map(|(_, architecture)| architecture.as_str()),
        start_parameters: row.record.start.as_ref().map(|start| start.size.parameters),
        bits_per_layer: layers.map(|layers| layers.iter().map(|(bits, _)| *bits).collect()),
        encodings: layers.map(|layers| layers.iter().map(|(_, encoding)| encoding.as_str()).collect()),
        error_percent: row.main_file().map(|file| file.error_percent),
        pruning_bytes: bytes(Column::Pruning),
        fast_bytes: bytes(Column::Fast),
        maximum_bytes: bytes(Column::Maximum),
        ns_per_image: row.main_file().map(|file| file.ns),
        shrunk_dense_ns_per_image: row.dense.as_ref().map(|dense| dense.shrunk_ns),
        original_dense_ns_per_image: row.dense.as_ref().and_then(|dense| dense.original_ns),
        files: row.files.map(|column, file| file_json(results, row, column, file)),
        published: results.published(&row.network, Some(&record.method)).into_iter().map(published_json).collect(),
    }
}

fn file_json(results: &Results, row: &Row, column: Column, file: &Measured) -> FileJson {
    FileJson {
        file: row.record.file_name(column),
        bytes: file.bytes,
        ratio: row.original.map(|original| original.ratio(file.bytes)),
        ratio_of_start: row.record.start.as_ref().map(|start| start.size.ratio(file.bytes)),
        error_percent: file.error_percent,
        error_interval_percent: interval_percent(file.misclassified, results.images),
        training_label_bits: file.training_label_bits,
        ns_per_image: file.ns,
    }
}

fn group_json<'a>(group: &'a Group<'a>) -> GroupJson<'a> {
    let bytes = |column| group.median(|row| row.files.get(column).map(|file| file.bytes as f64));
    let best = group.best();
    GroupJson {
        group: group.name,
        network: &best.network,
        method: &best.record.method,
        rows: group.rows.iter().map(|row| row.record.stem.as_str()).collect(),
        best: &best.record.stem,
        median: &group.median_row().record.stem,
        kept_percent: group.median(Row::kept_percent),
        error_percent: group.median(|row| row.main_file().map(|file| file.error_percent)),
        pruning_bytes: bytes(Column::Pruning),
        fast_bytes: bytes(Column::Fast),
        maximum_bytes: bytes(Column::Maximum),
        ns_per_image: group.median(|row| row.main_file().map(|file| file.ns)),
    }
}

/// The methods of a network that have published figures and no row.
fn published_only<'a>(results: &'a Results, network: &'a str) -> Vec<MethodJson<'a>> {
    let published = results.published(network, None);
    let mut methods: Vec<&str> = Vec::new();
    for method in published.iter().map(|published| published.method.as_str()) {
        if !methods.contains(&method) && !results.rows_of(network).any(|row| row.record.method == method) {
            methods.push(method);
        }
    }
    let of = |method| results.published(network, Some(method)).into_iter().map(published_json).collect();
    methods.into_iter().map(|method| MethodJson { network, method, published: of(method) }).collect()
}

fn published_json(published: &Published) -> PublishedJson<'_> {
    PublishedJson {
        label: &published.label,
        column: published.column,
        kind: published.kind,
        ratio: published.ratio,
        bytes: published.bytes,
        error_percent: published.error_percent,
        kept_percent: published.kept_percent,
        kept_architecture: published.kept_architecture.as_deref(),
        bits_per_layer: published.bits_per_layer.as_deref(),
        source: &published.source,
    }
}
