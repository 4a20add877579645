//! Levels and biases that are moved: to optima known by hand, and never to anything worse.

use crate::roundtrip::run;
use curt::compress::{CompressOptions, Compressed, FineTuning, Validation, compress, parse_encodings};
use curt::format::pack;
use curt::posterior::Posterior;
use curt::{ErrorKind, Input, Limits, Model};
use curt_dev::posterior::PosteriorFile;
use curt_dev::posterior::corners::{self, CLASSES, HIDDEN, PIXELS};
use curt_dev::posterior::maps;
use serde_json::json;

/// Whether a sample is tuned on, as `docs/compression.md` has it.
fn is_tuned_on(i: usize) -> bool {
    (i as f64 * (5f64.sqrt() - 1.0) / 2.0).fract() < 0.5
}

/// Samples of one number each, 400 or a few more: both halves have as many, `tuned` and `checked` repeated in order.
fn samples(tuned: &[(f32, u32)], checked: &[(f32, u32)]) -> (Vec<f32>, Vec<u32>) {
    let count = |n: usize| (0..n).filter(|&i| is_tuned_on(i)).count();
    let whole = |half: usize| half.is_multiple_of(tuned.len()) && half.is_multiple_of(checked.len());
    let n = (400..).find(|&n| 2 * count(n) == n && whole(n / 2)).unwrap();
    let mut next = [tuned, checked].map(|pattern| pattern.iter().cycle());
    (0..n).map(|i| *next[usize::from(!is_tuned_on(i))].next().unwrap()).unzip()
}

/// A number through one layer.
fn line(weights: &[f32], biases: &[f32]) -> PosteriorFile {
    let mut file = PosteriorFile::new(json!({
        "posterior": 1, "name": "line", "method": "plain",
        "input": { "shape": [1], "dtype": "f32", "scale": [1.0], "offset": [0.0] },
        "nodes": [{ "name": "fc", "op": "linear", "inputs": ["input"] }]
    }));
    file.floats("fc.weight", &[weights.len(), 1], weights).floats("fc.bias", &[biases.len()], biases);
    file
}

fn options(encoding: &str, fine_tune: u32) -> CompressOptions {
    CompressOptions::new().encodings(parse_encodings(encoding).unwrap()).fine_tune(fine_tune).max_error_increase(100.0)
}

fn run_line(file: &PosteriorFile, (values, labels): &(Vec<f32>, Vec<u32>), options: &CompressOptions) -> (Compressed, Model) {
    let posterior = Posterior::from_bytes(&file.bytes()).unwrap();
    let validation = Validation { samples: Input::F32(values), labels };
    let compressed = compress(&posterior, &validation, options, &mut |_, _, _| {}).unwrap();
    let model = Model::from_bytes(&compressed.bytes, &Limits::DEFAULT).unwrap();
    (compressed, model)
}

/// The loss falls where moves are tried, does not rise on the others, and the report of the whole is that of the parts.
fn assert_is_better(compressed: &Compressed) -> FineTuning {
    let tuning = compressed.report.fine_tuning.unwrap();
    let (tuned, checked) = (tuning.tuned_on.after, tuning.checked_on.after);
    let [tuned_before, checked_before] = [tuning.tuned_on, tuning.checked_on].map(|part| part.before);
    assert!(tuned.loss < tuned_before.loss && checked.loss <= checked_before.loss, "{tuning:?}");
    let whole = compressed.report.validation.compressed;
    assert_eq!((tuned.samples + checked.samples, tuned.errors + checked.errors), (whole.samples, whole.errors));
    let mean = (tuned.loss * tuned.samples as f64 + checked.loss * checked.samples as f64) / whole.samples as f64;
    assert!((mean - whole.loss).abs() < 1e-12 * mean, "{mean}, {}", whole.loss);
    tuning
}

/// Where the input is 0 the logits are the biases. A loss is least where the softmax is the labels' frequencies, here a half and two quarters:
/// `b0 - b1 = b0 - b2 = ln 2`, and the loss is their entropy, `1.5 ln 2`.
#[test]
fn biases_find_the_frequencies_of_the_labels() {
    let pattern = [(0.0, 0), (0.0, 1), (0.0, 2), (0.0, 0)];
    let samples = samples(&pattern, &pattern);
    for encoding in ["dense_f32", "codebook:4"] {
        let (compressed, model) = run_line(&line(&[0.3, -0.7, 0.1], &[-0.4, 1.1, 0.3]), &samples, &options(encoding, 60));
        let bias = &model.layers()[0].bias;
        let ratios = [1, 2].map(|i| f64::from(bias[0]) - f64::from(bias[i]));
        assert!(ratios.iter().all(|ratio| (ratio - 2f64.ln()).abs() < 1e-3), "{encoding}: {ratios:?}");
        assert!((assert_is_better(&compressed).tuned_on.after.loss - 1.5 * 2f64.ln()).abs() < 1e-6);
    }
}

