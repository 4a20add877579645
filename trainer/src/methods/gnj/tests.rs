//! Tests of the formulas against known values, and of the gradient against finite differences.

use burn::tensor::Tensor;

use super::layer::LayerTensors;
use super::*;
use crate::data::Batch;
use crate::forward::Windows;
use crate::kl;
use crate::methods::check::{self, Values, close, double, tensor, tensor_values};
use crate::methods::groups::{GroupLayer as _, GroupOptions, Training, likelihood, short};
use crate::methods::{Method as _, Moment};
use crate::network::{LayerShape, Step};
use crate::noise::Noise;
use crate::parameter::Parameter;
use crate::shed::Units;

fn all_close(actual: &[f64], expected: &[f64]) {
    assert_eq!(actual.len(), expected.len());
    for (&actual, &expected) in actual.iter().zip(expected) {
        close(actual, expected, 1e-6);
    }
}

/// A linear layer with 3 inputs and 2 outputs, whose figures are all known in double precision.
fn known_layer() -> GnjLayer {
    let vector = |values: &[f32]| Parameter::new(vec![values.len()], values.to_vec());
    let shape = LayerShape::Linear { inputs: 3, outputs: 2 };
    GnjLayer {
        shape,
        units: Units::all(shape),
        weight_mean: Parameter::new(vec![2, 3], vec![0.5, -0.2, 0.1, 0.3, 0.0, -0.7]),
        weight_log_variance: Parameter::new(vec![2, 3], vec![-6.0; 6]),
        scale_mean: vector(&[1.0, 0.1, 0.001]),
        scale_log_variance: vector(&[-9.0, -5.0, -9.0]),
        bias_mean: vector(&[0.1, -0.1]),
        bias_log_variance: vector(&[-9.0; 2]),
    }
}

#[test]
fn the_known_layer_has_its_dropout_rates_and_kl() {
    let layer = known_layer();
    let log_alpha = layer.log_alpha();
    all_close(&log_alpha, &[-9.00000001, -0.394830814, 4.805560227]);
    close(log_alpha.iter().map(|&a| kl::log_uniform(a)).sum(), 5.732579624, 1e-6);
    close(layer.kl(), 29.190139291, 1e-6);
}

#[test]
fn the_known_layer_has_its_masked_mean_and_variance() {
    let network = Network::new("one", [1, 1, 3], &[Step::Flatten, Step::Linear(3, 2)]);
    let gnj = Gnj { network, layers: vec![known_layer()] };
    let units = gnj.survivors(&[3.0]);
    assert_eq!(units[0].inputs, [0, 1]);
    let plain = gnj.mean_over(&units);
    let weights: Vec<f64> = plain.layers[0].weight.value.iter().map(|&w| f64::from(w)).collect();
    all_close(&weights, &[0.5, -0.02, 0.3, 0.0]);
    assert_eq!(plain.layers[0].bias.value, [0.1, -0.1]);
    all_close(
        &gnj.layers[0].marginal_variance(),
        &[0.00250991053, 0.000311007103, 1.54247911e-06, 0.00249016496, 4.14892226e-05, 6.07791851e-05],
    );
}

#[test]
fn a_layer_never_loses_its_last_group() {
    let network = Network::new("one", [1, 1, 3], &[Step::Flatten, Step::Linear(3, 2)]);
    let gnj = Gnj { network, layers: vec![known_layer()] };
    assert_eq!(gnj.survivors(&[-20.0])[0].inputs, [0]);
}

#[test]
fn the_mean_of_a_convolution_scales_its_bias() {
    let shape = LayerShape::Convolution { inputs: 1, outputs: 2, kernel: 1 };
    let mut layer = GnjLayer::initialise(shape, None, (), &mut Noise::for_initialisation(1));
    layer.weight_mean.value = vec![2.0, 3.0];
    layer.bias_mean.value = vec![1.0, -1.0];
    layer.scale_mean.value = vec![0.5, 2.0];
    let mean = layer.mean();
    assert_eq!(mean.weight.value, [1.0, 6.0]);
    assert_eq!(mean.bias.value, [0.5, -2.0]);
}

#[test]
fn the_variance_bound_of_the_first_layer_holds_after_a_step() {
    let network = Network::new("two", [1, 1, 3], &[Step::Flatten, Step::Linear(3, 2), Step::Linear(2, 2)]);
    let groups = Gnj::initialise(&network, None, (), &mut Noise::for_initialisation(1));
    let mut training = Training { groups, options: GroupOptions { max_variance: 0.04, ..short(1) } };
    for layer in &mut training.groups.layers {
        layer.weight_log_variance.value[..2].copy_from_slice(&[-6.0, 0.0]);
    }
    training.after_step(Moment { epoch: 0, progress: 0.0, images: 1 });
    let variances = |index: usize| training.groups.layers[index].weight_log_variance.value[..2].to_vec();
    assert_eq!((variances(0), variances(1)), (vec![-6.0, 0.04_f32.ln()], vec![-6.0, 0.0]));
}

