//! The formulas against known values, and the gradient against finite differences.

use super::*;
use crate::data::Batch;
use crate::forward::Precision;
use crate::methods::groups::{GroupLayer, likelihood, short};
use crate::network::{LayerShape, Step};
use crate::noise::Noise;
use crate::parameter::Parameter;
use burn::tensor::{DType, Device, Tensor, TensorData};

fn close(actual: f64, expected: f64, tolerance: f64) {
    let error = (actual - expected).abs() / expected.abs().max(1e-3);
    assert!(error < tolerance, "{actual} instead of {expected}");
}

/// Means and variances of the four scales of one group, by hand: log z, E z, the negative log mode, and the mean of a weight of 0.5.
#[test]
fn the_scale_of_a_group_is_the_product_of_four() {
    let shape = LayerShape::Linear { inputs: 1, outputs: 1 };
    let mut layer = GhsLayer::initialise(shape, None, &mut Noise::for_initialisation(1));
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
    let recipe = GhsRecipe { groups: short(1), tau: 1e-5 };
    let training = recipe.complete(&Network::lenet_300_100()).unwrap().begin(&Network::lenet_300_100()).unwrap();
    for layer in &training.groups.layers {
        assert!(layer.log_scales().iter().all(|(mean, variance)| mean.abs() < 0.05 && *variance < 1e-3));
        assert!(layer.kl().is_finite());
    }
}

const KL_FACTOR: f64 = 0.01;

/// Differentiates the whole loss by every parameter with central differences, in f64 with the noise held fixed, and compares the gradient that training
/// uses, in f32, to 1e-3 of the larger of the slope and 0.01.
#[test]
fn gradients_match_finite_differences() {
    const STEP: f64 = 1e-5;
    let steps = [Step::Convolution(1, 3, 3), Step::MaxPool, Step::Flatten, Step::Linear(12, 5), Step::Relu, Step::Linear(5, 3)];
    let network = Network::new("small", [1, 6, 6], &steps);
    let mut noise = Noise::for_initialisation(11);
    let mut ghs = Ghs::initialise(&network, None, &mut noise);
    for layer in &mut ghs.layers {
        layer.begin_at(0.3, true);
        for (name, _, parameter) in layer.parameters() {
            if name.ends_with("_log_variance") {
                parameter.value = noise.gaussian(parameter.value.len(), -2.5, 0.5);
            }
        }
    }
    let batch = Batch { pixels: noise.gaussian(4 * 36, 0.5, 0.5), labels: vec![0, 2, 1, 2] };
    let slope = ghs.slope(&batch, KL_FACTOR, &mut Noise::for_epoch(3, 0));
    let precision = Precision { device: Device::flex().autodiff(), dtype: DType::F64 };
    // Each value is moved in f64: its part beyond f32 travels beside it.
    let loss = |ghs: &Ghs, array: usize, index: usize, by: f64| -> f64 {
        let mut ghs = ghs.clone();
        let moved = {
            let mut named = ghs.named();
            let parameter = &mut named[array].2;
            let value = f64::from(parameter.value[index]) + by;
            parameter.value[index] = value as f32;
            value
        };
        let per_layer = 12;
        let (layer, kind) = (array / per_layer, array % per_layer);
        let leaves: Vec<_> = ghs
            .layers
            .iter()
            .enumerate()
            .map(|(at, own)| {
                let mut leaves = own.leaves(&precision);
                if at == layer {
                    let exact = |values: &Parameter| -> Vec<f64> {
                        let mut values: Vec<f64> = values.value.iter().map(|&value| f64::from(value)).collect();
                        values[index] = moved;
                        values
                    };
                    let mut own = own.clone();
                    let values = exact(own.parameters()[kind].2);
                    let device = precision.device.clone();
                    match kind {
                        0 | 1 => {
                            let shape = leaves.weight[kind].dims();
                            leaves.weight[kind] =
                                Tensor::from_data(TensorData::new(values, shape), (&device, DType::F64)).require_grad();
                        }
                        _ => {
                            let shape = [values.len()];
                            let vector = Tensor::from_data(TensorData::new(values, shape), (&device, DType::F64)).require_grad();
                            match kind {
                                2 | 3 => leaves.bias[kind - 2] = vector,
                                _ => leaves.scales[(kind - 4) / 2][kind % 2] = vector,
                            }
                        }
                    }
                }
                leaves
            })
            .collect();
        let mut noise = Noise::for_epoch(3, 0);
        let loss = likelihood::cross_entropy(&ghs.network, &ghs.units(), &leaves, &batch, &mut noise, &precision);
        loss.into_data().try_into_vec::<f64>().unwrap()[0]
    };
    let counts: Vec<usize> = ghs.named().iter().map(|(_, _, parameter)| parameter.value.len()).collect();
    let mut checked = 0;
    for (array, count) in counts.into_iter().enumerate() {
        for index in 0..count {
            let difference = (loss(&ghs, array, index, STEP) - loss(&ghs, array, index, -STEP)) / (2.0 * STEP);
            // The KL's part is checked on its own, in kl.rs; here that each array gets that of its prior.
            let of_kl = {
                let layer = &ghs.layers[array / 12];
                let mut zeros: Vec<Vec<f32>> =
                    layer.clone().parameters().iter().map(|(_, _, p)| vec![0.0; p.value.len()]).collect();
                layer.add_kl_gradient(KL_FACTOR, &mut zeros);
                f64::from(zeros[array % 12][index])
            };
            let expected = difference + of_kl;
            let found = f64::from(slope.gradients[array][index]);
            assert!(
                (found - expected).abs() < 1e-3 * expected.abs().max(0.01),
                "array {array}, value {index}: {found}, difference {expected}"
            );
            checked += 1;
        }
    }
    let scales = |groups: usize| 2 * (2 * groups + 2);
    assert_eq!(checked, 2 * (27 + 3) + scales(3) + 2 * (60 + 5) + scales(12) + 2 * (15 + 3) + scales(5));
}

/// The gradient of the layer's KL against its own finite differences: each scale meets its own prior.
#[test]
fn the_gradient_of_the_kl_matches_finite_differences() {
    let shape = LayerShape::Linear { inputs: 3, outputs: 2 };
    let mut layer = GhsLayer::initialise(shape, None, &mut Noise::for_initialisation(4));
    layer.begin_at(0.3, true);
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
