use serde_json::Value;

use super::*;
use crate::data::{Images, Scaling};
use crate::methods::MethodOptions as _;
use crate::network::Step;
use crate::options;
use crate::parameter::Parameter;
use crate::train::{Run, Split, train};

fn network() -> Network {
    let steps = [Step::Convolution(1, 3, 3), Step::MaxPool, Step::Flatten, Step::Linear(75, 8), Step::Relu, Step::Linear(8, 3)];
    Network::new("small", [1, 12, 12], &steps)
}

/// A dense training of 5 epochs, then 3 rounds of 2.
fn options(retrain: Retrain) -> PruneOptions {
    PruneOptions {
        common: options::tests::short(11),
        dense: 5,
        rounds: 3,
        share: vec![0.4],
        keep: Vec::new(),
        retrain,
        decay: 1e-3,
        start: None,
    }
}

/// Images whose brightness is that of their class, plus noise.
fn images(count: usize) -> Images {
    let mut noise = Noise::for_epoch(9, 0);
    let values = noise.normals(count * 144).into_iter().enumerate();
    let pixels = values.map(|(at, v)| (60.0 + (at / 144 % 3) as f32 * 60.0 + 40.0 * v).clamp(0.0, 255.0) as u8).collect();
    let labels = (0..count).map(|index| (index % 3) as u8).collect();
    Images::new([12, 12], pixels, labels, Scaling::UNIT).unwrap()
}

fn begin(options: &PruneOptions) -> Prune {
    options.clone().complete(&network()).unwrap().begin(&network()).unwrap()
}

#[test]
fn the_smallest_magnitudes_go_and_of_equals_the_last() {
    assert_eq!(all_but_largest(&[0.5, -2.0, 0.1, -0.5, 0.0], 2), [3, 2, 4]);
    assert_eq!(all_but_largest(&[0.5, -2.0], 2), [] as [usize; 0]);
}

/// Each round prunes four tenths of the rest: 10, 6, 3.6 rounded to 4, 2.4 rounded to 2.
#[test]
fn a_share_is_of_the_weights_still_there() {
    let options = options(Retrain::FineTune);
    let mut now = 10;
    let left = [1, 2, 3].map(|round| {
        now = options.left(0, round, now, 10);
        now
    });
    assert_eq!(left, [6, 4, 2]);
    assert_eq!(options.left(0, 1, 1, 10), 1, "a layer keeps a weight");
}

/// From 1000 weights to 8 in three rounds: each keeps a fifth. A layer that starts with 64 of them keeps half each time.
#[test]
fn what_is_to_be_kept_is_reached_by_one_ratio() {
    let options = PruneOptions { share: Vec::new(), keep: vec![0.008, 0.5, 0.5], ..options(Retrain::FineTune) };
    assert_eq!([(1, 1000), (2, 200), (3, 40)].map(|(round, now)| options.left(0, round, now, 1000)), [200, 40, 8]);
    assert_eq!([(1, 64), (2, 32), (3, 16)].map(|(round, now)| options.left(0, round, now, 1000)), [32, 16, 8]);
    assert_eq!(options.left(1, 3, 100, 1000), 100, "never more than there are");
}

/// A dense training of 5 epochs at 1e-2 that falls from the third on, then rounds of 2 epochs.
#[test]
fn rounds_repeat_the_end_of_the_schedule() {
    let rates = |retrain| {
        let options = options(retrain);
        let at = |epoch: usize| Moment { epoch, progress: epoch as f64 / 11.0, images: 60 };
        (0..11).map(|epoch| (options.rate_at(at(epoch)) * 1e5).round() as u32).collect::<Vec<_>>()
    };
    assert_eq!(rates(Retrain::FineTune), [1000, 1000, 1000, 1000, 500, 500, 500, 500, 500, 500, 500]);
    assert_eq!(rates(Retrain::RewindRate), [1000, 1000, 1000, 1000, 500, 1000, 500, 1000, 500, 1000, 500]);
    assert_eq!(rates(Retrain::RewindRate), rates(Retrain::RewindWeights));
    let cosine = CommonOptions { schedule: options::Schedule::Cosine, ..options::tests::short(11) };
    let options = PruneOptions { common: cosine, ..options(Retrain::RewindRate) };
    // The middle of epoch 3 of 5, and of the first epoch of a round, which repeats it. Both are past the warm-up of 300 steps.
    let at = |epoch: usize| Moment { epoch, progress: (epoch as f64 + 0.5) / 11.0, images: 8000 };
    let expected = 1e-2 * (0.99 * 0.5 * (1.0 + (0.7 * std::f64::consts::PI).cos()) + 0.01);
    for epoch in [3, 5, 7] {
        assert!((options.rate_at(at(epoch)) - expected).abs() < 1e-12);
    }
}

