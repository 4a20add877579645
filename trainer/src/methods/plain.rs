//! Plain networks: the deterministic prediction of a posterior, and training by maximum likelihood.

use anyhow::Result;
use burn::tensor::Tensor;
use curt::posterior::{Method as FileMethod, NamedTensor};

use super::dead::Folds;
use super::{Method, MethodOptions, Moment, Named, Slope, Trained};
use crate::data::{Batch, Images};
use crate::forward::{self, Activation, Precision, Windows, constant};
use crate::network::{LayerShape, Network};
use crate::noise::Noise;
use crate::options::CommonOptions;
use crate::parameter::Parameter;
use crate::posterior::{self, Side, Stored};
use crate::shed::{self, Units};

/// Weights and biases of the kept units of one layer.
#[derive(Clone, Debug)]
pub struct PlainLayer {
    pub units: Units,
    /// `[out, in]` or `[out, in, kh, kw]`
    pub weight: Parameter,
    /// `[out]`
    pub bias: Parameter,
}

impl PlainLayer {
    /// For each output and for each input, whether it has a weight that is not zero.
    pub fn connected(&self) -> (Vec<bool>, Vec<bool>) {
        let (outputs, inputs) = (self.units.outputs.len(), self.units.inputs.len());
        let per_pair = self.weight.value.len() / (outputs * inputs).max(1);
        let (mut of_output, mut of_input) = (vec![false; outputs], vec![false; inputs]);
        for (index, &weight) in self.weight.value.iter().enumerate() {
            if weight != 0.0 {
                of_output[index / (inputs * per_pair)] = true;
                of_input[index / per_pair % inputs] = true;
            }
        }
        (of_output, of_input)
    }

    /// The number of weights that are not zero.
    pub fn nonzero(&self) -> usize {
        self.weight.value.iter().filter(|&&weight| weight != 0.0).count()
    }

    /// Sets weights and their moments to zero. They stay zero if [`Plain::hold_zeros`] is applied to every later gradient.
    pub fn prune(&mut self, positions: impl IntoIterator<Item = usize>) {
        let Parameter { value, first_moment, second_moment, .. } = &mut self.weight;
        for position in positions {
            (value[position], first_moment[position], second_moment[position]) = (0.0, 0.0, 0.0);
        }
    }

    /// Adds the contribution of a constant input to the biases. `input` is its position among the kept inputs.
    fn absorb(&mut self, input: usize, value: f32) {
        let (outputs, inputs) = (self.units.outputs.len(), self.units.inputs.len());
        let pairs = self.weight.value.len() / (outputs * inputs);
        for (output, bias) in self.bias.value.iter_mut().enumerate() {
            let first = (output * inputs + input) * pairs;
            *bias += value * self.weight.value[first..first + pairs].iter().sum::<f32>();
        }
    }
}

/// A network with one value for each weight.
#[derive(Clone, Debug)]
pub struct Plain {
    pub network: Network,
    pub layers: Vec<PlainLayer>,
}

/// How well a network does on images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Share of images whose largest logit is not that of their label, in [0, 1].
    pub error: f64,
    /// Mean cross-entropy, nats.
    pub loss: f64,
}

/// The weights of a layer as tensors: `[out, in * kh * kw]` and `[out]`.
pub struct LayerTensors {
    pub weight: Tensor<2>,
    pub bias: Tensor<1>,
}

impl Plain {
    /// Random weights: normal with variance 2 / fan-in in every layer (He et al. 2015). Biases are zero.
    pub fn initialise(network: &Network, noise: &mut Noise) -> Self {
        let layers = network.layers.iter().map(|(_, shape)| {
            let weight = shape.weight_shape(shape.outputs(), shape.inputs());
            let deviation = (2.0 / shape.fan_in() as f32).sqrt();
            let values = noise.gaussian(weight.iter().product(), 0.0, deviation);
            PlainLayer {
                units: Units::all(*shape),
                weight: Parameter::new(weight, values),
                bias: Parameter::new(vec![shape.outputs()], vec![0.0; shape.outputs()]),
            }
        });
        Self { network: network.clone(), layers: layers.collect() }
    }

