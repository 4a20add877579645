//! Rate-constrained training: `loss = cross-entropy + lambda * bits`, with the expected bits of the packed file. A controller sets the Lagrange
//! multiplier lambda so that the bits follow a falling bound. At the end lambda is about ln 2 / N: the loss is then the length of a two-part
//! description of the labels.

mod bits;
mod layer;
mod options;
#[cfg(test)]
mod tests;

pub use layer::{Grid, RateLayer};
pub use options::RateOptions;

use bits::Bits;
use burn::tensor::Tensor;
use curt::posterior::{Method as FileMethod, NamedTensor};

use super::dead::{Folds, remove_dead};
use super::plain::{LayerTensors, Plain, logits};
use super::{Method, Moment, Named, Slope};
use crate::data::Batch;
use crate::forward::{self, Activation, Precision, constant};
use crate::network::Network;
use crate::noise::Noise;
use crate::parameter::Parameter;
use crate::shed::{self, Units};

/// Bounds of the logarithm of lambda, in nats per bit.
const LOG_LAMBDA: std::ops::RangeInclusive<f64> = -16.0..=-5.0;
/// The gains of the PI controller of log lambda: proportional, and integral per step. Its input is the excess: the logarithm of bits / bound. Bits
/// follow lambda after some hundred steps. So an integral part alone would oscillate around the bound, and weights pruned in excess hardly come back.
const PROPORTIONAL: f64 = 10.0;
const INTEGRAL: f64 = 0.04;
/// The greatest excess in the proportional part, and in the integral part.
const MOST_EXCESS: [f64; 2] = [0.15, 0.05];
/// The first lambda, in nats per bit.
const FIRST_PRICE: f32 = 5e-6;

/// A network of integers in training.
#[derive(Clone, Debug)]
pub struct Rate {
    pub network: Network,
    pub layers: Vec<RateLayer>,
    /// The logarithm of lambda without its proportional part, and the logarithm of the bits when the bound begins to fall.
    steering: Parameter,
    /// The expected bits of weights and biases at the last step.
    bits: f64,
    options: RateOptions,
}

impl Rate {
    /// Fresh weights over the units that the options begin with.
    pub fn initialise(network: &Network, options: &RateOptions, noise: &mut Noise) -> Self {
        let units = starting_units(network, &options.units);
        let layers = network.layers.iter().zip(units);
        let layers = layers.map(|((_, shape), units)| RateLayer::initialise(*shape, units, noise)).collect();
        Self::new(network, layers, options)
    }

    /// The weights of a trained network, on a grid.
    pub fn around(plain: &Plain, options: &RateOptions) -> Self {
        let layers = plain.network.layers.iter().zip(&plain.layers);
        let layers = layers.map(|((_, shape), layer)| RateLayer::around(*shape, layer, options.coarseness as f32)).collect();
        Self::new(&plain.network, layers, options)
    }

    fn new(network: &Network, layers: Vec<RateLayer>, options: &RateOptions) -> Self {
        let steering = Parameter::new(vec![2], vec![FIRST_PRICE.ln(), 0.0]);
        let mut rate = Self { network: network.clone(), layers, steering, bits: 0.0, options: options.clone() };
        rate.bits = total(&rate.estimate(|layer| &layer.trained));
        rate.steering.value[1] = rate.bits.ln() as f32;
        rate
    }

    /// The expected bits of a grid of each layer: those of weights, and those of biases.
    fn estimate(&self, grid: impl Fn(&RateLayer) -> &Grid) -> Vec<[Bits; 2]> {
        let [_, height, width] = self.network.input;
        let image = |index: usize| (index == 0 && self.layers[0].shape.is_linear()).then_some([height, width]);
        self.layers.iter().enumerate().map(|(index, layer)| layer.bits(grid(layer), image(index))).collect()
    }

