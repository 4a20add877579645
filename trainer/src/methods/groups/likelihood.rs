//! The sampled forward pass of the posterior, traced by autodiff.

use burn::tensor::Tensor;

use crate::data::Batch;
use crate::forward::{self, Activation, Precision, Windows, constant};
use crate::network::{LayerShape, Network};
use crate::noise::Noise;
use crate::shed::{self, Units};

/// Added to a variance before the square root is taken: the slope of the root is infinite at 0.
const VARIANCE_EPSILON: f64 = 1e-8;

/// The distributions of a layer in the trace; weights as `[out, in * kh * kw]`.
pub trait SampledLayer {
    /// Mean and log variance of the weights before their scale.
    fn weight(&self) -> [&Tensor<2>; 2];

    /// Mean and log variance of the biases, `[out]`.
    fn bias(&self) -> [&Tensor<1>; 2];

    /// Scales from these standard normals. Groups lie along `axis`.
    fn scales(&self, noise: Tensor<2>, axis: usize) -> Tensor<2>;
}

/// A vector as a matrix that varies only along `axis`.
pub fn along(vector: Tensor<1>, axis: usize) -> Tensor<2> {
    vector.unsqueeze_dim(1 - axis)
}

/// Mean cross-entropy of a batch in nats under one sample of the posterior per image.
pub fn cross_entropy<L: SampledLayer>(
    network: &Network,
    units: &[Units],
    tensors: &[L],
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
                let windows = Windows::new(input.maps(), kernel);
                let outputs = units[index].outputs.len();
                let [_, batch, _] = windows.order();
                let scale_noise = constant(noise.normals(outputs * batch), [outputs, batch], precision);
                let shape = [outputs, windows.positions()];
                let noise = constant(noise.normals(shape.iter().product()), shape, precision);
                windows.maps(convolution(layer, &windows, scale_noise, noise))
            }
        }
    });
    forward::cross_entropy(logits, &batch.labels, precision)
}

/// Local reparametrisation (Kingma, Salimans and Welling 2015) of a linear layer: with z ~ q(z) per image and input,
/// `out ~ N((x z) M' + mu_b, (x z)^2 S2' + s_b^2)`.
///
/// `x`, `scale_noise`: `[batch, in]`; `noise` and the result: `[batch, out]`.
pub fn linear(layer: &impl SampledLayer, x: Tensor<2>, scale_noise: Tensor<2>, noise: Tensor<2>) -> Tensor<2> {
    let ([weight, weight_log_variance], [bias, bias_log_variance]) = (layer.weight(), layer.bias());
    let x = x * layer.scales(scale_noise, 1);
    let mean = x.clone().matmul(weight.clone().transpose()) + along(bias.clone(), 1);
    let variance = (x.clone() * x).matmul(weight_log_variance.clone().exp().transpose());
    let variance = variance + along(bias_log_variance.clone().exp(), 1);
    mean + (variance + VARIANCE_EPSILON).sqrt() * noise
}

/// Local reparametrisation of a convolution: with `m` and `v` the convolution of x with M and of
/// x^2 with S2, biases included, and z ~ q(z) per image and output map,
/// `out = z m + sqrt(z^2 v) noise`.
///
/// `scale_noise`: `[out, batch]`; `noise` and the result: `[out, positions]`.
pub fn convolution(layer: &impl SampledLayer, windows: &Windows, scale_noise: Tensor<2>, noise: Tensor<2>) -> Tensor<2> {
    let shape = noise.dims();
    let [phases, batch, pooled] = windows.order();
    let ([weight, weight_log_variance], [bias, bias_log_variance]) = (layer.weight(), layer.bias());
    let mean = windows.product(weight.clone()) + along(bias.clone(), 0);
    let variance = windows.squared().product(weight_log_variance.clone().exp()) + along(bias_log_variance.clone().exp(), 0);
    let z: Tensor<4> = layer.scales(scale_noise, 0).reshape([shape[0], 1, batch, 1]);
    let per_image = |outputs: Tensor<2>| outputs.reshape([shape[0], phases, batch, pooled]);
    let deviation = (z.clone() * z.clone() * per_image(variance) + VARIANCE_EPSILON).sqrt();
    (z * per_image(mean) + deviation * per_image(noise)).reshape(shape)
}