/// Where the input is 1 the logits are the weights, -a, 0 and a. With one, two and four of seven labels the loss is least at a = ln 2, whether both levels move or one
/// step: `(a^2 - 1) / (a^2 + a + 1) = 3 / 7` for `e^a = 2`. Biases that are zero stay.
#[test]
fn levels_find_their_optimum_in_every_encoding() {
    let pattern = [(1.0, 0), (1.0, 1), (1.0, 1), (1.0, 2), (1.0, 2), (1.0, 2), (1.0, 2)];
    let samples = samples(&pattern, &pattern);
    let entropy = (7f64.ln() + 2.0 * 3.5f64.ln() + 4.0 * 1.75f64.ln()) / 7.0;
    for encoding in ["ternary", "codebook:3", "fixed_point:2", "fixed_point:6", "sparse_codebook:2", "sparse_fixed_point:3"] {
        let file = line(&[-0.9, 0.0, 0.9], &[0.0; 3]);
        let (compressed, model) = run_line(&file, &samples, &options(encoding, 40));
        let weights = model.weights(0).decode();
        let expected = [-2f64.ln(), 0.0, 2f64.ln()];
        let is_near = weights.iter().zip(expected).all(|(&weight, expected)| (f64::from(weight) - expected).abs() < 1e-3);
        assert!(is_near && weights[1] == 0.0, "{encoding}: {weights:?}");
        assert_eq!(model.layers()[0].bias, [0.0; 3]);
        assert!((assert_is_better(&compressed).tuned_on.after.loss - entropy).abs() < 1e-6, "{encoding}");
    }
}

/// The other half of the samples is at its optimum already: nothing that would be learned of the first half stays.
#[test]
fn what_does_not_hold_elsewhere_is_not_kept() {
    let (even, odd) = ([(0.0, 0), (0.0, 1)], [(0.0, 0), (0.0, 1), (0.0, 0), (0.0, 0)]);
    let (samples, file) = (samples(&odd, &even), line(&[0.3, -0.7], &[0.1, 0.1]));
    let (plain, _) = run_line(&file, &samples, &options("dense_f32", 0));
    let (tuned, _) = run_line(&file, &samples, &options("dense_f32", 9));
    let report = tuned.report.fine_tuning.unwrap();
    assert_eq!((report.passes, report.moves, report.tuned_on.before), (0, 0, report.tuned_on.after));
    assert_eq!((tuned.bytes, tuned.report.validation.compressed), (plain.bytes, plain.report.validation.compressed));
}

/// Thirty of fifty samples are just right (0.1), twenty are far wrong: the loss is least where the thirty are wrong, too (at -ln 2). Only a budget of errors
/// that allows it does.
#[test]
fn errors_stay_within_the_budget() {
    let pattern = [(0.0, 0), (0.0, 0), (0.0, 0), (6.0, 1), (6.0, 1)];
    let (samples, file) = (samples(&pattern, &pattern), line(&[1.0, 0.0], &[0.1, 0.0]));
    let run = |points: f64| {
        let options = options("dense_f32", 40).max_error_increase(points);
        run_line(&file, &samples, &options).0.report
    };
    let (strict, free) = (run(0.0).validation, run(100.0).validation);
    assert_eq!((strict.compressed.percent(), strict.within_budget), (40.0, true));
    assert_eq!((free.compressed.percent(), free.within_budget), (100.0, true));
    assert!(free.compressed.loss < strict.compressed.loss);
}

/// Weights that had the same code have the same weight afterwards, and the loss is that of an f64 run of what is stored.
#[test]
fn codes_and_size_stay_and_the_loss_is_that_of_the_file() {
    for encoding in ["ternary", "codebook:4", "fixed_point:3", "dense_f16", "sparse_codebook:3"] {
        let options = |fine_tune| options(encoding, fine_tune).max_loss_increase(1e3);
        let ((plain, before), (tuned, after)) = (run(&corners::plain(), &options(0)), run(&corners::plain(), &options(6)));
        assert!(plain.report.fine_tuning.is_none());
        assert_is_better(&tuned);
        assert_eq!(tuned.bytes, run(&corners::plain(), &options(6)).0.bytes, "{encoding}: the same bytes again");
        assert_eq!(tuned.bytes.len(), plain.bytes.len());
        let sizes = [&plain, &tuned].map(|compressed| pack(&compressed.bytes).unwrap().len());
        assert!(sizes[1] <= sizes[0] + 8, "{encoding}: {sizes:?} packed");
        for l in 0..2 {
            let [old, new] = [&before, &after].map(|model| model.weights(l).decode());
            let mut pairs: Vec<(f32, f32)> = old.into_iter().zip(new).collect();
            pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
            pairs.dedup();
            assert!(pairs.is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1), "{encoding}: one new value for each old one: {pairs:?}");
            assert!(pairs.iter().all(|&(old, new)| (old == 0.0) == (new == 0.0)));
            assert!(encoding != "dense_f16" || pairs.iter().all(|&(old, new)| old == new), "floats are no levels");
        }
        assert!((tuned.report.validation.compressed.loss - exact_loss(&after)).abs() < 1e-5, "{encoding}");
    }
}