    /// Reads a network at the original shape.
    pub fn read(stored: &Stored) -> Result<Self> {
        let mut plain = Self::initialise(&stored.network, &mut Noise::for_initialisation(0));
        stored.fill(plain.named())?;
        Ok(plain)
    }

    /// The error and the loss on images.
    pub fn score(&self, images: &Images) -> Score {
        const CHUNK: usize = 500;
        let precision = Precision::inference();
        let tensors = self.tensors(&precision);
        let (mut wrong, mut loss) = (0, 0.0);
        for start in (0..images.len()).step_by(CHUNK) {
            let batch = images.batch(start..images.len().min(start + CHUNK));
            let logits = forward::values(self.logits(&batch, &tensors, &precision));
            let classes = logits.len() / batch.labels.len();
            for (row, &label) in logits.chunks_exact(classes).zip(&batch.labels) {
                let label = usize::from(label);
                wrong += usize::from(argmax(row) != label);
                let greatest = f64::from(row[argmax(row)]);
                let sum: f64 = row.iter().map(|&logit| (f64::from(logit) - greatest).exp()).sum();
                loss += sum.ln() + greatest - f64::from(row[label]);
            }
        }
        let images = images.len() as f64;
        Score { error: wrong as f64 / images, loss: loss / images }
    }

    /// Number of weights that are not zero.
    pub fn nonzero(&self) -> usize {
        self.layers.iter().map(PlainLayer::nonzero).sum()
    }

    /// Adds `penalty` times the weights (the gradient of half their squares) to the gradients of [`Plain::slope`]. Biases have no penalty.
    pub fn add_decay(&self, penalty: f64, gradients: &mut [Vec<f32>]) {
        for (layer, gradient) in self.layers.iter().zip(gradients.iter_mut().step_by(2)) {
            gradient.iter_mut().zip(&layer.weight.value).for_each(|(slope, weight)| *slope += penalty as f32 * weight);
        }
    }

    /// Sets the gradients of zero weights to zero, so pruned weights stay pruned.
    pub fn hold_zeros(&self, gradients: &mut [Vec<f32>]) {
        for (layer, gradient) in self.layers.iter().zip(gradients.iter_mut().step_by(2)) {
            let zeros = gradient.iter_mut().zip(&layer.weight.value).filter(|&(_, &weight)| weight == 0.0);
            zeros.for_each(|(slope, _)| *slope = 0.0);
        }
    }

    /// Every array with its name in files, always in the same order.
    pub fn named(&mut self) -> Vec<(String, &mut Parameter)> {
        let names = self.network.layers.iter().map(|(name, _)| name);
        let arrays = names.zip(&mut self.layers);
        let arrays = arrays.flat_map(|(name, layer)| [(name, "weight", &mut layer.weight), (name, "bias", &mut layer.bias)]);
        arrays.map(|(name, tensor, parameter)| (format!("{name}.{tensor}"), parameter)).collect()
    }

    fn tensors(&self, precision: &Precision) -> Vec<LayerTensors> {
        let layers = self.layers.iter().map(|layer| LayerTensors {
            weight: matrix(&layer.weight, precision),
            bias: constant(layer.bias.value.clone(), [layer.bias.value.len()], precision),
        });
        layers.collect()
    }

    fn logits(&self, batch: &Batch, tensors: &[LayerTensors], precision: &Precision) -> Tensor<2> {
        logits(&self.network, &self.units(), batch, tensors, precision, |_, input| input)
    }
}

/// The logits of a batch, `[batch, classes]`. `before` transforms the input of each layer, by index.
pub fn logits(
    network: &Network,
    units: &[Units],
    batch: &Batch,
    tensors: &[LayerTensors],
    precision: &Precision,
    mut before: impl FnMut(usize, Activation) -> Activation,
) -> Tensor<2> {
    let input = forward::images(batch, network, precision);
    forward::run(network, input, |index, input| {
        let input = before(index, input);
        let LayerTensors { weight, bias } = &tensors[index];
        match network.layers[index].1 {
            LayerShape::Linear { .. } => {
                let positions = shed::input_positions(network, units, index);
                let x = forward::columns(input.features(), &positions);
                let product = x.matmul(weight.clone().transpose());
                Activation::Features(product + bias.clone().unsqueeze())
            }
            LayerShape::Convolution { kernel, .. } => {
                let windows = Windows::new(input.maps(), kernel);
                let product = windows.product(weight.clone());
                windows.maps(product + bias.clone().unsqueeze_dim::<2>(1))
            }
        }
    })
}

