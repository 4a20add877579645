use serde_json::Value;

use super::*;
use crate::data::{Images, Scaling};
use crate::methods::MethodOptions as _;
use crate::network::Step;
use crate::options;
use crate::train::{Run, Split, train};

fn options(bytes: f64, dropout: &[f64], noise: f64) -> RateOptions {
    RateOptions {
        common: options::tests::short(6),
        bytes,
        free: 0.0,
        reached: 0.5,
        noise,
        settle: 0.5,
        average: 8,
        dropout: dropout.to_vec(),
        units: Vec::new(),
        start: None,
        threshold: 3.0,
        coarseness: 0.6,
    }
}

/// A network with every kind of connection between layers.
fn network() -> Network {
    let steps = [
        Step::Convolution(1, 3, 3),
        Step::MaxPool,
        Step::Relu,
        Step::Convolution(3, 4, 2),
        Step::MaxPool,
        Step::Flatten,
        Step::Linear(16, 6),
        Step::Relu,
        Step::Linear(6, 3),
    ];
    Network::new("small", [1, 12, 12], &steps)
}

fn images(count: usize) -> Images {
    let mut noise = Noise::for_epoch(9, 0);
    let pixels = noise.normals(count * 144).into_iter().map(|v| (120.0 + 60.0 * v).clamp(0.0, 255.0) as u8).collect();
    let labels = (0..count).map(|index| (index % 3) as u8).collect();
    Images::new([12, 12], pixels, labels, Scaling::UNIT).unwrap()
}

const START: Moment = Moment { epoch: 0, progress: 0.0, images: 30 };

/// The bits of independent flags of one density are their entropy, plus a sign for each nonzero value. All magnitudes are 1 and cost little.
/// (Each weight counts in the densities that predict it, so the estimate is too low if there are few weights.)
#[test]
fn the_estimate_of_scattered_ones_is_their_entropy() {
    let (outputs, columns) = (60, 400);
    for density in [0.05, 0.1, 0.3] {
        let set = Noise::for_epoch(4, 0).flags(outputs * columns, density);
        let count = set.iter().filter(|&&set| set).count() as f64;
        let values: Vec<f32> = set.iter().map(|&set| f32::from(set)).collect();
        let share = count / values.len() as f64;
        let entropy = -(values.len() as f64) * (share * share.log2() + (1.0 - share) * (1.0 - share).log2());
        let expected = entropy + count * (1.0 + 1.15_f64.log2());
        let total = bits::of_weights(&values, outputs, None).total;
        assert!((total / expected - 1.0).abs() < 0.06, "{total} bits, {expected} expected, density {density}");
    }
}

#[test]
fn ones_in_few_outputs_or_in_neighbouring_pixels_cost_less_than_scattered_ones() {
    let (outputs, side) = (20, 12);
    let positions: Vec<usize> = (0..side * side).collect();
    let pixels = Some(bits::Pixels { height: side, width: side, positions: &positions });
    let cost = |set: &dyn Fn(usize, usize) -> bool| {
        let values: Vec<f32> = (0..outputs * side * side).map(|i| f32::from(set(i / (side * side), i % (side * side)))).collect();
        assert_eq!(values.iter().sum::<f32>(), 288.0);
        bits::of_weights(&values, outputs, pixels).total
    };
    let scattered = cost(&|output, column| (output * 144 + column) * 7 % 10 == 0);
    let in_two_outputs = cost(&|output, _| output < 2);
    // Rectangles of 3 x 4 pixels and one of 4 x 6, at another place in each output.
    let square = |output: usize, column: usize| {
        let (y, x) = (column / 12, column % 12);
        let (top, left) = (output % 3 * 4, output % 4 * 3);
        (top..top + 4).contains(&y) && (left..left + 3).contains(&x)
    };
    let in_squares = cost(&|output, column| square(output, column) || output >= 16 && square(output - 15, column));
    assert!(in_two_outputs < 0.8 * scattered && in_squares < 0.8 * scattered, "{scattered} {in_two_outputs} {in_squares}");
}

