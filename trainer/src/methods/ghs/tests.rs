//! Tests of the formulas against known values, and of the gradient against finite differences.

use super::layer::LayerTensors;
use super::*;
use crate::data::{Batch, Scaling};
use crate::methods::check::{self, Values, close, double, tensor, tensor_values};
use crate::methods::gnj::Gnj;
use crate::methods::groups::{GroupLayer, likelihood, short};
use crate::network::{LayerShape, Step};
use crate::noise::Noise;
use crate::posterior;
use burn::tensor::Tensor;

/// Means and variances of the four scales of one group, by hand: log z, E z, the negative log mode, and the mean of a weight of 0.5.
#[test]
fn the_scale_of_a_group_is_the_product_of_four() {
    let shape = LayerShape::Linear { inputs: 1, outputs: 1 };
    let mut layer = GhsLayer::initialise(shape, None, Tau::default(), &mut Noise::for_initialisation(1));
    layer.weight_mean.value = vec![0.5];
    for (means, variances, [mean, variance, expectation, mode, weight]) in [
        ([0.0; 4], [0.1; 4], [0.0, 0.1, 1.0512711, 0.1, 0.525635548]),
        ([-1.0, 0.5, -2.0, 0.3], [0.2, 0.1, 0.4, 0.3], [-1.1, 0.25, 0.377192354, 1.35, 0.188596177]),
        ([-9.0, 1.7, -1.7, 1.7], [0.05; 4], [-3.65, 0.05, 0.0266490973, 3.7, 0.0133245487]),
        ([-9.0, 1.7, -6.0, -2.0], [1.0, 1.0, 2.0, 2.0], [-7.65, 1.5, 0.00100778543, 9.15, 0.000503892715]),
    ] {
        let [global_a, global_b] = &mut layer.global;
        let [local_a, local_b] = &mut layer.local;
        let scales = [global_a, global_b, local_a, local_b];
        for ((scale, mean), variance) in scales.into_iter().zip(means).zip(variances) {
            scale.mean.value = vec![mean];
            scale.log_variance.value = vec![f32::ln(variance)];
        }
        let (found_mean, found_variance) = layer.log_scales()[0];
        close(found_mean, mean, 1e-6);
        close(found_variance, variance, 1e-6);
        close((found_mean + 0.5 * found_variance).exp(), expectation, 1e-5);
        close(layer.statistic()[0], mode, 1e-6);
        close(f64::from(layer.mean().weight.value[0]), weight, 1e-5);
    }
}

/// A fresh posterior has scales near 1, under a prior of the size of the paper's.
#[test]
fn a_fresh_posterior_begins_with_scales_of_one() {
    let options = GhsOptions { groups: short(1), tau: 1e-5 };
    let training = options.complete(&Network::lenet_300_100()).unwrap().begin(&Network::lenet_300_100()).unwrap();
    for layer in &training.groups.layers {
        assert!(layer.log_scales().iter().all(|(mean, variance)| mean.abs() < 0.05 && *variance < 1e-3));
        assert!(layer.kl().is_finite());
    }
}

/// A start from another posterior: around its mean, over its remaining units, with the scales of a fresh posterior.
#[test]
fn a_run_begins_around_what_another_method_left() {
    let network = Network::lenet_300_100();
    let mut gnj = Gnj::initialise(&network, None, (), &mut Noise::for_initialisation(3));
    gnj.layers[1].scale_log_variance.value[7] = 9.0;
    let path = std::env::temp_dir().join(format!("curt-ghs-{}.safetensors", std::process::id()));
    let training = Training { groups: gnj, options: short(1) };
    posterior::write(&path, &training, Scaling::UNIT, serde_json::Value::Null).unwrap();
    let options = GhsOptions { groups: GroupOptions { start: Some(path.clone()), ..short(1) }, tau: 1e-5 };
    let ghs = options.complete(&network).unwrap().begin(&network).unwrap().groups;
    std::fs::remove_file(path).unwrap();
    assert_eq!((ghs.layers[1].units.inputs.len(), ghs.layers[0].units.outputs.len()), (299, 299));
    for layer in &ghs.layers {
        assert!(layer.log_scales().iter().all(|(mean, _)| mean.abs() < 0.05));
        // Every scale is near its prior and costs a few nats. A layer's scale far from its prior would cost 1e10.
        assert!(layer.kl() < 6.0 * layer.weight_mean.value.len() as f64 + 1e4, "{}", layer.kl());
    }
}

/// A run that starts from a posterior file keeps the removed units removed, whatever the mode of a scale that the file stores as zeros.
#[test]
fn a_run_goes_on_without_what_was_removed() {
    let network = Network::lenet_300_100();
    let tau = Tau(1e-5);
    let mut ghs = Ghs::initialise(&network, None, tau, &mut Noise::for_initialisation(5));
    for group in [3, 70] {
        ghs.layers[1].local[0].mean.value[group] = -40.0;
    }
    ghs.shed(&[8.0; 3]);
    let path = std::env::temp_dir().join(format!("curt-ghs-again-{}.safetensors", std::process::id()));
    let training = Training { groups: ghs, options: short(1) };
    posterior::write(&path, &training, Scaling::UNIT, serde_json::Value::Null).unwrap();
    let options = GhsOptions { groups: GroupOptions { start: Some(path.clone()), ..short(1) }, tau: tau.0 };
    let again = options.complete(&network).unwrap().begin(&network).unwrap().groups;
    std::fs::remove_file(path).unwrap();
    assert_eq!(again.units(), training.groups.units());
    assert_eq!(again.layers[1].units.inputs.len(), 298);
}