/// The mean cross-entropy of fc1, relu, fc2 as stored, in f64.
fn exact_loss(model: &Model) -> f64 {
    let stored = |l: usize| model.weights(l).decode().into_iter().map(f64::from).collect::<Vec<_>>();
    let shapes = &model.origin().unwrap().nodes;
    let mut full = [vec![0.0; HIDDEN * PIXELS], vec![0.0; CLASSES * HIDDEN]];
    let mut biases = [vec![0.0f32; HIDDEN], vec![0.0; CLASSES]];
    for (l, shape) in shapes.iter().filter_map(|node| node.shape.as_ref()).enumerate() {
        let places = shape.rows.indices().flat_map(|row| shape.cols.indices().map(move |col| row * shape.cols.len() + col));
        places.zip(stored(l)).for_each(|(place, weight)| full[l][place] = weight);
        shape.rows.indices().zip(&model.layers()[l].bias).for_each(|(row, &bias)| biases[l][row] = bias);
    }
    let (images, labels) = corners::samples(480);
    let loss = |(image, &label): (&[u8], &u32)| {
        let logits = corners::run(image, &full[0], &biases[0], &full[1], &biases[1]);
        logits.iter().map(|logit| logit.exp()).sum::<f64>().ln() - logits[label as usize]
    };
    images.chunks_exact(PIXELS).zip(&labels).map(loss).sum::<f64>() / labels.len() as f64
}

/// Biases of a few bits keep them, and so does a step of a few bits: 33 of 2^-9, one of six bits.
#[test]
fn numbers_on_a_grid_stay_on_it() {
    let mut file = corners::rate();
    for (name, rows) in [("fc1.bias", HIDDEN), ("fc2.bias", CLASSES)] {
        (0..rows).for_each(|row| file.set(name, row, (row as f32 - 3.0) / 16.0));
    }
    let run_with = |fine_tune| run(&file, &options("fixed_point:8", fine_tune));
    let ((plain, _), (tuned, model)) = (run_with(0), run_with(6));
    assert_is_better(&tuned);
    assert_eq!(tuned.bytes.len(), plain.bytes.len());
    let biases: Vec<f32> = model.layers().iter().flat_map(|layer| layer.bias.iter().map(|bias| bias * 16.0)).collect();
    assert!(biases.iter().all(|bias| bias.fract() == 0.0 && bias.abs() <= 7.0), "{biases:?}");
    assert_eq!(corners::STEPS[0], 33.0 / 512.0);
    let step = model.tables().layers[0].levels[0] * 512.0;
    assert!(step.fract() == 0.0 && (1.0..64.0).contains(&step), "{step}");
}

#[test]
fn a_network_of_maps_is_tuned() {
    let mut random = curt_dev::Random(31);
    let images: Vec<u8> = (0..120 * maps::SIDE * maps::SIDE).map(|_| (random.fraction() * 256.0) as u8).collect();
    let labels = [1; 120]; // a bias alone can learn that
    let posterior = Posterior::from_bytes(&maps::gnj().bytes()).unwrap();
    let validation = Validation { samples: Input::U8(&images), labels: &labels[..] };
    let mut stages = Vec::new();
    let options = options("codebook:4", 3);
    let tuned = compress(&posterior, &validation, &options, &mut |stage, done, all| {
        assert!(done <= all, "{stage}: {done} of {all}");
        stages.push(stage.to_owned());
    });
    assert_is_better(&tuned.unwrap());
    assert!(stages.iter().any(|stage| stage.contains("biases")));
}

#[test]
fn one_sample_is_not_enough() {
    let posterior = Posterior::from_bytes(&line(&[0.3, -0.7], &[0.1, 0.2]).bytes()).unwrap();
    let validation = Validation { samples: Input::F32(&[1.0]), labels: &[0] };
    let error = compress(&posterior, &validation, &options("dense_f32", 1), &mut |_, _, _| {}).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    assert!(error.to_string().contains("at least 2 validation samples"), "{error}");
    compress(&posterior, &validation, &options("dense_f32", 0), &mut |_, _, _| {}).unwrap();
}