#[test]
fn a_slope_points_away_from_zero_and_zero_has_none() {
    let bits = bits::of_weights(&[0.0, 0.3, -0.3, 2.4, -7.0, 0.0], 2, None);
    let signs: Vec<f32> = bits.slope.iter().map(|slope| if *slope == 0.0 { 0.0 } else { slope.signum() }).collect();
    assert_eq!(signs, [0.0, 1.0, -1.0, 1.0, -1.0, 0.0]);
    let biases = bits::of_biases(&[0.0, 1.0, -3.2]);
    assert!((biases.total - (1.5 + 3.5 + 1.5 + 2.0 * 2.0)).abs() < 1e-9);
    assert!((f64::from(biases.slope[1]) - 1.0 / 2.0_f64.ln()).abs() < 1e-6);
}

/// Without noise, dropout and lambda, the gradient is that of the plain network with the same weights, times the steps.
#[test]
fn the_gradient_is_that_of_the_rounded_network_passed_straight_through() {
    let mut rate = Rate::initialise(&network(), &options(100.0, &[0.0; 4], 0.0), &mut Noise::for_initialisation(3));
    rate.options.free = 0.5;
    let batch = images(30).batch(0..30);
    let mut plain = rate.prediction();
    let expected = plain.slope(&batch, START, &mut Noise::for_epoch(0, 0));
    let actual = rate.slope(&batch, START, &mut Noise::for_epoch(0, 0));
    assert!((actual.cross_entropy - expected.cross_entropy).abs() < 1e-6);
    for (index, layer) in rate.layers.iter().enumerate() {
        let [code, log_step, bias] = [0, 1, 2].map(|array| &actual.gradients[3 * index + array]);
        let (by_weight, by_bias) = (&expected.gradients[2 * index], &expected.gradients[2 * index + 1]);
        let close = |actual: f32, expected: f32| assert!((actual - expected).abs() < 1e-5, "{actual} {expected}");
        code.iter().zip(by_weight).for_each(|(&code, weight)| close(code, weight * layer.trained.step()));
        bias.iter().zip(by_bias).for_each(|(&bias, by_bias)| close(bias, by_bias * layer::BIAS_STEP));
        // The step scales every weight, so the slope of its logarithm is the sum of slope times weight.
        close(log_step[0], by_weight.iter().zip(&plain.layers[index].weight.value).map(|(slope, weight)| slope * weight).sum());
    }
}

/// At the end of a run the loss is that of the rounded network. Before noise and dropout begin to fall, they have full strength.
#[test]
fn noise_and_dropout_fall_to_nothing_while_a_run_settles() {
    let begin = |dropout: f64, noise| {
        Rate::initialise(&network(), &options(100.0, &[0.0, 0.0, dropout, 0.0], noise), &mut Noise::for_initialisation(3))
    };
    let batch = images(30).batch(0..30);
    let loss =
        |mut rate: Rate, progress| rate.slope(&batch, Moment { progress, ..START }, &mut Noise::for_epoch(0, 0)).cross_entropy;
    let undisturbed = loss(begin(0.0, 0.0), 0.0);
    for (dropout, noise) in [(0.4, 0.0), (0.0, 0.5)] {
        let [early, at_half, late, last] = [0.0, 0.5, 0.75, 1.0].map(|progress| loss(begin(dropout, noise), progress));
        assert_eq!(early, at_half, "dropout {dropout}, noise {noise}");
        assert!(early != undisturbed && late != early && late != undisturbed, "dropout {dropout}, noise {noise}");
        assert!((last - undisturbed).abs() < 1e-6, "dropout {dropout}, noise {noise}: {last} instead of {undisturbed}");
    }
    let options = options(100.0, &[0.0; 4], 0.0);
    assert_eq!([0.5, 0.75, 1.0].map(|progress| options.disturbance_at(progress)), [1.0, 0.5, 0.0]);
    let kept = RateOptions { settle: 1.0, ..options };
    assert_eq!([0.0, 1.0].map(|progress| kept.disturbance_at(progress)), [1.0, 1.0]);
}

