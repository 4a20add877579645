//! The sampled forward pass of the posterior, traced by autodiff.

use burn::tensor::{Gradients, Tensor};

use super::layer::GnjLayer;
use crate::data::Batch;
use crate::forward::{self, Activation, Precision, constant};
use crate::methods::plain::matrix;
use crate::network::{LayerShape, Network};
use crate::noise::Noise;
use crate::shed::{self, Units};

/// Added to a variance before its root is taken, whose slope is infinite at 0.
const VARIANCE_EPSILON: f64 = 1e-8;

/// The arrays of a layer as leaves of the trace; weights as `[out, in * kh * kw]`.
pub struct LayerTensors {
    pub weight_mean: Tensor<2>,
    pub weight_log_variance: Tensor<2>,
    pub scale_mean: Tensor<1>,
    pub scale_log_variance: Tensor<1>,
    pub bias_mean: Tensor<1>,
    pub bias_log_variance: Tensor<1>,
}

impl LayerTensors {
    pub fn leaves(layer: &GnjLayer, precision: &Precision) -> Self {
        let vector = |values: &Vec<f32>| constant(values.clone(), [values.len()], precision).require_grad();
        Self {
            weight_mean: matrix(&layer.weight_mean, precision).require_grad(),
            weight_log_variance: matrix(&layer.weight_log_variance, precision).require_grad(),
            scale_mean: vector(&layer.scale_mean.value),
            scale_log_variance: vector(&layer.scale_log_variance.value),
            bias_mean: vector(&layer.bias_mean.value),
            bias_log_variance: vector(&layer.bias_log_variance.value),
        }
    }

    /// Gradients in the order of [`GnjLayer::parameters`].
    pub fn gradients(&self, slopes: &mut Gradients) -> [Vec<f32>; 6] {
        [
            forward::gradient(&self.weight_mean, slopes),
            forward::gradient(&self.weight_log_variance, slopes),
            forward::gradient(&self.scale_mean, slopes),
            forward::gradient(&self.scale_log_variance, slopes),
            forward::gradient(&self.bias_mean, slopes),
            forward::gradient(&self.bias_log_variance, slopes),
        ]
    }

    fn scale_deviation(&self) -> Tensor<1> {
        (self.scale_log_variance.clone() * 0.5).exp()
    }
}

/// Mean cross-entropy of a batch in nats under one sample of the posterior per image.
pub fn cross_entropy(
    network: &Network,
    units: &[Units],
    tensors: &[LayerTensors],
    batch: &Batch,
    noise: &mut Noise,
    precision: &Precision,
) -> Tensor<1> {
    let input = forward::images(batch, network, precision);
    let logits = forward::run(network, input, |index, input| {
        let layer = &tensors[index];
        match network.layers[index].1 {
            LayerShape::Linear { .. } => {
                let positions = shed::input_positions(network, units, index);
                let x = forward::columns(input.features(), &positions);
                let [batch, inputs] = x.dims();
                let outputs = units[index].outputs.len();
                let scale_noise = constant(noise.normals(batch * inputs), [batch, inputs], precision);
                let noise = constant(noise.normals(batch * outputs), [batch, outputs], precision);
                Activation::Features(linear(layer, x, scale_noise, noise))
            }
            LayerShape::Convolution { kernel, .. } => {
                let maps = input.maps();
                let [_, batch, height, width] = maps.dims();
                let [rows, columns] = [height + 1 - kernel, width + 1 - kernel];
                let outputs = units[index].outputs.len();
                let shape = [outputs, batch, rows * columns];
                let scale_noise = constant(noise.normals(outputs * batch), [outputs, batch], precision);
                let noise = constant(noise.normals(shape.iter().product()), shape, precision);
                let sample = convolution(layer, maps, kernel, scale_noise, noise);
                Activation::Maps(sample.reshape([outputs, batch, rows, columns]))
            }
        }
    });
    forward::cross_entropy(logits, &batch.labels, precision)
}

/// Local reparametrisation of a linear layer: with z ~ q(z) per image and input,
/// `out ~ N((x z) M' + mu_b, (x z)^2 S2' + s_b^2)`.
///
/// `x`, `scale_noise`: `[batch, in]`; `noise` and the result: `[batch, out]`.
pub fn linear(layer: &LayerTensors, x: Tensor<2>, scale_noise: Tensor<2>, noise: Tensor<2>) -> Tensor<2> {
    let deviation = layer.scale_deviation().unsqueeze::<2>();
    let z = layer.scale_mean.clone().unsqueeze() + deviation * scale_noise;
    let x = x * z;
    let mean = x.clone().matmul(layer.weight_mean.clone().transpose());
    let mean = mean + layer.bias_mean.clone().unsqueeze();
    let weight_variance = layer.weight_log_variance.clone().exp();
    let variance = (x.clone() * x).matmul(weight_variance.transpose());
    let variance = variance + layer.bias_log_variance.clone().exp().unsqueeze();
    mean + (variance + VARIANCE_EPSILON).sqrt() * noise
}

/// Local reparametrisation of a convolution: with `m` and `v` the convolution of x with M and of
/// x^2 with S2, biases included, and z ~ q(z) per image and output map,
/// `out = z m + sqrt(z^2 v) noise`.
///
/// `maps`: `[in, batch, h, w]`; `scale_noise`: `[out, batch]`; `noise` and the result:
/// `[out, batch, oh * ow]`.
pub fn convolution(layer: &LayerTensors, maps: Tensor<4>, kernel: usize, scale_noise: Tensor<2>, noise: Tensor<3>) -> Tensor<3> {
    let shape = noise.dims();
    let windows = forward::unfold(maps, kernel);
    let mean = layer.weight_mean.clone().matmul(windows.clone());
    let mean = mean + layer.bias_mean.clone().unsqueeze_dim(1);
    let weight_variance = layer.weight_log_variance.clone().exp();
    let variance = weight_variance.matmul(windows.clone() * windows);
    let variance = variance + layer.bias_log_variance.clone().exp().unsqueeze_dim(1);
    let deviation = layer.scale_deviation().unsqueeze_dim::<2>(1);
    let z = layer.scale_mean.clone().unsqueeze_dim::<2>(1) + deviation * scale_noise;
    let z = z.unsqueeze_dim::<3>(2);
    let variance = z.clone() * z.clone() * variance.reshape(shape);
    z * mean.reshape(shape) + (variance + VARIANCE_EPSILON).sqrt() * noise
}
