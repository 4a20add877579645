//! The sampled forward pass of the posterior, traced by autodiff. Pre-activations are sampled instead of weights (local reparametrisation).

use burn::tensor::{Gradients, Tensor};

use super::layer::NormalLayer;
use crate::data::Batch;
use crate::forward::{self, Activation, Precision, Windows, constant};
use crate::methods::plain::{matrix, vector};
use crate::network::{LayerShape, Network};
use crate::noise::Noise;
use crate::shed::{self, Units};

/// Added to a variance before the square root is taken: the slope of the root is infinite at 0.
const VARIANCE_EPSILON: f64 = 1e-8;

/// The arrays of a layer as leaves of the trace; weights as `[out, in * kh * kw]`.
pub struct LayerTensors {
    pub mean: Tensor<2>,
    pub log_variance: Tensor<2>,
    pub bias: Tensor<1>,
    /// The factor of each mean, if there are factors: 0 if the weight counts as pruned, otherwise 1.
    pub open: Option<Tensor<2>>,
}

impl LayerTensors {
    pub fn leaves(layer: &NormalLayer, open: Option<Vec<f32>>, precision: &Precision) -> Self {
        let mean = matrix(&layer.mean, precision).require_grad();
        Self {
            open: open.map(|open| constant(open, mean.dims(), precision)),
            log_variance: matrix(&layer.log_variance, precision).require_grad(),
            bias: vector(&layer.bias, precision).require_grad(),
            mean,
        }
    }

    /// Gradients in the order of [`NormalLayer::parameters`].
    pub fn gradients(&self, slopes: &mut Gradients) -> [Vec<f32>; 3] {
        [
            forward::gradient(&self.mean, slopes),
            forward::gradient(&self.log_variance, slopes),
            forward::gradient(&self.bias, slopes),
        ]
    }

    fn open_mean(&self) -> Tensor<2> {
        match &self.open {
            Some(open) => self.mean.clone() * open.clone(),
            None => self.mean.clone(),
        }
    }
}

/// Mean cross-entropy of a batch in nats under one sample of the pre-activations.
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
        let (layer, outputs) = (&tensors[index], units[index].outputs.len());
        match network.layers[index].1 {
            LayerShape::Linear { .. } => {
                let x = forward::columns(input.features(), &shed::input_positions(network, units, index));
                let shape = [x.dims()[0], outputs];
                let noise = constant(noise.normals(shape.iter().product()), shape, precision);
                Activation::Features(linear(layer, x, noise))
            }
            LayerShape::Convolution { kernel, .. } => {
                let windows = Windows::new(input.maps(), kernel);
                let shape = [outputs, windows.positions()];
                let noise = constant(noise.normals(shape.iter().product()), shape, precision);
                windows.maps(convolution(layer, &windows, noise))
            }
        }
    });
    forward::cross_entropy(logits, &batch.labels, precision)
}

/// `out ~ N(x M' + b, x^2 S2' + 1e-8)`.
///
/// `x`: `[batch, in]`; `noise` and the result: `[batch, out]`.
pub fn linear(layer: &LayerTensors, x: Tensor<2>, noise: Tensor<2>) -> Tensor<2> {
    let mean = x.clone().matmul(layer.open_mean().transpose()) + layer.bias.clone().unsqueeze();
    let variance = (x.clone() * x).matmul(layer.log_variance.clone().exp().transpose());
    mean + (variance + VARIANCE_EPSILON).sqrt() * noise
}

/// The same for a convolution: M with x, S2 with x^2.
///
/// `noise` and the result: `[out, positions]`.
pub fn convolution(layer: &LayerTensors, windows: &Windows, noise: Tensor<2>) -> Tensor<2> {
    let mean = windows.product(layer.open_mean()) + layer.bias.clone().unsqueeze_dim(1);
    let variance = windows.squared().product(layer.log_variance.clone().exp());
    mean + (variance + VARIANCE_EPSILON).sqrt() * noise
}