/// A weight array as a matrix with one row per output.
pub fn matrix(weight: &Parameter, precision: &Precision) -> Tensor<2> {
    let outputs = weight.shape[0];
    let shape = [outputs, weight.value.len() / outputs];
    constant(weight.value.clone(), shape, precision)
}

/// A parameter as a vector.
pub fn vector(parameter: &Parameter, precision: &Precision) -> Tensor<1> {
    constant(parameter.value.clone(), [parameter.value.len()], precision)
}

/// The position of the largest value; of equals, the first.
fn argmax(row: &[f32]) -> usize {
    let mut best = 0;
    for (index, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = index;
        }
    }
    best
}

impl Method for Plain {
    fn file_method(&self) -> FileMethod {
        FileMethod::Plain
    }

    fn network(&self) -> &Network {
        &self.network
    }

    fn units(&self) -> Vec<Units> {
        self.layers.iter().map(|layer| layer.units.clone()).collect()
    }

    fn restrict(&mut self, units: &[Units]) {
        for (layer, kept) in self.layers.iter_mut().zip(units) {
            let outputs = shed::positions(&layer.units.outputs, &kept.outputs);
            let inputs = shed::positions(&layer.units.inputs, &kept.inputs);
            layer.weight.keep(0, &outputs);
            layer.weight.keep(1, &inputs);
            layer.bias.keep(0, &outputs);
            layer.units = kept.clone();
        }
    }

    fn parameters(&mut self) -> Vec<Named<'_>> {
        self.named().into_iter().map(|(name, parameter)| Named { name, rate: 1.0, parameter }).collect()
    }

    fn slope(&mut self, batch: &Batch, _at: Moment, _noise: &mut Noise) -> Slope {
        let precision = Precision::training();
        let tensors: Vec<_> = self
            .tensors(&precision)
            .into_iter()
            .map(|layer| LayerTensors { weight: layer.weight.require_grad(), bias: layer.bias.require_grad() })
            .collect();
        let logits = self.logits(batch, &tensors, &precision);
        let loss = forward::cross_entropy(logits, &batch.labels, &precision);
        let mut slopes = loss.backward();
        let mut gradients = Vec::new();
        for layer in &tensors {
            gradients.push(forward::gradient(&layer.weight, &mut slopes));
            gradients.push(forward::gradient(&layer.bias, &mut slopes));
        }
        Slope { cross_entropy: f64::from(forward::values(loss)[0]), gradients }
    }

    fn prediction(&self) -> Plain {
        self.clone()
    }

    fn arrays(&self) -> Vec<NamedTensor> {
        let mut arrays = Vec::new();
        for ((name, shape), layer) in self.network.layers.iter().zip(&self.layers) {
            for (tensor, parameter, side) in [("weight", &layer.weight, Side::Both), ("bias", &layer.bias, Side::Outputs)] {
                arrays.push(posterior::array(format!("{name}.{tensor}"), &parameter.value, *shape, &layer.units, side));
            }
        }
        arrays
    }
}

impl Folds for Plain {
    fn absorb(&mut self, layer: usize, input: usize, value: f32) {
        self.layers[layer].absorb(input, value);
    }
}

impl Trained for Plain {
    fn network(&self) -> &Network {
        &self.network
    }

    fn thresholds(&self) -> Vec<f64> {
        Vec::new()
    }

    fn masked_mean(&self, _thresholds: &[f64]) -> Plain {
        self.clone()
    }
}

impl MethodOptions for CommonOptions {
    type Method = Plain;

    fn common(&self) -> &CommonOptions {
        self
    }

    fn complete(self, _network: &Network) -> Result<Self> {
        self.check()?;
        Ok(self)
    }

    fn begin(&self, network: &Network) -> Result<Plain> {
        Ok(Plain::initialise(network, &mut Noise::for_initialisation(self.seed)))
    }
}