/// The number of arrays of a layer.
const ARRAYS: usize = 12;

fn leaves(ghs: &Ghs, values: &Values) -> Vec<LayerTensors> {
    let layers = ghs.layers.iter().zip(values.chunks_exact(ARRAYS));
    let layer = |(layer, values): (&GhsLayer, &[Vec<f64>])| {
        let rows = layer.units.outputs.len();
        let matrix = |index: usize| tensor(&values[index], [rows, values[index].len() / rows]).require_grad();
        let vector = |index: usize| -> Tensor<1> { tensor(&values[index], [values[index].len()]).require_grad() };
        LayerTensors {
            weight: [0, 1].map(matrix),
            bias: [2, 3].map(vector),
            scales: [4, 6, 8, 10].map(|first| [first, first + 1].map(vector)),
        }
    };
    layers.map(layer).collect()
}

fn cross_entropy(ghs: &Ghs, tensors: &[LayerTensors], batch: &Batch) -> Tensor<1> {
    likelihood::cross_entropy(&ghs.network, &ghs.units(), tensors, batch, &mut Noise::for_epoch(3, 0), &double())
}

/// The gradient of the cross-entropy with fixed noise. The KL has a test of its own.
#[test]
fn gradients_of_the_cross_entropy_match_finite_differences() {
    let steps = [Step::Convolution(1, 3, 3), Step::MaxPool, Step::Flatten, Step::Linear(12, 5), Step::Relu, Step::Linear(5, 3)];
    let network = Network::new("small", [1, 6, 6], &steps);
    let mut noise = Noise::for_initialisation(11);
    let mut ghs = Ghs::initialise(&network, None, Tau(0.3), &mut noise);
    for layer in &mut ghs.layers {
        for (name, _, parameter) in layer.parameters() {
            if name.ends_with("_log_variance") {
                // The start is avoided, because its variances are too small to matter.
                parameter.value = noise.gaussian(parameter.value.len(), -2.5, 0.5);
            }
        }
    }
    let batch = Batch { pixels: noise.gaussian(4 * 36, 0.5, 0.5), labels: vec![0, 2, 1, 2] };
    let values: Values = ghs.named().into_iter().map(|(_, _, p)| p.value.iter().map(|&v| f64::from(v)).collect()).collect();
    let tensors = leaves(&ghs, &values);
    let mut traced = cross_entropy(&ghs, &tensors, &batch).backward();
    let mut trace: Values = Vec::new();
    for layer in &tensors {
        trace.extend(layer.weight.iter().map(|leaf| tensor_values(leaf.grad_remove(&mut traced).unwrap())));
        let vectors = layer.bias.iter().chain(layer.scales.iter().flatten());
        trace.extend(vectors.map(|leaf| tensor_values(leaf.grad_remove(&mut traced).unwrap())));
    }
    let single = ghs.slope(&batch, 0.0, &mut Noise::for_epoch(3, 0)).gradients;
    let loss = |values: &Values| tensor_values(cross_entropy(&ghs, &leaves(&ghs, values), &batch))[0];
    let checked = check::check_gradient(values, loss, &trace, &single);
    let scales = |groups: usize| 2 * (2 * groups + 2);
    assert_eq!(checked, 2 * (27 + 3) + scales(3) + 2 * (60 + 5) + scales(12) + 2 * (15 + 3) + scales(5));
}

/// The gradient of the layer's KL against its own finite differences: each scale meets its own prior.
#[test]
fn the_gradient_of_the_kl_matches_finite_differences() {
    let shape = LayerShape::Linear { inputs: 3, outputs: 2 };
    let mut layer = GhsLayer::initialise(shape, None, Tau(0.3), &mut Noise::for_initialisation(4));
    let mut gradients: Vec<Vec<f32>> = layer.parameters().iter().map(|(_, _, p)| vec![0.0; p.value.len()]).collect();
    layer.add_kl_gradient(1.0, &mut gradients);
    for (array, gradient) in gradients.iter().enumerate() {
        for (index, &found) in gradient.iter().enumerate() {
            let at = |by: f32| {
                let mut moved = layer.clone();
                let mut parameters = moved.parameters();
                parameters[array].2.value[index] += by;
                let value = f64::from(parameters[array].2.value[index]);
                drop(parameters);
                (value, moved.kl())
            };
            let ((from, low), (to, high)) = (at(-1e-2), at(1e-2));
            let (found, expected) = (f64::from(found), (high - low) / (to - from));
            assert!(
                (found - expected).abs() < 1e-3 * expected.abs().max(0.1),
                "array {array}, value {index}: {found}, {expected}"
            );
        }
    }
}
