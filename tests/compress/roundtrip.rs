//! A posterior through the compressor, opened and run.

use curt::compress::{CompressOptions, Compressed, Validation, compress};
use curt::encoding::Encoding;
use curt::format::layer_table_bytes;
use curt::graph::Op;
use curt::posterior::Posterior;
use curt::{Input, Limits, Model, Session};
use curt_dev::posterior::corners::{self, CLASSES, HIDDEN, INFORMATIVE, PIXELS, USED};

pub fn run(file: &curt_dev::posterior::PosteriorFile, options: &CompressOptions) -> (Compressed, Model) {
    let posterior = Posterior::from_bytes(&file.bytes()).unwrap();
    let (images, labels) = corners::samples(480);
    let validation = Validation { samples: Input::U8(&images), labels: &labels };
    let compressed = compress(&posterior, &validation, options, &mut |_, _, _| {}).unwrap();
    let model = Model::from_bytes(&compressed.bytes, &Limits::DEFAULT).unwrap();
    (compressed, model)
}

pub fn outputs(model: &Model, images: &[u8]) -> Vec<f32> {
    let mut session = Session::new(model).unwrap();
    let mut out = vec![0.0; images.len() / PIXELS * CLASSES];
    session.run(images, &mut out).unwrap();
    out
}

/// Options that leave every layer in one encoding.
pub fn only(encoding: Encoding) -> CompressOptions {
    CompressOptions::new().encodings([encoding])
}

#[test]
fn groups_with_a_high_dropout_rate_vanish_and_the_answer_stays() {
    let (compressed, model) = run(&corners::gnj(), &CompressOptions::new());
    let report = &compressed.report;
    assert_eq!((report.layers[0].kept, report.layers[1].kept), ((3, 3), (3, 3)));
    assert_eq!(report.validation.full.errors, 30, "one label in 16 is wrong, and nothing else");
    assert!(report.validation.within_budget && report.validation.compressed.errors <= 30);
    let ops: Vec<&str> = model.graph().nodes().iter().map(|node| node.op.name()).collect();
    assert_eq!(ops, ["linear", "relu", "linear"], "gathered inputs need no flattening");
    assert_eq!(model.tables().input_mask.as_ref().unwrap().indices().collect::<Vec<_>>(), INFORMATIVE);
    let origin = model.origin().unwrap();
    assert_eq!((origin.network.as_str(), origin.method.as_str()), ("corners", "gnj"));
    let names: Vec<&str> = origin.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["fc1", "relu1", "fc2"]);
    let masks = |i: usize| {
        let shape = origin.nodes[i].shape.as_ref().unwrap();
        (shape.rows.indices().collect::<Vec<_>>(), shape.cols.indices().collect::<Vec<_>>(), shape.rows.len(), shape.cols.len())
    };
    assert_eq!(masks(0), (USED.to_vec(), INFORMATIVE.to_vec(), HIDDEN, PIXELS));
    assert_eq!(masks(2), (vec![0, 1, 2], USED.to_vec(), CLASSES, HIDDEN));
}

/// Weights on a grid are stored as they are, whatever the budget would allow.
#[test]
fn weights_on_a_grid_keep_their_step_and_their_integers() {
    let file = corners::rate();
    let options = CompressOptions::new().max_error_increase(50.0).max_loss_increase(1e3);
    let (compressed, model) = run(&file, &options);
    assert_eq!(compressed.report.method, "rate");
    let [fc1, _, fc2, _] = corners::weights();
    for (l, (weights, cols)) in [(fc1, PIXELS), (fc2, HIDDEN)].into_iter().enumerate() {
        let step = corners::STEPS[l];
        let node = if l == 0 { 0 } else { 2 };
        let kept = model.origin().unwrap().nodes[node].shape.as_ref().unwrap();
        let expected = kept.rows.indices().flat_map(|row| {
            let weights = &weights;
            kept.cols.indices().map(move |col| (weights[row * cols + col] / step).round() * step)
        });
        let expected: Vec<f32> = expected.collect();
        assert!(expected.iter().any(|&weight| weight != 0.0));
        assert_eq!(model.weights(l).decode(), expected, "layer {l}");
    }
    let fixed = options.encodings([Encoding::FixedPoint { bits: 8 }]);
    let (compressed, model) = run(&file, &fixed);
    assert_eq!(model.tables().layers.iter().map(|layer| layer.levels[0]).collect::<Vec<_>>(), corners::STEPS);
    assert_eq!(compressed.report.layers[0].encoding, "fixed_point:8");
}