    /// Lambda, in nats per bit; 0 before the bound begins to fall.
    fn lambda(&self, progress: f64) -> f32 {
        if progress < self.options.free {
            return 0.0;
        }
        let log = f64::from(self.steering.value[0]) + PROPORTIONAL * self.excess(progress, MOST_EXCESS[0]);
        log.clamp(*LOG_LAMBDA.start(), *LOG_LAMBDA.end()).exp() as f32
    }

    /// The logarithm of bits / bound, clamped.
    fn excess(&self, progress: f64, most: f64) -> f64 {
        let from = f64::from(self.steering.value[1]).exp();
        (self.bits / self.options.bound_at(progress, from)).ln().clamp(-most, most)
    }
}

fn total(estimate: &[[Bits; 2]]) -> f64 {
    estimate.iter().flatten().map(|bits| bits.total).sum()
}

/// The first `hidden[i]` units of each hidden layer; all units if `hidden` is empty.
fn starting_units(network: &Network, hidden: &[usize]) -> Vec<Units> {
    let mut units: Vec<Units> = network.layers.iter().map(|(_, shape)| Units::all(*shape)).collect();
    for (index, &count) in hidden.iter().enumerate() {
        units[index].outputs.truncate(count);
    }
    shed::consistent(network, &units)
}

/// Dropout: sets a share of the values to 0 and scales the others up (Srivastava et al. 2014).
fn drop_out(input: Activation, share: f64, noise: &mut Noise, precision: &Precision) -> Activation {
    if share == 0.0 {
        return input;
    }
    let (keep, scale) = (1.0 - share as f32, (1.0 / (1.0 - share)) as f32);
    let mut mask = |count: usize| noise.flags(count, keep).into_iter().map(|kept| f32::from(kept) * scale).collect();
    match input {
        Activation::Features(x) => {
            let mask: Tensor<2> = constant(mask(x.shape().num_elements()), x.dims(), precision);
            Activation::Features(x * mask)
        }
        Activation::Maps(x) => {
            let mask: Tensor<4> = constant(mask(x.shape().num_elements()), x.dims(), precision);
            Activation::Maps(x * mask)
        }
    }
}

impl Folds for Rate {
    fn absorb(&mut self, layer: usize, input: usize, value: f32) {
        self.layers[layer].absorb(input, value);
    }
}

impl Method for Rate {
    fn file_method(&self) -> FileMethod {
        FileMethod::Rate
    }

    fn network(&self) -> &Network {
        &self.network
    }

    fn units(&self) -> Vec<Units> {
        self.layers.iter().map(|layer| layer.units.clone()).collect()
    }

    fn restrict(&mut self, units: &[Units]) {
        for (layer, kept) in self.layers.iter_mut().zip(units) {
            layer.restrict(kept);
        }
    }

