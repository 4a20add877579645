//! A posterior of each method through the compressor, opened and run.

use crate::roundtrip::{only, outputs, run};
use curt::compress::{CompressOptions, Validation, compress, parse_encodings};
use curt::encoding::Encoding;
use curt::posterior::Posterior;
use curt::{ErrorKind, Input, Model};
use curt_dev::posterior::PosteriorFile;
use curt_dev::posterior::corners::{self, CLASSES, HIDDEN, INFORMATIVE, PIXELS, SCALES, USED};

/// Holds a file's answers against the network at full size in f64.
fn agree(model: &Model, [fc1, fc2]: [&[f64]; 2]) {
    let [_, bias1, _, bias2] = corners::weights();
    let (images, _) = corners::samples(64);
    for (image, found) in images.chunks_exact(PIXELS).zip(outputs(model, &images).chunks_exact(CLASSES)) {
        for (found, expected) in found.iter().zip(corners::run(image, fc1, &bias1, fc2, &bias2)) {
            assert!((f64::from(*found) - expected).abs() < 1e-5, "{found}, expected {expected}");
        }
    }
}

fn wide(weights: &[f32]) -> Vec<f64> {
    weights.iter().map(|&weight| f64::from(weight)).collect()
}

/// Single weights are pruned, and the units that this leaves without a reader or without an input vanish.
#[test]
fn weights_that_are_noise_vanish_with_their_units() {
    for method in ["sparse_vd", "graves"] {
        let (compressed, model) = run(&corners::gaussian(method), &only(Encoding::DenseF32));
        let layers = &compressed.report.layers;
        assert_eq!(compressed.report.method, method);
        assert_eq!((layers[0].kept, layers[1].kept), ((3, 3), (3, 3)), "{}", compressed.report);
        assert_eq!((layers[0].nonzero, layers[1].nonzero), (3, 3));
        assert_eq!((layers[0].accounted, layers[1].accounted), (6, 6), "an index costs as much as a weight");
        assert!(layers.iter().all(|layer| layer.threshold.is_some()));
        assert_eq!((compressed.report.validation.full.errors, compressed.report.validation.compressed.errors), (30, 30));
        let origin = model.origin().unwrap();
        assert_eq!(origin.method, method);
        let [first, _, second] = &origin.nodes[..] else { panic!("three nodes") };
        let (first, second) = (first.shape.as_ref().unwrap(), second.shape.as_ref().unwrap());
        assert_eq!(first.rows.indices().collect::<Vec<_>>(), USED, "unit 0 has a weight that is kept, but nobody reads it");
        assert_eq!(first.cols.indices().collect::<Vec<_>>(), INFORMATIVE);
        assert_eq!(second.cols.indices().collect::<Vec<_>>(), USED, "unit 2 is read, but is a constant");
        let [fc1, fc2] = corners::kept();
        agree(&model, [&wide(&fc1), &wide(&fc2)]);
    }
}

#[test]
fn a_threshold_of_the_caller_prunes_single_weights() {
    // log alpha of a weight of 1.5 and log variance -9 is -9.81, of 2 -10.39, of 0.5 -7.61, of 0.75 -8.42; lambda of all is next to nothing.
    let with = |method: &str, fc1: f64, fc2: f64| {
        let options = only(Encoding::DenseF32).threshold("fc1", fc1).threshold("fc2", fc2);
        run(&corners::gaussian(method), &options).0.report
    };
    let report = with("sparse_vd", 100.0, 100.0);
    assert_eq!((report.layers[0].kept, report.layers[0].nonzero), ((8, 16), 128), "nothing is pruned");
    let report = with("sparse_vd", 3.0, -8.5);
    assert_eq!((report.layers[0].kept, report.layers[1].kept), ((3, 3), (3, 3)), "unit 2 is read no more");
    let report = with("sparse_vd", -9.9, 3.0);
    assert_eq!((report.layers[0].kept, report.layers[1].kept), ((0, 0), (3, 0)), "a constant remains");
    let report = with("graves", 1.5, 0.99);
    assert_eq!((report.layers[0].kept, report.layers[1].nonzero), ((4, 16), 4), "lambda is at most 1");
}

#[test]
fn weights_go_to_the_codebook_and_are_stored_exactly() {
    // Weights of 1.5 go to 1.25, of 0.5 to zero, of 2 to 2.5 (beyond 1.875), of 0.75 to 1.25.
    let options = CompressOptions::new().max_error_increase(50.0).max_loss_increase(1e3);
    let (compressed, model) = run(&corners::vnq(), &options);
    let report = &compressed.report;
    assert_eq!((report.layers[0].kept, report.layers[1].kept), ((3, 3), (3, 3)));
    assert_eq!(report.layers.iter().map(|layer| layer.threshold).collect::<Vec<_>>(), [Some(3.0); 2]);
    for (layer, value) in [(0, 1.25), (1, 2.5)] {
        assert_eq!(model.weights(layer).decode(), [value, 0.0, 0.0, 0.0, value, 0.0, 0.0, 0.0, value]);
    }
    let snapped = |weights: &[f32], values: [(f32, f64); 2]| -> Vec<f64> {
        weights.iter().map(|w| values.iter().find(|(from, _)| from == w).map_or(0.0, |(_, to)| *to)).collect()
    };
    let [fc1, fc2] = corners::kept();
    agree(&model, [&snapped(&fc1, [(1.5, 1.25), (0.5, 0.0)]), &snapped(&fc2, [(2.0, 2.5), (0.75, 1.25)])]);
    // In the encodings that hold a grid the step is that of the codebook.
    for labels in [["fixed_point:2", "fixed_point:3"], ["ternary", "sparse_fixed_point:4"]] {
        let [fc1, fc2] = labels.map(|label| parse_encodings(label).unwrap());
        let options = options.clone().layer_encodings("fc1", fc1).layer_encodings("fc2", fc2);
        let (compressed, model) = run(&corners::vnq(), &options);
        let found: Vec<&str> = compressed.report.layers.iter().map(|layer| layer.encoding.as_str()).collect();
        assert_eq!(found, labels);
        assert!(model.tables().layers.iter().all(|layer| layer.levels.last() == Some(&1.25)));
    }
}