/// Trains in a folder of its own, and stops after these epochs. Returns the method and the log.
fn run(options: &PruneOptions, name: &str, stops: &[Option<usize>]) -> (Prune, Vec<Value>) {
    let folder = std::env::temp_dir().join(format!("curt-prune-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let recorded = serde_json::to_value(options).unwrap();
    let mut last = None;
    for (index, &stop_after) in stops.iter().enumerate() {
        let mut prune = begin(options);
        let run = Run { folder: &folder, resume: index > 0, stop_after };
        let split = Split { training: images(60), validation: None };
        train(&mut prune, &options.common, &recorded, &split, &run).unwrap();
        last = Some(prune);
    }
    let log = std::fs::read_to_string(folder.join("log.jsonl")).unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    (last.unwrap(), log.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn bits(plain: &Plain) -> Vec<u32> {
    let arrays = plain.layers.iter().flat_map(|layer| [&layer.weight, &layer.bias]);
    let values = arrays.flat_map(|array: &Parameter| array.value.iter().chain(&array.first_moment).chain(&array.second_moment));
    values.map(|value| value.to_bits()).collect()
}

#[test]
fn a_resumed_run_equals_a_straight_one_bit_for_bit() {
    for (retrain, name) in [(Retrain::RewindWeights, "weights"), (Retrain::RewindRate, "rate")] {
        let options = options(retrain);
        let (straight, log) = run(&options, &format!("{name}-straight"), &[None]);
        // The stops lie before the weights to rewind to exist, between them and the first round, within a round, and between two rounds.
        let (resumed, _) = run(&options, &format!("{name}-resumed"), &[Some(2), Some(5), Some(6), Some(9), None]);
        assert_eq!(straight.units(), resumed.units());
        assert!(bits(&straight.plain) == bits(&resumed.plain), "parameters differ");
        // Of 27 + 600 + 24 weights each layer keeps 0.6, rounded. Removal of dead units may take more.
        let figures: Vec<_> =
            log.iter().map(|line| (line["round"].as_f64().unwrap(), line["nonzero"].as_f64().unwrap())).collect();
        assert_eq!(figures[4], (0.0, 651.0));
        assert_eq!((figures[5].0, figures[6].0, figures[10].0), (1.0, 1.0, 3.0));
        assert!(figures[5].1 <= 16.0 + 360.0 + 14.0 && figures[5].1 > 380.0, "{figures:?}");
        assert!(figures[10].1 <= 6.0 + 130.0 + 5.0 && figures[10].1 > 20.0, "{figures:?}");
    }
}

#[test]
fn a_round_begins_from_the_weights_after_the_epoch_it_rewinds_to() {
    let options = options(Retrain::RewindWeights);
    let (early, _) = run(&options, "early", &[Some(3)]);
    let (mut late, _) = run(&options, "late", &[Some(5)]);
    let dense = late.plain.clone();
    late.before_epoch(5);
    let mut compared = 0;
    for (index, layer) in late.plain.layers.iter().enumerate() {
        let (stored, trained) = (&early.plain.layers[index], &dense.layers[index]);
        assert_ne!(stored.weight.value, trained.weight.value);
        let smallest = all_but_largest(&trained.weight.value, options.left(index, 1, trained.nonzero(), trained.nonzero()));
        let per_pair = stored.weight.value.len() / (stored.units.outputs.len() * stored.units.inputs.len());
        for (position, &weight) in layer.weight.value.iter().enumerate() {
            let (pair, within) = (position / per_pair, position % per_pair);
            let (output, input) = (pair / layer.units.inputs.len(), pair % layer.units.inputs.len());
            let before =
                (layer.units.outputs[output] * stored.units.inputs.len() + layer.units.inputs[input]) * per_pair + within;
            let expected = if smallest.contains(&before) { 0.0 } else { stored.weight.value[before] };
            assert_eq!(weight.to_bits(), expected.to_bits());
            let moment = if smallest.contains(&before) { 0.0 } else { stored.weight.second_moment[before] };
            assert_eq!(layer.weight.second_moment[position].to_bits(), moment.to_bits());
            compared += 1;
        }
    }
    assert!(compared > 500, "{compared}");
}

#[test]
fn pruned_weights_stay_zero_and_get_no_gradient() {
    let mut prune = begin(&options(Retrain::FineTune));
    prune.prune(1);
    let at = Moment { epoch: 5, progress: 0.5, images: 60 };
    let gradients = prune.slope(&images(12).batch(0..12), at, &mut Noise::for_epoch(1, 1)).gradients;
    let mut moving = 0;
    for (index, layer) in prune.plain.layers.iter().enumerate() {
        for (weight, slope) in layer.weight.value.iter().zip(&gradients[2 * index]) {
            assert!(*weight != 0.0 || *slope == 0.0);
            moving += usize::from(*slope != 0.0);
        }
    }
    assert!(moving > 200, "{moving}");
    // The penalty on half the square adds 1e-3 times the weight.
    let mut free = prune.clone();
    free.options.decay = 0.0;
    let without = free.slope(&images(12).batch(0..12), at, &mut Noise::for_epoch(1, 1)).gradients;
    let weights = prune.plain.layers.iter().map(|layer| &layer.weight.value);
    for ((weights, with), without) in weights.zip(gradients.iter().step_by(2)).zip(without.iter().step_by(2)) {
        for ((weight, with), without) in weights.iter().zip(with).zip(without) {
            assert!((with - without - 1e-3 * weight).abs() < 1e-7);
        }
    }
}

/// A hidden unit without inputs has the value of its rectified bias. Its contribution to each output goes into the biases there.
#[test]
fn units_that_are_cut_off_go_and_what_is_computed_stays() {
    let mut plain = begin(&options(Retrain::FineTune)).plain;
    plain.layers[1].prune(3 * 75..4 * 75);
    plain.layers[1].bias.value[3] = 0.7;
    plain.layers[2].prune([5, 13, 21]);
    let expected: Vec<f32> = [0, 1, 2].map(|output| plain.layers[2].weight.value[8 * output + 3] * 0.7).to_vec();
    let images = images(30);
    let before = plain.score(&images);
    remove_dead(&mut plain);
    assert_eq!(plain.units()[1].outputs, [0, 1, 2, 4, 6, 7]);
    for (bias, expected) in plain.layers[2].bias.value.iter().zip(expected) {
        assert!((bias - expected).abs() < 1e-6, "{bias} {expected}");
    }
    assert!((before.loss - plain.score(&images).loss).abs() < 1e-6);
}

/// No input reaches the classes. The units stay, because a network needs some.
#[test]
fn a_network_without_a_way_through_keeps_its_units() {
    let mut plain = begin(&options(Retrain::FineTune)).plain;
    plain.layers[1].prune(0..600);
    let biases = plain.layers[2].bias.value.clone();
    let units = plain.units();
    remove_dead(&mut plain);
    assert_eq!(plain.units(), units);
    assert_eq!(plain.layers[2].bias.value, biases);
}

#[test]
fn options_that_cannot_be_are_refused_by_name() {
    let refused = |change: fn(&mut PruneOptions), said: &str| {
        let mut options = options(Retrain::RewindWeights);
        change(&mut options);
        let error = options.complete(&network()).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    };
    refused(|options| options.share = vec![1.0], "--share");
    refused(|options| options.share = vec![0.2, 0.2], "--share");
    refused(|options| options.keep = vec![0.2], "--keep and --share");
    refused(|options| options.common.epochs = 12, "7 epochs");
    refused(|options| options.common.epochs = 5, "--rounds");
    refused(|options| options.common.epochs = 20, "does not fit");
    refused(|options| (options.start, options.common.epochs) = (Some("dense".into()), 18), "does not fit");
    refused(|options| (options.start, options.common.epochs) = (Some("dense".into()), 6), "rewind-weights");
    refused(|options| options.decay = f64::NAN, "--decay");
}
