//! What the caller may choose, and what does not fit.

use crate::roundtrip::{only, outputs, run};
use curt::compress::{CompressOptions, Validation, compress, parse_encodings};
use curt::encoding::Encoding;
use curt::posterior::Posterior;
use curt::{ErrorKind, Input};
use curt_dev::posterior::PosteriorFile;
use curt_dev::posterior::corners::{self, CLASSES, PIXELS};
use serde_json::json;

#[test]
fn thresholds_and_encodings_of_the_caller_are_kept() {
    let options = CompressOptions::new()
        .threshold("fc1", 20.0)
        .threshold("fc2", 0.0)
        .layer_encodings("fc1", parse_encodings("ternary").unwrap())
        .encodings([Encoding::FixedPoint { bits: 6 }]);
    let (compressed, _) = run(&corners::gnj(), &options);
    let layers = &compressed.report.layers;
    assert_eq!((layers[0].kept, layers[1].kept), ((3, 16), (3, 3)));
    assert_eq!((layers[0].threshold, layers[1].threshold), (Some(20.0), Some(0.0)));
    assert_eq!((layers[0].encoding.as_str(), layers[1].encoding.as_str()), ("ternary", "fixed_point:6"));
}

#[test]
fn a_network_that_is_pruned_away_is_the_constant_of_its_biases() {
    let options = only(Encoding::DenseF32).threshold("fc1", -100.0).threshold("fc2", 100.0);
    let (compressed, model) = run(&corners::gnj(), &options);
    assert_eq!((compressed.report.layers[0].kept, compressed.report.layers[1].kept), ((0, 0), (3, 0)));
    assert!(!compressed.report.validation.within_budget);
    let [_, bias1, fc2, bias2] = corners::weights();
    let scale = |i: usize| if corners::USED.contains(&i) { 1.0 } else { 0.02 };
    let fc2: Vec<f64> = fc2.iter().enumerate().map(|(i, &w)| f64::from(w) * scale(i % corners::HIDDEN)).collect();
    let expected = corners::run(&[0; PIXELS], &[0.0; corners::HIDDEN * PIXELS], &bias1, &fc2, &bias2);
    for (found, expected) in outputs(&model, &[77; PIXELS]).into_iter().zip(expected) {
        assert!((f64::from(found) - expected).abs() < 1e-6, "{found}, expected {expected}");
    }
}

fn refused(file: &PosteriorFile, samples: Input<'_>, labels: &[u32], options: &CompressOptions, needle: &str) {
    let posterior = Posterior::from_bytes(&file.bytes()).unwrap();
    let error = compress(&posterior, &Validation { samples, labels }, options, &mut |_, _, _| {}).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input, "{error}");
    assert!(error.to_string().contains(needle), "{error}: expected {needle:?}");
}

#[test]
fn a_layer_of_one_value_has_no_codebook_and_says_what_holds_it() {
    let (values, labels) = ([0.25f32, -0.5, 1.0, 0.75], [0, 1]);
    let mut file = PosteriorFile::new(json!({
        "posterior": 1, "name": "one value", "method": "plain",
        "input": { "shape": [2], "dtype": "f32", "scale": [1.0], "offset": [0.0] },
        "nodes": [{ "name": "fc1", "op": "linear", "inputs": ["input"] }],
    }));
    file.floats("fc1.weight", &[3, 2], &[0.3; 6]);
    let only = |label: &str| CompressOptions::new().layer_encodings("fc1", parse_encodings(label).unwrap());
    refused(&file, Input::F32(&values), &labels, &only("codebook"), "all its weights are 0.3");
    let posterior = Posterior::from_bytes(&file.bytes()).unwrap();
    let validation = Validation { samples: Input::F32(&values), labels: &labels };
    let compressed = compress(&posterior, &validation, &only("fixed_point:2"), &mut |_, _, _| {}).unwrap();
    let model = curt::Model::from_bytes(&compressed.bytes, &curt::Limits::DEFAULT).unwrap();
    assert!(model.weights(0).decode().iter().all(|&weight| weight == 0.3));
}