#[test]
fn dead_units_go_and_what_is_computed_stays() {
    let mut rate = Rate::initialise(&network(), &options(100.0, &[0.0; 4], 0.0), &mut Noise::for_initialisation(5));
    let mut layers: Vec<Grid> = rate.layers.iter().map(|layer| layer.trained.clone()).collect();
    // A map and a hidden unit without incoming weights, a hidden unit without outgoing weights, and two flattened inputs that nothing reads.
    layers[1].code.value[24..36].fill(0.0);
    layers[1].bias.value[2] = 8.0;
    layers[2].code.value[..16].fill(0.0);
    layers[2].bias.value[0] = 16.0;
    for row in layers[2].code.value.chunks_exact_mut(16) {
        row[1] = 0.0;
        row[6] = 0.4;
    }
    for row in layers[3].code.value.chunks_exact_mut(6) {
        row[5] = -0.3;
    }
    // With powers of two, the constants stay on the grid of the biases.
    for layer in &mut layers {
        layer.log_step.value[0] = 0.25_f32.ln();
    }
    for (layer, grid) in rate.layers.iter_mut().zip(layers) {
        (layer.trained, layer.average) = (grid.clone(), grid);
    }
    let batch = images(9);
    let before = outputs(&rate, &batch);
    remove_dead(&mut rate);
    let units = rate.units();
    assert_eq!(units[1].outputs, [0, 1, 3]);
    assert_eq!(units[2].inputs, [0, 2, 3, 4, 5, 7, 12, 13, 14, 15]);
    assert_eq!(units[2].outputs, [1, 2, 3, 4]);
    assert_eq!(units[3].inputs, [1, 2, 3, 4]);
    for (before, after) in before.iter().zip(outputs(&rate, &batch)) {
        assert!((before - after).abs() < 1e-4, "{before} {after}");
    }
}

fn outputs(rate: &Rate, images: &Images) -> Vec<f32> {
    let precision = Precision::inference();
    let plain = rate.prediction();
    let layers = plain.layers.iter().map(|layer| LayerTensors {
        weight: super::super::plain::matrix(&layer.weight, &precision),
        bias: constant(layer.bias.value.clone(), [layer.bias.value.len()], &precision),
    });
    let tensors: Vec<_> = layers.collect();
    let batch = images.batch(0..images.len());
    forward::values(logits(&rate.network, &rate.units(), &batch, &tensors, &precision, |_, input| input))
}

#[test]
fn a_step_has_five_bits_after_the_first() {
    let mut layer =
        Rate::initialise(&network(), &options(9.0, &[0.0; 4], 0.0), &mut Noise::for_initialisation(1)).layers.remove(0).trained;
    for step in [0.013, 0.5, 0.99, 1.7] {
        layer.log_step.value[0] = f32::ln(step);
        let rounded = layer.step();
        assert!((rounded / step - 1.0).abs() < 1.0 / 64.0 + 1e-5, "{step} {rounded}");
        assert_eq!(rounded.to_bits() & 0x3_ffff, 0, "{rounded}");
    }
}

/// A value that oscillates about the boundary between 1 and 2 becomes the integer that it has most of the time.
#[test]
fn the_average_settles_where_training_swings() {
    let options = options(9.0, &[0.0; 4], 0.0);
    let mut layer = Rate::initialise(&network(), &options, &mut Noise::for_initialisation(1)).layers.remove(0);
    for step in 0..6000 {
        layer.trained.code.value[0] = if step % 3 == 2 { 1.4 } else { 1.8 };
        layer.follow(500);
    }
    assert_eq!(layer.trained.integers().next(), Some(1.0));
    assert!((layer.average.code.value[0] - 5.0 / 3.0).abs() < 1e-2, "{}", layer.average.code.value[0]);
    assert_eq!(layer.plain().weight.value[0], 2.0 * layer.average.step());
}