/// One output whose scale has a negligible variance. The scale noise is 0, so z is the mean of the scale.
#[test]
fn local_reparametrisation_of_a_linear_layer_has_its_known_sample() {
    let layer = LayerTensors {
        weight_mean: tensor(&[0.5, -0.25], [1, 2]),
        weight_log_variance: tensor(&[0.01_f64.ln(), 0.04_f64.ln()], [1, 2]),
        scale_mean: tensor(&[0.9, 1.1], [2]),
        scale_log_variance: tensor(&[-9.0, -9.0], [2]),
        bias_mean: tensor(&[0.1], [1]),
        bias_log_variance: tensor(&[0.001_f64.ln()], [1]),
    };
    let x = tensor(&[1.0, 2.0], [1, 2]);
    let sample = |noise: f64| {
        let scale_noise = tensor(&[0.0, 0.0], [1, 2]);
        tensor_values(likelihood::linear(&layer, x.clone(), scale_noise, tensor(&[noise], [1, 1])))[0]
    };
    assert!(sample(0.0).abs() < 1e-12);
    close(sample(1.0), 0.450222167, 1e-6);
    close(sample(1.0).powi(2), 0.2027, 1e-6);
}

/// A 1x1 convolution of four equal pixels, with mean 0.7 and variance 0.03 before its scale of 1.2.
#[test]
fn local_reparametrisation_of_a_convolution_has_its_known_sample() {
    let layer = LayerTensors {
        weight_mean: tensor(&[0.6], [1, 1]),
        weight_log_variance: tensor(&[0.02_f64.ln()], [1, 1]),
        scale_mean: tensor(&[1.0], [1]),
        scale_log_variance: tensor(&[0.04_f64.ln()], [1]),
        bias_mean: tensor(&[0.1], [1]),
        bias_log_variance: tensor(&[0.01_f64.ln()], [1]),
    };
    let windows = Windows::new(tensor(&[1.0; 4], [1, 1, 2, 2]), 1);
    let (scale_noise, noise) = (tensor(&[1.0], [1, 1]), tensor(&[-0.5; 4], [1, 4]));
    for sample in tensor_values(likelihood::convolution(&layer, &windows, scale_noise, noise)) {
        close(sample, 0.736076952, 1e-6);
    }
}

/// A network small enough to differentiate with respect to every parameter. Some of its units are removed.
fn small(input: [usize; 3], steps: &[Step], removed: &[Vec<usize>]) -> (Gnj, Batch) {
    let network = Network::new("small", input, steps);
    let mut noise = Noise::for_initialisation(11);
    let mut gnj = Gnj::initialise(&network, None, (), &mut noise);
    for (layer, removed) in gnj.layers.iter_mut().zip(removed) {
        // The start is avoided, because its variances are too small to matter.
        for parameter in [&mut layer.weight_log_variance, &mut layer.scale_log_variance, &mut layer.bias_log_variance] {
            parameter.value = noise.gaussian(parameter.value.len(), -2.5, 0.5);
        }
        for &group in removed {
            layer.scale_mean.value[group] = 0.0;
            layer.scale_log_variance.value[group] = 5.0;
        }
    }
    let thresholds = vec![20.0; gnj.layers.len()];
    gnj.shed(&thresholds);
    let pixels = input.iter().product::<usize>();
    let batch = Batch { pixels: noise.gaussian(4 * pixels, 0.5, 0.5), labels: vec![0, 2, 1, 2] };
    (gnj, batch)
}

const KL_FACTOR: f64 = 0.01;
const NOISE_SEED: u64 = 3;

fn leaves(gnj: &Gnj, values: &Values) -> Vec<LayerTensors> {
    let layers = gnj.layers.iter().zip(values.chunks_exact(6));
    layers
        .map(|(layer, values)| {
            let rows = layer.units.outputs.len();
            let weights = [rows, values[0].len() / rows];
            let vector = |values: &Vec<f64>| tensor(values, [values.len()]).require_grad();
            LayerTensors {
                weight_mean: tensor(&values[0], weights).require_grad(),
                weight_log_variance: tensor(&values[1], weights).require_grad(),
                scale_mean: vector(&values[2]),
                scale_log_variance: vector(&values[3]),
                bias_mean: vector(&values[4]),
                bias_log_variance: vector(&values[5]),
            }
        })
        .collect()
}