/// What the codebook costs is reported, and does not keep a layer from its smallest encoding.
#[test]
fn a_codebook_beyond_the_budget_is_used_and_said() {
    let mut file = corners::vnq();
    file.set("fc2.level", 0, 100.0); // every weight of fc2 goes to zero
    let (compressed, model) = run(&file, &CompressOptions::new());
    let report = &compressed.report;
    assert!(!report.validation.within_budget && report.validation.compressed.errors > report.validation.full.errors, "{report}");
    assert_eq!(report.validation.compressed.errors, report.validation.masked.errors);
    assert_eq!(report.layers[1].kept, (3, 0));
    assert_eq!(model.weights(1).decode(), [0.0; 0]);
}

#[test]
fn a_horseshoe_keeps_the_groups_of_great_scales() {
    let (compressed, model) = run(&corners::ghs(), &only(Encoding::DenseF32));
    let report = &compressed.report;
    assert_eq!((report.layers[0].kept, report.layers[1].kept), ((3, 3), (3, 3)), "{report}");
    for layer in &report.layers {
        // s_z^2 - mu_z: -0.1875 of the groups used, 3.8125 of the others.
        assert!(layer.threshold.is_some_and(|t| t > -0.1875 && t <= 3.8125), "{report}");
    }
    let (mean, variance) = SCALES[0];
    let scale = (mean + variance / 2.0).exp();
    let [fc1, _, fc2, _] = corners::weights();
    let masked = |weights: &[f32], cols: usize, used: &[usize]| -> Vec<f64> {
        let of = |(i, &w): (usize, &f32)| if used.contains(&(i % cols)) { f64::from(w) * scale } else { 0.0 };
        weights.iter().enumerate().map(of).collect()
    };
    agree(&model, [&masked(&fc1, PIXELS, &INFORMATIVE), &masked(&fc2, HIDDEN, &USED)]);
}

/// A scale whose mean f32 cannot hold, though all tensors are of finite numbers and variances.
#[test]
fn a_scale_beyond_f32_is_refused() {
    let mut file = corners::ghs();
    file.set("fc1.local_a_mean", 4, 300.0);
    let posterior = Posterior::from_bytes(&file.bytes()).unwrap();
    let (images, labels) = corners::samples(30);
    let validation = Validation { samples: Input::U8(&images), labels: &labels };
    let error = compress(&posterior, &validation, &CompressOptions::new(), &mut |_, _, _| {}).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Posterior);
    assert!(["fc1", "group 4", "range of f32"].iter().all(|needle| error.to_string().contains(needle)), "{error}");
}

#[test]
fn shared_values_are_kept_bit_for_bit() {
    let file = corners::shared();
    let options = CompressOptions::new().max_error_increase(50.0).max_loss_increase(1e3);
    let (compressed, model) = run(&file, &options);
    check_shared(&file, &model);
    assert_eq!(compressed.report.layers[0].encoding, "codebook:4", "four values, none of them on a grid");
    for label in ["dense_f32", "codebook:256", "sparse_codebook:4", "sparse_f32"] {
        let (_, model) = run(&file, &options.clone().encodings(parse_encodings(label).unwrap()));
        check_shared(&file, &model);
    }
    let posterior = Posterior::from_bytes(&file.bytes()).unwrap();
    let (images, labels) = corners::samples(30);
    let validation = Validation { samples: Input::U8(&images), labels: &labels };
    for label in ["codebook:3", "fixed_point:8", "ternary", "dense_f16", "sparse_codebook:2"] {
        let options = only(parse_encodings(label).unwrap()[0]);
        let error = compress(&posterior, &validation, &options, &mut |_, _, _| {}).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input, "{label} cannot hold the values");
    }
}

fn check_shared(file: &PosteriorFile, model: &Model) {
    let shapes: Vec<_> = model.origin().unwrap().nodes.iter().filter_map(|node| node.shape.as_ref()).collect();
    for (l, (name, cols)) in [("fc1", PIXELS), ("fc2", HIDDEN)].into_iter().enumerate() {
        let all = file.read(&format!("{name}.weight"));
        let kept = shapes[l].rows.indices().flat_map(|row| shapes[l].cols.indices().map(move |col| row * cols + col));
        let expected: Vec<u32> = kept.map(|place| all[place].to_bits()).collect();
        let found: Vec<u32> = model.weights(l).decode().iter().map(|weight| weight.to_bits()).collect();
        assert_eq!(found, expected, "{name}");
        assert!(found.len() > 20, "{name} is all but gone");
    }
}
