//! One layer whose weights and biases are integers times a step.

use crate::methods::plain::PlainLayer;
use crate::network::LayerShape;
use crate::noise::Noise;
use crate::parameter::Parameter;
use crate::shed::{self, Units};

use super::bits::{self, Bits, Pixels};

/// Weights `step * round(code)` and biases `BIAS_STEP * round(bias)` of the units still there. Rounding is passed straight through by the
/// gradient (Bengio et al. 2013).
#[derive(Clone, Debug)]
pub struct RateLayer {
    pub shape: LayerShape,
    pub units: Units,
    /// `[out, in]` or `[out, in, kh, kw]`, in steps
    pub code: Parameter,
    /// `[1]`: the logarithm of the step before it is rounded
    pub log_step: Parameter,
    /// `[out]`, in steps of [`BIAS_STEP`]
    pub bias: Parameter,
}

/// The grid of biases: coarse, so that they cost little, and a power of two, so that they are exact.
pub const BIAS_STEP: f32 = 0.125;

impl RateLayer {
    /// Normal weights of variance 2 / fan-in over the kept units, on a grid of about their deviation.
    pub fn initialise(shape: LayerShape, units: Units, noise: &mut Noise) -> Self {
        let (outputs, inputs) = (units.outputs.len(), units.inputs.len());
        let deviation = (2.0 / (inputs * shape.weights_per_pair()) as f32).sqrt();
        let coarseness = if shape.inputs() == 1 { 0.4 } else { 0.7 };
        let step = coarseness * deviation;
        let weight = shape.weight_shape(outputs, inputs);
        let code = noise.gaussian(weight.iter().product(), 0.0, deviation / step);
        Self {
            code: Parameter::new(weight, code),
            log_step: Parameter::new(vec![1], vec![step.ln()]),
            bias: Parameter::new(vec![outputs], vec![0.0; outputs]),
            shape,
            units,
        }
    }

    /// The layer of a trained network on a grid of `coarseness` times the root mean square of its weights.
    pub fn around(shape: LayerShape, layer: &PlainLayer, coarseness: f32) -> Self {
        let kept = layer.weight.value.iter().filter(|&&weight| weight != 0.0);
        let squares = kept.clone().map(|weight| weight * weight).sum::<f32>();
        let step = coarseness * (squares / kept.count().max(1) as f32).sqrt().max(f32::MIN_POSITIVE);
        let scaled = |parameter: &Parameter, step: f32| {
            Parameter::new(parameter.shape.clone(), parameter.value.iter().map(|value| value / step).collect())
        };
        Self {
            shape,
            units: layer.units.clone(),
            code: scaled(&layer.weight, step),
            log_step: Parameter::new(vec![1], vec![step.ln()]),
            bias: scaled(&layer.bias, BIAS_STEP),
        }
    }

    /// The arrays with their names, in the order of every list of gradients.
    pub fn parameters(&mut self) -> [(&'static str, &mut Parameter); 3] {
        [("code", &mut self.code), ("log_step", &mut self.log_step), ("bias", &mut self.bias)]
    }

    /// The step: the exponential of its parameter with 5 bits after the leading one, so that a file stores it in few bits.
    pub fn step(&self) -> f32 {
        let step = self.log_step.value[0].exp();
        let unit = 2.0_f32.powi(step.log2().floor() as i32 - 5);
        (step / unit).round() * unit
    }

    /// The integers of the weights.
    pub fn integers(&self) -> impl Iterator<Item = f32> {
        self.code.value.iter().map(|code| code.round())
    }

    /// The integers with noise of this deviation on those that are not zero, in steps.
    pub fn noisy_integers(&self, deviation: f32, noise: &mut Noise) -> Vec<f32> {
        if deviation == 0.0 {
            return self.integers().collect();
        }
        let normals = noise.normals(self.code.value.len());
        self.integers().zip(normals).map(|(code, normal)| if code == 0.0 { 0.0 } else { code + deviation * normal }).collect()
    }

    pub fn biases(&self) -> Vec<f32> {
        self.bias.value.iter().map(|bias| BIAS_STEP * bias.round()).collect()
    }

    /// The weights and biases as they are computed with.
    pub fn plain(&self) -> PlainLayer {
        let step = self.step();
        PlainLayer {
            units: self.units.clone(),
            weight: Parameter::new(self.code.shape.clone(), self.integers().map(|code| step * code).collect()),
            bias: Parameter::new(self.bias.shape.clone(), self.biases()),
        }
    }

    /// Expected bits of weights and of biases.
    pub fn bits(&self, image: Option<[usize; 2]>) -> [Bits; 2] {
        let pixels = image.map(|[height, width]| Pixels { height, width, positions: &self.units.inputs });
        [bits::of_weights(&self.code.value, self.units.outputs.len(), pixels), bits::of_biases(&self.bias.value)]
    }

    /// Keeps only these units.
    pub fn restrict(&mut self, kept: &Units) {
        let outputs = shed::positions(&self.units.outputs, &kept.outputs);
        let inputs = shed::positions(&self.units.inputs, &kept.inputs);
        self.code.keep(0, &outputs);
        self.code.keep(1, &inputs);
        self.bias.keep(0, &outputs);
        self.units = kept.clone();
    }

    /// Adds to the biases what an input of this constant value contributes; `input` is its position among the kept ones.
    pub fn absorb(&mut self, input: usize, value: f32) {
        let (inputs, pairs, step) = (self.units.inputs.len(), self.shape.weights_per_pair(), self.step());
        for (output, bias) in self.bias.value.iter_mut().enumerate() {
            let first = (output * inputs + input) * pairs;
            let sum: f32 = self.code.value[first..first + pairs].iter().map(|code| code.round()).sum();
            *bias += sum * step * value / BIAS_STEP;
        }
    }
}