fn cross_entropy(gnj: &Gnj, tensors: &[LayerTensors], batch: &Batch) -> Tensor<1> {
    let mut noise = Noise::for_epoch(NOISE_SEED, 0);
    likelihood::cross_entropy(&gnj.network, &gnj.units(), tensors, batch, &mut noise, &double())
}

/// The whole loss in f64.
fn loss(gnj: &Gnj, values: &Values, batch: &Batch) -> f64 {
    let likelihood = tensor_values(cross_entropy(gnj, &leaves(gnj, values), batch))[0];
    let mut kl = 0.0;
    for layer in values.chunks_exact(6) {
        let sum = |function: fn(f64, f64) -> f64, first: usize| -> f64 {
            let pairs = layer[first].iter().zip(&layer[first + 1]);
            pairs.map(|(&mean, &variance)| function(mean, variance)).sum()
        };
        kl += sum(kl::standard_normal, 0) + sum(kl::standard_normal, 4);
        kl += sum(|mean, variance| kl::log_uniform(kl::log_alpha(mean, variance)), 2);
    }
    likelihood + KL_FACTOR * kl
}

/// Compares the gradient of the whole loss with finite differences: see [`check::check_gradient`]. Autodiff gives the f64 gradient, except that
/// of the KL.
fn check_gradient(gnj: &mut Gnj, batch: &Batch) -> usize {
    let values: Values = gnj.named().into_iter().map(|(_, _, p)| p.value.iter().map(|&v| f64::from(v)).collect()).collect();
    let slope = gnj.slope(batch, KL_FACTOR, &mut Noise::for_epoch(NOISE_SEED, 0));
    let tensors = leaves(gnj, &values);
    let mut traced = cross_entropy(gnj, &tensors, batch).backward();
    let mut trace: Values = Vec::new();
    for layer in &tensors {
        trace.push(tensor_values(layer.weight_mean.grad_remove(&mut traced).unwrap()));
        trace.push(tensor_values(layer.weight_log_variance.grad_remove(&mut traced).unwrap()));
        trace.push(tensor_values(layer.scale_mean.grad_remove(&mut traced).unwrap()));
        trace.push(tensor_values(layer.scale_log_variance.grad_remove(&mut traced).unwrap()));
        trace.push(tensor_values(layer.bias_mean.grad_remove(&mut traced).unwrap()));
        trace.push(tensor_values(layer.bias_log_variance.grad_remove(&mut traced).unwrap()));
    }
    // The pairs (mean, log variance) of weights, scales and biases.
    for (pair, (values, slopes)) in values.chunks_exact(2).zip(trace.chunks_exact_mut(2)).enumerate() {
        let of_kl = if pair % 3 == 1 { kl::log_uniform_gradient } else { kl::standard_normal_gradient };
        for index in 0..values[0].len() {
            let (by_mean, by_variance) = of_kl(values[0][index], values[1][index]);
            slopes[0][index] += KL_FACTOR * by_mean;
            slopes[1][index] += KL_FACTOR * by_variance;
        }
    }
    check::check_gradient(values, |values| loss(gnj, values, batch), &trace, &slope.gradients)
}

#[test]
fn gradient_of_linear_layers_matches_finite_differences() {
    let steps = [Step::Flatten, Step::Linear(9, 5), Step::Relu, Step::Linear(5, 3)];
    let (mut gnj, batch) = small([1, 3, 3], &steps, &[vec![0, 4], vec![2]]);
    assert_eq!(check_gradient(&mut gnj, &batch), 2 * (7 * 4 + 7 + 4) + 2 * (4 * 3 + 4 + 3));
}

#[test]
fn gradient_through_convolutions_matches_finite_differences() {
    let steps = [
        Step::Convolution(1, 3, 3),
        Step::MaxPool,
        Step::Convolution(3, 4, 2),
        Step::MaxPool,
        Step::Flatten,
        Step::Linear(16, 5),
        Step::Relu,
        Step::Linear(5, 3),
    ];
    // One map of each convolution, a single flattened input and one hidden unit are gone.
    let removed = [vec![1], vec![0], vec![9], vec![3]];
    let (mut gnj, batch) = small([1, 12, 12], &steps, &removed);
    let expected = 2 * (2 * 9 + 2 + 2) + 2 * (3 * 2 * 4 + 3 + 3) + 2 * (11 * 4 + 11 + 4) + 2 * (4 * 3 + 4 + 3);
    assert_eq!(check_gradient(&mut gnj, &batch), expected);
}