#[test]
fn the_units_given_are_the_first_ones() {
    let mut options = options(100.0, &[0.0; 4], 0.0);
    options.units = vec![2, 3, 4];
    let options = options.complete(&network()).unwrap();
    let units = Rate::initialise(&network(), &options, &mut Noise::for_initialisation(1)).units();
    assert_eq!(units[1].inputs, [0, 1]);
    assert_eq!(units[2].inputs, (0..12).collect::<Vec<_>>());
    assert_eq!(units[3].inputs, [0, 1, 2, 3]);
    assert_eq!(units[3].outputs.len(), 3);
}

#[test]
fn options_that_cannot_be_are_refused_by_name() {
    let refused = |change: fn(&mut RateOptions), option: &str| {
        let mut options = options(100.0, &[], 0.0);
        change(&mut options);
        let error = options.complete(&network()).unwrap_err().to_string();
        assert!(error.contains(option), "{error}");
    };
    refused(|options| options.dropout = vec![0.5], "--dropout");
    refused(|options| options.dropout = vec![0.0, 0.0, 0.0, 1.0], "--dropout");
    refused(|options| options.units = vec![2, 3], "--units");
    refused(|options| options.units = vec![2, 3, 7], "--units");
    refused(|options| options.bytes = f64::NAN, "--bytes");
    refused(|options| options.reached = 1.0, "--reached");
    refused(|options| options.settle = 1.5, "--settle");
    refused(|options| options.average = 0, "--average");
}

/// The bits reach the bound, and a resumed run gives the same bits as an uninterrupted one.
#[test]
fn the_bound_is_reached_and_a_resumed_run_equals_a_straight_one() {
    let common = options::CommonOptions { shift: 1, ..options::tests::short(60) };
    let options = RateOptions { common, ..options(40.0, &[0.0, 0.1, 0.0, 0.2], 0.2) };
    let recorded = serde_json::to_value(&options).unwrap();
    let split = || Split { training: images(60), validation: None };
    let run = |name: &str, stops: &[Option<usize>]| {
        let folder = std::env::temp_dir().join(format!("curt-rate-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut last = None;
        for (index, &stop_after) in stops.iter().enumerate() {
            let mut rate = Rate::initialise(&network(), &options, &mut Noise::for_initialisation(7));
            // With so few images, a high lambda is right from the start.
            rate.steering.value[0] = -8.0;
            let run = Run { folder: &folder, resume: index > 0, stop_after };
            train(&mut rate, &options.common, &recorded, &split(), &run).unwrap();
            last = Some(rate);
        }
        let log = std::fs::read_to_string(folder.join("log.jsonl")).unwrap();
        std::fs::remove_dir_all(folder).unwrap();
        let last_line: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
        assert_eq!(last_line["validation_error"], Value::Null);
        (last.unwrap(), last_line["bytes"].as_f64().unwrap())
    };
    let (straight, bytes) = run("straight", &[None]);
    assert!((30.0..48.0).contains(&bytes), "{bytes} bytes");
    let (resumed, _) = run("resumed", &[Some(33), None]);
    assert_eq!(straight.units(), resumed.units());
    let bits = |rate: &Rate| -> Vec<u32> {
        let grids = rate.layers.iter().flat_map(|layer| [&layer.trained, &layer.average]);
        let values = grids.flat_map(|grid| grid.code.value.iter().chain(&grid.bias.value));
        values.chain(&rate.steering.value).map(|value| value.to_bits()).collect()
    };
    assert!(bits(&straight) == bits(&resumed), "parameters differ");
}
