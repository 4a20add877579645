//! Networks with convolutions through the compressor: what is left computes what the full-size network computes.

use crate::reference::{self, Map};
use crate::roundtrip::only;
use curt::compress::{CompressOptions, Compressed, Validation, compress};
use curt::encoding::Encoding;
use curt::measure::reference::Reference;
use curt::posterior::Posterior;
use curt::{Input, Limits, Model, Session};
use curt_dev::Random;
use curt_dev::effort::{cases, extent};
use curt_dev::posterior::PosteriorFile;
use curt_dev::posterior::maps::{self, CLASSES, SIDE};

const COUNT: usize = 40;

fn argmax(logits: &[f64]) -> u32 {
    (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap() as u32
}

fn run(file: &PosteriorFile, samples: Input<'_>, labels: &[u32], options: &CompressOptions) -> (Compressed, Model) {
    let posterior = Posterior::from_bytes(&file.bytes()).unwrap();
    let compressed = compress(&posterior, &Validation { samples, labels }, options, &mut |_, _, _| {}).unwrap();
    let model = Model::from_bytes(&compressed.bytes, &Limits::DEFAULT).unwrap();
    (compressed, model)
}

/// Holds a compressed network of floats against the full-size one: by the bound that is derived for the small one, and a hundred roundings of
/// f32 for the folding of constants and the terms that were left out.
fn agree<'a>(model: &Model, samples: impl Iterator<Item = Input<'a>>, expected: &[Vec<f64>]) {
    let mut session = Session::new(model).unwrap();
    let reference = Reference::new(model).unwrap();
    let mut found = [0.0; CLASSES];
    for (expected, sample) in expected.iter().zip(samples) {
        session.run(sample, &mut found).unwrap();
        let bounded = reference.run(sample);
        bounded.check(&found).unwrap();
        for ((full, compact), error) in expected.iter().zip(&bounded.values).zip(&bounded.errors) {
            assert!((full - compact).abs() <= error + 1e-5 * (1.0 + full.abs()), "{full} full-size, {compact} compact");
        }
    }
}

fn images() -> (Vec<u8>, Vec<Vec<f64>>, Vec<u32>) {
    let mut random = Random(17);
    let images: Vec<u8> = (0..COUNT * SIDE * SIDE).map(|_| (random.fraction() * 256.0) as u8).collect();
    let masked = maps::masked_mean();
    let outputs = images.chunks_exact(SIDE * SIDE).map(|image| {
        let values = image.iter().map(|&pixel| f64::from(pixel) / 64.0 - 2.0).collect();
        reference::run(&masked, Map { shape: [1, SIDE, SIDE], values })
    });
    let outputs: Vec<Vec<f64>> = outputs.collect();
    let labels = outputs.iter().map(|logits| argmax(logits)).collect();
    (images, outputs, labels)
}

#[test]
fn maps_vanish_by_their_own_scale_or_because_nothing_reads_them() {
    let (images, outputs, labels) = images();
    let options = only(Encoding::DenseF32).threshold("conv1", 3.0).threshold("fc1", 3.0);
    for file in [maps::gnj(), maps::ghs(), maps::sparse_vd()] {
        check_maps(&file, &images, &labels, &outputs, &options);
    }
}

/// Of all methods the same maps and elements of maps are left, and they compute what the masked mean computes.
fn check_maps(file: &PosteriorFile, images: &[u8], labels: &[u32], outputs: &[Vec<f64>], options: &CompressOptions) {
    let (compressed, model) = run(file, Input::U8(images), labels, options);
    let layers = &compressed.report.layers;
    assert_eq!((layers[0].op, layers[0].original, layers[0].kept, layers[0].used), ("conv2d", (4, 9), (2, 9), 9));
    assert_eq!((layers[1].original, layers[1].kept, layers[1].used), ((3, 16), (3, 8), 7));
    assert_eq!((compressed.report.validation.masked.errors, compressed.report.validation.compressed.errors), (0, 0));
    let shapes: Vec<_> = model.origin().unwrap().nodes.iter().filter_map(|node| node.shape.clone()).collect();
    assert_eq!((shapes[0].rows.indices().collect::<Vec<_>>(), shapes[0].cols.len()), (vec![0, 3], 1));
    assert_eq!(shapes[1].cols.indices().collect::<Vec<_>>(), [0, 1, 2, 3, 12, 13, 14, 15]);
    assert!(model.weights(1).decode().chunks_exact(8).all(|row| row[3] == 0.0), "element 3 of map 0 is pruned");
    agree(&model, images.chunks_exact(SIDE * SIDE).map(Input::U8), outputs);
}

#[test]
fn thresholds_and_encodings_of_convolutions_are_chosen_within_the_budget() {
    let (images, outputs, labels) = images();
    let (compressed, model) = run(&maps::gnj(), Input::U8(&images), &labels, &CompressOptions::new());
    let report = compressed.report;
    assert!(report.validation.within_budget && report.validation.full.errors <= 1, "{report}");
    assert!(report.layers[0].kept.0 <= 3 && report.layers[0].threshold.is_some(), "{report}");
    assert!(report.layers.iter().any(|layer| layer.encoding != "dense_f32"), "{report}");
    assert_eq!(report.totals.file_bytes, compressed.bytes.len() as u64);
    let mut session = Session::new(&model).unwrap();
    let mut out = vec![0.0; COUNT * CLASSES];
    session.run(&images[..], &mut out).unwrap();
    let found = out.chunks_exact(CLASSES).map(|logits| argmax(&logits.iter().map(|&x| f64::from(x)).collect::<Vec<_>>()));
    let wrong = found.zip(&labels).filter(|(found, label)| found != *label).count();
    assert_eq!(report.validation.compressed.errors, wrong as u64);
    assert_eq!(outputs.len(), labels.len());
}

/// Branches, residual sums, groups, padding and affine nodes, with random masks: nothing that is removed was needed.
#[test]
fn masked_graphs_compute_what_the_full_size_network_computes() {
    let (mut removed, mut all) = (0, 0);
    for seed in cases(60, 15).into_iter().map(|seed| seed as u64) {
        let file = maps::branches(seed);
        let mut random = Random(seed + 100);
        let samples: Vec<f32> = (0..8 * 50).map(|_| random.fraction() * 4.0 - 2.0).collect();
        let outputs: Vec<Vec<f64>> = samples
            .chunks_exact(50)
            .map(|sample| {
                let scaled = |(i, &x): (usize, &f32)| if i < 25 { f64::from(x) } else { f64::from(x) * 0.5 + 0.25 };
                reference::run(&file, Map { shape: [2, 5, 5], values: sample.iter().enumerate().map(scaled).collect() })
            })
            .collect();
        let labels: Vec<u32> = outputs.iter().map(|logits| argmax(logits)).collect();
        let (compressed, model) = run(&file, Input::F32(&samples), &labels, &only(Encoding::DenseF32));
        agree(&model, samples.chunks_exact(50).map(Input::F32), &outputs);
        for layer in &compressed.report.layers {
            all += layer.original_weights();
            removed += layer.original_weights() - layer.weights();
        }
    }
    println!("{removed} of {all} weights removed ({})", extent());
    assert!(removed > all / 4, "{removed} of {all}");
}