#[test]
fn a_file_of_floats_computes_the_masked_posterior_mean() {
    let file = corners::gnj();
    let (_, model) = run(&file, &only(Encoding::DenseF32));
    let [fc1, bias1, fc2, bias2] = corners::weights();
    let mask = |weights: &[f32], cols: usize, used: &[usize]| -> Vec<f64> {
        weights.iter().enumerate().map(|(i, &w)| if used.contains(&(i % cols)) { f64::from(w) } else { 0.0 }).collect()
    };
    let (fc1, fc2) = (mask(&fc1, PIXELS, &INFORMATIVE), mask(&fc2, HIDDEN, &USED)); // the scales kept are 1
    let (images, _) = corners::samples(64);
    for (image, found) in images.chunks_exact(PIXELS).zip(outputs(&model, &images).chunks_exact(CLASSES)) {
        for (found, expected) in found.iter().zip(corners::run(image, &fc1, &bias1, &fc2, &bias2)) {
            assert!((f64::from(*found) - expected).abs() < 1e-5, "{found}, expected {expected}");
        }
    }
}

#[test]
fn a_masked_weight_is_zero_in_every_encoding() {
    let file = corners::plain();
    let [fc1, _, fc2, _] = corners::weights();
    for encoding in CompressOptions::new().encodings {
        let (compressed, model) = run(&file, &only(encoding));
        let origin = model.origin().unwrap();
        let shapes: Vec<_> = origin.nodes.iter().filter_map(|node| node.shape.as_ref()).collect();
        for (l, (original, cols)) in [(&fc1, PIXELS), (&fc2, HIDDEN)].into_iter().enumerate() {
            let decoded = model.weights(l).decode();
            let places = shapes[l].rows.indices().flat_map(|row| shapes[l].cols.indices().map(move |col| row * cols + col));
            let mut masked = 0;
            for (place, weight) in places.zip(decoded) {
                let pruned = original[place].abs() < 0.02;
                masked += usize::from(pruned);
                assert!(!pruned || weight == 0.0, "{encoding}: weight {place} is {weight}");
            }
            assert!(masked > 0, "the mask was tested");
        }
        assert_eq!(compressed.report.layers[0].threshold, None);
    }
}

#[test]
fn the_same_arguments_give_the_same_bytes() {
    let (first, _) = run(&corners::gnj(), &CompressOptions::new());
    let (second, _) = run(&corners::gnj(), &CompressOptions::new());
    assert_eq!(first.bytes, second.bytes);
    assert_eq!(first.report.to_json(), second.report.to_json());
}

#[test]
fn the_budget_holds_for_each_size_of_it() {
    let mut sizes = Vec::new();
    for points in [0.0, 1.0, 5.0, 40.0] {
        let options = CompressOptions::new().max_error_increase(points).max_loss_increase(f64::INFINITY);
        let (compressed, _) = run(&corners::plain(), &options);
        let report = compressed.report;
        let allowed = report.validation.full.errors + (points * 4.8).round() as u64; // 480 samples
        assert!(
            report.validation.compressed.errors <= allowed,
            "{points} points: {} errors",
            report.validation.compressed.errors
        );
        assert!(report.validation.within_budget);
        sizes.push(report.layers.iter().map(|layer| layer.weight_bytes).sum::<u64>());
    }
    assert!(sizes[3] < 4 * (HIDDEN * PIXELS + HIDDEN * CLASSES) as u64 / 4, "{sizes:?}");
}

#[test]
fn the_report_counts_what_the_file_holds() {
    let (compressed, model) = run(&corners::gnj(), &CompressOptions::new());
    let report = compressed.report.to_json();
    assert_eq!(report["totals"]["file_bytes"], compressed.bytes.len());
    assert_eq!(report["totals"]["original_bytes"], 4 * (HIDDEN * (PIXELS + 1) + CLASSES * (HIDDEN + 1)));
    assert_eq!(report["totals"]["kept_weights"], 18);
    assert_eq!(report["training"]["seed"], 7);
    let (images, labels) = corners::samples(480);
    let out = outputs(&model, &images);
    let wrong = out.chunks_exact(CLASSES).zip(&labels).filter(|(out, label)| {
        let best = (0..CLASSES).max_by(|&a, &b| out[a].total_cmp(&out[b])).unwrap();
        best != **label as usize
    });
    assert_eq!(report["validation"]["compressed"]["errors"], wrong.count());
    for (l, layer) in report["layers"].as_array().unwrap().iter().enumerate() {
        let weights = model.weights(l).decode();
        assert_eq!(layer["nonzero"], weights.iter().filter(|&&w| w != 0.0).count());
        let Op::Linear(linear) = model.graph().nodes()[model.layers()[l].node].op else { panic!("a linear node") };
        assert_eq!(layer["encoding"], linear.encoding.to_string());
        let array = linear.encoding.array_bytes(linear.pattern, linear.rows, model.layers()[l].cols).unwrap();
        assert_eq!(layer["weight_bytes"], array + layer_table_bytes(&model.tables().layers[l], model.layers()[l].cols));
        // log s_z^2 = -9 and s^2 = e^-7 leave V near e^-7 (and e^-9 mu^2): 2 V lies between 2^-9 and 2^-10.
        assert_eq!(layer["reference_bits"].as_u64().unwrap(), 1 + report["totals"]["exponent_bits"].as_u64().unwrap() + 9);
    }
    assert!(compressed.report.to_string().contains("fc2"));
}