#[test]
fn what_does_not_fit_is_refused() {
    let (images, labels) = corners::samples(30);
    let (gnj, plain, defaults) = (corners::gnj(), corners::plain(), CompressOptions::new());
    let bytes = Input::U8(&images);
    refused(&gnj, Input::F32(&[0.0; 480]), &labels, &defaults, "u8");
    refused(&gnj, Input::U8(&images[1..]), &labels, &defaults, "16 for each label");
    refused(&gnj, Input::U8(&[]), &[], &defaults, "16 for each label");
    refused(&gnj, bytes, &[3; 30], &defaults, "3 outputs");
    let with = |change: fn(CompressOptions) -> CompressOptions| change(CompressOptions::new());
    refused(&gnj, bytes, &labels, &with(|o| o.max_error_increase(-0.1)), "budget");
    refused(&gnj, bytes, &labels, &with(|o| o.max_error_increase(f64::NAN)), "budget");
    refused(&gnj, bytes, &labels, &with(|o| o.max_loss_increase(-1.0)), "budget");
    refused(&gnj, bytes, &labels, &with(|o| o.max_loss_increase(f64::NAN)), "budget");
    refused(&gnj, bytes, &labels, &with(|o| o.pruning_share(1.5)), "share");
    refused(&gnj, bytes, &labels, &with(|o| o.rate_weight(-1.0)), "rate");
    refused(&gnj, bytes, &labels, &with(|o| o.rate_weight(f64::INFINITY)), "rate");
    refused(&gnj, bytes, &labels, &with(|o| o.encodings([])), "empty");
    refused(&gnj, bytes, &labels, &with(|o| o.encodings([Encoding::FixedPoint { bits: 9 }])), "9");
    let threshold = |name: &str| CompressOptions::new().threshold(name, 1.0);
    refused(&gnj, bytes, &labels, &threshold("fc9"), "fc1, fc2");
    refused(&plain, bytes, &labels, &threshold("fc1"), "no statistic");
    let unknown = defaults.layer_encodings("relu1", [Encoding::Ternary]);
    refused(&gnj, bytes, &labels, &unknown, "relu1");
}

/// Bits that have a price leave weights of less entropy in every encoding of levels.
#[test]
fn a_price_of_bits_lowers_the_entropy() {
    for label in ["fixed_point:5", "codebook:16", "sparse_fixed_point:5", "sparse_codebook:15"] {
        let encodings = parse_encodings(label).unwrap();
        let budget = CompressOptions::new().encodings(encodings).max_error_increase(100.0).max_loss_increase(f64::INFINITY);
        let bits = [0.0, 2.0, 8.0].map(|rate_weight| {
            let (compressed, _) = run(&corners::peaked(), &budget.clone().rate_weight(rate_weight));
            compressed.report.layers.iter().map(|layer| layer.entropy_bits).sum::<f64>()
        });
        assert!(bits[1] < bits[0] && bits[2] < bits[1], "{label}: {bits:?}");
    }
}

/// A vector of floats through one layer and a softmax: nothing is gathered, and a network without a bias is allowed.
#[test]
fn a_vector_of_floats_and_a_softmax() {
    let mut file = PosteriorFile::new(json!({
        "posterior": 1, "name": "line", "method": "plain",
        "input": { "shape": [2], "dtype": "f32", "scale": [2.0], "offset": [0.0] },
        "nodes": [
            { "name": "fc", "op": "linear", "inputs": ["input"] },
            { "name": "softmax", "op": "softmax", "inputs": ["fc"] }
        ]
    }));
    file.floats("fc.weight", &[3, 2], &[1.0, 0.5, -0.5, 1.0, 0.25, -1.0]);
    let posterior = Posterior::from_bytes(&file.bytes()).unwrap();
    let samples = [1.0, 0.0, 0.0, 1.0, 0.0, -1.0];
    let validation = Validation { samples: Input::F32(&samples), labels: &[0, 1, 2] };
    let compressed = compress(&posterior, &validation, &only(Encoding::DenseF32), &mut |_, _, _| {}).unwrap();
    let report = compressed.report;
    assert_eq!((report.validation.full.errors, report.validation.compressed.errors), (0, 0));
    // The logits are 2, -1, 0.5; 1, 2, -2; -1, -2, 2 (the scale is 2).
    let loss = |logits: [f64; CLASSES], label: usize| logits.iter().map(|l| l.exp()).sum::<f64>().ln() - logits[label];
    let expected = (loss([2.0, -1.0, 0.5], 0) + loss([1.0, 2.0, -2.0], 1) + loss([-1.0, -2.0, 2.0], 2)) / 3.0;
    for score in [report.validation.full, report.validation.masked, report.validation.compressed] {
        assert!((score.loss - expected).abs() < 1e-6, "{}, expected {expected}", score.loss);
    }
    let model = curt::Model::from_bytes(&compressed.bytes, &curt::Limits::DEFAULT).unwrap();
    assert!(model.tables().input_mask.is_none());
    assert_eq!(model.graph().nodes().len(), 2);
}

/// With every input kept an image stays an image, and is flattened as before.
#[test]
fn an_image_of_which_all_is_kept_is_flattened() {
    let options = only(Encoding::DenseF16).threshold("fc1", 100.0).threshold("fc2", 100.0);
    let (compressed, model) = run(&corners::gnj(), &options);
    assert_eq!(compressed.report.layers[0].kept, (8, 16));
    assert!(model.tables().input_mask.is_none());
    assert_eq!(model.graph().nodes()[0].op.name(), "flatten");
}
