//! The table for programs; the help of `curt table` names the keys.

use super::published::Published;
use super::{COLUMNS, Column, Group, Results, Row};
use serde_json::{Value, json};

/// The object of `curt table --json`.
pub(crate) fn json(results: &Results) -> Value {
    let networks = results.networks();
    let groups = networks.iter().flat_map(|network| results.groups(network));
    json!({
        "images": results.images,
        "date": results.machine.date,
        "machine": results.machine.json(),
        "rows": results.rows.iter().map(|row| row_json(results, row)).collect::<Vec<_>>(),
        "groups": groups.map(|group| group_json(&group)).collect::<Vec<_>>(),
        "published_only": networks.iter().flat_map(|network| published_only(results, network)).collect::<Vec<_>>(),
    })
}

fn row_json(results: &Results, row: &Row) -> Value {
    let bytes = |column| row.file(column).map(|file| file.bytes);
    let file = |column: Column| {
        row.file(column).map(|file| {
            json!({
                "file": row.record.file_name(column),
                "bytes": file.bytes,
                "ratio": row.ratio(file),
                "error_percent": file.error_percent,
                "ns_per_image": file.ns,
            })
        })
    };
    let files: serde_json::Map<String, Value> =
        COLUMNS.into_iter().map(|column| (column.name().to_owned(), json!(file(column)))).collect();
    let published = results.published(&row.network, Some(&row.record.method));
    json!({
        "record": row.record.stem,
        "network": row.network,
        "method": row.record.method,
        "label": row.record.label,
        "seed": row.record.seed,
        "group": row.record.group,
        "augmentation": row.record.augmentation,
        "command": row.record.command,
        "note": row.note(),
        "kept_weights": row.kept.as_ref().map(|(weights, _)| weights),
        "kept_percent": row.kept_percent(),
        "kept_architecture": row.kept.as_ref().map(|(_, architecture)| architecture),
        "bits_per_layer": row.layers.as_ref().map(|layers| layers.iter().map(|(bits, _)| *bits).collect::<Vec<_>>()),
        "encodings": row.layers.as_ref().map(|layers| layers.iter().map(|(_, encoding)| encoding).collect::<Vec<_>>()),
        "error_percent": row.main_file().map(|file| file.error_percent),
        "pruning_bytes": bytes(Column::Pruning),
        "fast_bytes": bytes(Column::Fast),
        "maximum_bytes": bytes(Column::Maximum),
        "ns_per_image": row.main_file().map(|file| file.ns),
        "shrunk_dense_ns_per_image": row.dense.as_ref().map(|dense| dense.shrunk_ns),
        "original_dense_ns_per_image": row.dense.as_ref().and_then(|dense| dense.original_ns),
        "files": files,
        "published": published.into_iter().map(published_json).collect::<Vec<_>>(),
    })
}

fn group_json(group: &Group<'_>) -> Value {
    let bytes = |column| group.median(|row| row.file(column).map(|file| file.bytes as f64));
    let best = group.best();
    json!({
        "group": group.name,
        "network": best.network,
        "method": best.record.method,
        "rows": group.rows.iter().map(|row| row.record.stem.as_str()).collect::<Vec<_>>(),
        "best": best.record.stem,
        "kept_percent": group.median(Row::kept_percent),
        "error_percent": group.median(|row| row.main_file().map(|file| file.error_percent)),
        "pruning_bytes": bytes(Column::Pruning),
        "fast_bytes": bytes(Column::Fast),
        "maximum_bytes": bytes(Column::Maximum),
        "ns_per_image": group.median(|row| row.main_file().map(|file| file.ns)),
    })
}

/// The methods of a network that have published figures and no row.
fn published_only(results: &Results, network: &str) -> Vec<Value> {
    let published = results.published(network, None);
    let mut methods: Vec<&str> = Vec::new();
    for method in published.iter().map(|published| published.method.as_str()) {
        if !methods.contains(&method) && !results.rows_of(network).any(|row| row.record.method == method) {
            methods.push(method);
        }
    }
    let entry = |method: &str| {
        let published = published.iter().filter(|published| published.method == method);
        json!({ "network": network, "method": method, "published": published.map(|p| published_json(p)).collect::<Vec<_>>() })
    };
    methods.into_iter().map(entry).collect()
}

fn published_json(published: &Published) -> Value {
    json!({
        "label": published.label,
        "column": published.column.map(Column::name),
        "kind": published.kind.name(),
        "ratio": published.ratio,
        "bytes": published.bytes,
        "error_percent": published.error_percent,
        "kept_percent": published.kept_percent,
        "kept_architecture": published.kept_architecture,
        "bits_per_layer": published.bits_per_layer,
        "source": published.source,
    })
}
