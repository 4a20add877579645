//! `curt bench`: its fields and tables. How long anything takes is not tested.

use super::samples::network;
use super::{Folder, curt, golden, keys};
use serde_json::Value;

const KEYS: [&str; 12] = [
    "batch",
    "input",
    "isa",
    "layers",
    "limits",
    "model",
    "network",
    "other_operators",
    "prepared_bytes",
    "sum",
    "total",
    "warnings",
];
const LAYER_KEYS: [&str; 9] =
    ["encoding", "isa", "kernel", "name", "ns", "percent_of_limit", "read_bytes", "shrunk_dense_ns", "speedup"];
const TOTAL_KEYS: [&str; 5] = ["ns", "original_dense_ns", "shrunk_dense_ns", "speedup", "worst_ns"];

fn bench(args: &[&str]) -> Value {
    curt(&[&["bench", "--seconds", "0.02", "--json"], args].concat()).ok().json()
}

/// Panics unless the fields are there, positive, and add up.
fn check(json: &Value) {
    assert_eq!((keys(json), keys(&json["total"])), (KEYS.to_vec(), TOTAL_KEYS.to_vec()));
    let layers = json["layers"].as_array().unwrap();
    for layer in layers {
        assert_eq!(keys(layer), LAYER_KEYS);
        for key in ["ns", "shrunk_dense_ns", "read_bytes", "percent_of_limit"] {
            assert!(layer[key].as_f64().unwrap() > 0.0, "{key}: {layer}");
        }
        let times = ["shrunk_dense_ns", "ns", "speedup"].map(|key| layer[key].as_f64().unwrap());
        assert!((times[0] / times[1] - times[2]).abs() < 1e-9, "{layer}");
    }
    for key in ["ns", "shrunk_dense_ns"] {
        let parts = [&json["input"], &json["other_operators"]].into_iter().chain(layers);
        let sum: f64 = parts.map(|part| part[key].as_f64().unwrap()).sum();
        assert!((sum - json["sum"][key].as_f64().unwrap()).abs() < 1e-6 * sum, "{key}: {json}");
        assert!(json["total"][key].as_f64().unwrap() > 0.0);
    }
    assert!(json["total"]["worst_ns"].as_f64().unwrap() > 0.0);
    let limits = &json["limits"];
    assert!(limits["gflop_per_s"].as_f64().unwrap() > 0.0 && limits["multiplied_by"].is_string());
    assert_eq!(limits["reads"].as_array().unwrap().len(), 4);
}

#[test]
fn every_layer_has_its_fields_and_the_parts_add_up() {
    let folder = Folder::new("bench");
    let model = folder.file("m.curt", &network(true));
    let json = bench(&[&model, "--batch", "3"]);
    check(&json);
    let names: Vec<&str> = json["layers"].as_array().unwrap().iter().map(|layer| layer["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["fc1", "fc2", "fc3"]);
    assert_eq!((&json["model"], &json["batch"]), (&model.into(), &3.into()));
    assert!(json["total"]["original_dense_ns"].as_f64().unwrap() > 0.0);
}

#[test]
fn several_models_are_an_array_and_a_summary() {
    let folder = Folder::new("bench-several");
    let models = [folder.file("a.curt", &network(false)), golden("valid/operator-softmax.curt")];
    let models = [models[0].as_str(), models[1].as_str()];
    let json = bench(&models);
    let all = json.as_array().unwrap();
    assert_eq!(all.len(), 2);
    all.iter().for_each(check);
    assert_eq!(all[0]["total"]["original_dense_ns"], Value::Null);
    assert!(all[1]["other_operators"]["ns"].as_f64().unwrap() > 0.0, "softmax has a step: {json}");
    let ran = curt(&[&["bench", "--seconds", "0.02"], &models[..]].concat()).ok();
    for part in ["other operators", "sum of these", "whole network", "inputs without a zero", "of limit", "GB/s", "linear1"] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    let summary = ran.stdout.lines().filter(|line| line.starts_with(models[1])).count();
    assert_eq!(summary, 2, "a table and a line of the summary: {}", ran.stdout);
    assert!(ran.stderr.contains(&format!("{}: no times of the original network", models[0])), "{}", ran.stderr);
}

#[test]
fn synthetic_layers_are_timed_beside_dense_floats() {
    let kinds = [("ternary", "ternary"), ("sparse90", "sparse_f32"), ("block16x1-90", "block_f32")];
    for (kind, encoding) in kinds {
        let layer = format!("{kind}:70x50");
        let json = bench(&["--layer", &layer, "--batch", "1"]);
        check(&json);
        assert_eq!((&json["model"], json["layers"].as_array().unwrap().len()), (&layer.into(), 1));
        assert_eq!(json["layers"][0]["encoding"], encoding);
    }
    for wrong in [&["--layer", "ternary:70"][..], &["--layer", "dense:9x9", "m.curt"]] {
        assert_eq!(curt(&[&["bench"], wrong].concat()).code, 2, "{wrong:?}");
    }
}

#[test]
fn a_convolution_is_timed_whole() {
    let json = bench(&[concat!(env!("CARGO_MANIFEST_DIR"), "/../models/lenet-5-relu-rate-1.curt")]);
    check(&json);
    let kernel = json["layers"][0]["kernel"].as_str().unwrap();
    assert!(kernel.starts_with("direct, ") || kernel.starts_with("im2col, "), "{kernel}");
}

const CASE_KEYS: [&str; 8] = ["batch", "best", "best_ns", "candidates", "layer", "loss_percent", "pick", "pick_ns"];

#[test]
fn the_picks_of_plans_are_checked_against_every_form() {
    let json = bench(&["--check-plan", "16x100"]);
    assert_eq!(keys(&json), ["cases", "isa", "median_loss_percent", "within_10_percent", "worst_loss_percent"]);
    let cases = json["cases"].as_array().unwrap();
    let mut within = 0;
    for case in cases {
        assert_eq!(keys(case), CASE_KEYS);
        let [pick, best, loss] = ["pick_ns", "best_ns", "loss_percent"].map(|key| case[key].as_f64().unwrap());
        let candidates = case["candidates"].as_array().unwrap();
        let ns = candidates.iter().map(|form| form["ns"].as_f64().unwrap());
        assert!(best > 0.0 && best == ns.fold(f64::INFINITY, f64::min) && candidates[0]["ns"] == pick, "{case}");
        assert!(candidates[0]["kernel"] == case["pick"] && (100.0 * (pick / best - 1.0) - loss).abs() < 1e-9, "{case}");
        assert!(loss <= json["worst_loss_percent"].as_f64().unwrap());
        within += usize::from(loss <= 10.0);
    }
    assert_eq!((cases.len(), &json["within_10_percent"]), (24, &within.into()), "12 kinds, batch 1 and 16");
    let ran = curt(&["bench", "--seconds", "0.01", "--check-plan", "ternary:10x13"]).ok();
    assert!(ran.stdout.contains("2 of 2 picks are within 10 %"), "a ternary layer has one form: {}", ran.stdout);
    for wrong in [&["--check-plan", "sparse81"][..], &["--check-plan", "--layer", "dense:9x9"]] {
        assert_eq!(curt(&[&["bench"], wrong].concat()).code, 2, "{wrong:?}");
    }
}