    fn parameters(&mut self) -> Vec<Named<'_>> {
        let names = self.network.layers.iter().map(|(name, _)| name);
        let mut parameters = Vec::new();
        let mut averages = Vec::new();
        for (name, layer) in names.zip(&mut self.layers) {
            for (tensor, parameter) in layer.trained.parameters() {
                let rate = match tensor {
                    "log_step" => 0.1,
                    "bias" => 0.5,
                    _ => 1.0,
                };
                parameters.push(Named { name: format!("{name}.{tensor}"), rate, parameter });
            }
            for (tensor, parameter) in layer.average.parameters() {
                averages.push(Named { name: format!("{name}.average.{tensor}"), rate: 0.0, parameter });
            }
        }
        // The averages are not learned. They are parameters because a checkpoint stores all parameters.
        parameters.extend(averages);
        parameters.push(Named { name: "steering".to_owned(), rate: 0.0, parameter: &mut self.steering });
        parameters
    }

    fn slope(&mut self, batch: &Batch, at: Moment, noise: &mut Noise) -> Slope {
        let precision = Precision::training();
        let estimate = self.estimate(|layer| &layer.trained);
        self.bits = total(&estimate);
        let disturbance = self.options.disturbance_at(at.progress);
        let deviation = (disturbance * self.options.noise) as f32;
        let sampled: Vec<(f32, Vec<f32>)> =
            self.layers.iter().map(|layer| (layer.trained.step(), layer.trained.noisy_integers(deviation, noise))).collect();
        let tensors: Vec<LayerTensors> = self
            .layers
            .iter()
            .zip(&sampled)
            .map(|(layer, (step, integers))| {
                let outputs = layer.units.outputs.len();
                let weight = integers.iter().map(|integer| step * integer).collect();
                LayerTensors {
                    weight: constant(weight, [outputs, integers.len() / outputs], &precision).require_grad(),
                    bias: constant(layer.trained.biases(), [outputs], &precision).require_grad(),
                }
            })
            .collect();
        let dropout = |index: usize, input| drop_out(input, disturbance * self.options.dropout[index], noise, &precision);
        let logits = logits(&self.network, &self.units(), batch, &tensors, &precision, dropout);
        let loss = forward::cross_entropy(logits, &batch.labels, &precision);
        let mut slopes = loss.backward();
        let lambda = self.lambda(at.progress);
        let mut gradients = Vec::new();
        for ((tensors, (step, integers)), [weights, biases]) in tensors.iter().zip(&sampled).zip(&estimate) {
            let by_weight = forward::gradient(&tensors.weight, &mut slopes);
            let by_bias = forward::gradient(&tensors.bias, &mut slopes);
            let by_log_step = by_weight.iter().zip(integers).map(|(slope, integer)| slope * integer * step).sum::<f32>();
            let add = |slope: &[f32], scale: f32, bits: &[f32]| -> Vec<f32> {
                slope.iter().zip(bits).map(|(slope, bits)| slope * scale + lambda * bits).collect()
            };
            gradients.push(add(&by_weight, *step, &weights.slope));
            gradients.push(vec![by_log_step]);
            gradients.push(add(&by_bias, layer::BIAS_STEP, &biases.slope));
        }
        Slope { cross_entropy: f64::from(forward::values(loss)[0]), gradients }
    }

    /// Raises lambda while the bits exceed the bound, and lowers it while they are below.
    fn after_step(&mut self, at: Moment) {
        self.layers.iter_mut().for_each(|layer| layer.follow(self.options.average));
        if at.progress < self.options.free {
            self.steering.value[1] = self.bits.ln() as f32;
        } else {
            let log = f64::from(self.steering.value[0]) + INTEGRAL * self.excess(at.progress, MOST_EXCESS[1]);
            self.steering.value[0] = log.clamp(*LOG_LAMBDA.start(), *LOG_LAMBDA.end()) as f32;
        }
    }

    /// Removes dead units once the bound has reached --bytes. Before that they may still come back.
    fn after_epoch(&mut self, epoch: usize) {
        if (epoch + 1) as f64 >= self.options.reached * self.options.common.epochs as f64 {
            remove_dead(self);
        }
    }

    /// The expected bytes of weights and biases, the number of nonzero weights, and lambda without its proportional part.
    fn report(&self, _epoch: usize) -> Vec<(&'static str, f64)> {
        let bits = total(&self.estimate(|layer| &layer.average));
        let nonzero = self.layers.iter().flat_map(|layer| layer.average.integers()).filter(|&code| code != 0.0).count();
        vec![("bytes", bits / 8.0), ("nonzero", nonzero as f64), ("lambda", f64::from(self.steering.value[0].exp()))]
    }

    fn prediction(&self) -> Plain {
        Plain { network: self.network.clone(), layers: self.layers.iter().map(RateLayer::plain).collect() }
    }

    /// The weights, and the step of each layer.
    fn arrays(&self) -> Vec<NamedTensor> {
        let mut arrays = self.prediction().arrays();
        for ((name, _), layer) in self.network.layers.iter().zip(&self.layers) {
            arrays.push(NamedTensor { name: format!("{name}.step"), shape: vec![1], values: vec![layer.average.step()] });
        }
        arrays
    }
}
