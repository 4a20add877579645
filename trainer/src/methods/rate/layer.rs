//! One layer whose weights and biases are integers times a step, and the average of its values over the last steps of training.

use crate::methods::plain::PlainLayer;
use crate::network::LayerShape;
use crate::noise::Noise;
use crate::parameter::Parameter;
use crate::shed::{self, Units};

use super::bits::{self, Bits, Pixels};

/// Weights `step * round(code)` and biases `BIAS_STEP * round(bias)`.
#[derive(Clone, Debug)]
pub struct Grid {
    /// `[out, in]` or `[out, in, kh, kw]`, in steps
    pub code: Parameter,
    /// `[1]`: the logarithm of the step before it is rounded
    pub log_step: Parameter,
    /// `[out]`, in steps of [`BIAS_STEP`]
    pub bias: Parameter,
}

/// The step of biases. It is coarse, so biases cost few bits, and a power of two, so they are exact.
pub const BIAS_STEP: f32 = 0.125;

impl Grid {
    fn new(weight: Vec<usize>, code: Vec<f32>, step: f32, bias: Vec<f32>) -> Self {
        Self {
            code: Parameter::new(weight, code),
            log_step: Parameter::new(vec![1], vec![step.ln()]),
            bias: Parameter::new(vec![bias.len()], bias),
        }
    }

    /// The arrays with their names, in the order of every list of gradients.
    pub fn parameters(&mut self) -> [(&'static str, &mut Parameter); 3] {
        [("code", &mut self.code), ("log_step", &mut self.log_step), ("bias", &mut self.bias)]
    }

    /// The step: the exponential of its parameter. It is rounded to 5 bits after the leading one, so a file stores it in few bits.
    pub fn step(&self) -> f32 {
        let step = self.log_step.value[0].exp();
        let unit = 2.0_f32.powi(step.log2().floor() as i32 - 5);
        (step / unit).round() * unit
    }

    /// The integers of the weights.
    pub fn integers(&self) -> impl Iterator<Item = f32> {
        self.code.value.iter().map(|code| code.round())
    }

    /// The integers, with noise of this standard deviation (in steps) on those that are not zero.
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

    /// Moves by this share of the way to another grid of the same shape.
    fn approach(&mut self, other: &mut Self, share: f32) {
        for ((_, own), (_, other)) in self.parameters().into_iter().zip(other.parameters()) {
            own.value.iter_mut().zip(&other.value).for_each(|(own, other)| *own += share * (other - *own));
        }
    }

    fn restrict(&mut self, outputs: &[usize], inputs: &[usize]) {
        self.code.keep(0, outputs);
        self.code.keep(1, inputs);
        self.bias.keep(0, outputs);
    }

    fn absorb(&mut self, inputs: usize, input: usize, value: f32) {
        let pairs = self.code.value.len() / (inputs * self.bias.value.len());
        let step = self.step();
        for (output, bias) in self.bias.value.iter_mut().enumerate() {
            let first = (output * inputs + input) * pairs;
            let sum: f32 = self.code.value[first..first + pairs].iter().map(|code| code.round()).sum();
            *bias += sum * step * value / BIAS_STEP;
        }
    }
}

/// The weights of the remaining units. The rounding has a straight-through gradient (Bengio, Léonard and Courville 2013).
#[derive(Clone, Debug)]
pub struct RateLayer {
    pub shape: LayerShape,
    pub units: Units,
    /// The trained values. Some oscillate across a rounding boundary until the end (Nagel et al. 2022).
    pub trained: Grid,
    /// The exponential moving average of the trained values. It does not oscillate, and it is the resulting network.
    pub average: Grid,
}

impl RateLayer {
    /// Normal weights of variance 2 / fan-in over the kept units. The step is about their standard deviation.
    pub fn initialise(shape: LayerShape, units: Units, noise: &mut Noise) -> Self {
        let (outputs, inputs) = (units.outputs.len(), units.inputs.len());
        let deviation = (2.0 / (inputs * shape.weights_per_pair()) as f32).sqrt();
        let coarseness = if shape.inputs() == 1 { 0.4 } else { 0.7 };
        let step = coarseness * deviation;
        let weight = shape.weight_shape(outputs, inputs);
        let code = noise.gaussian(weight.iter().product(), 0.0, deviation / step);
        Self::new(shape, units, Grid::new(weight, code, step, vec![0.0; outputs]))
    }

    /// The layer of a trained network, with a step of `coarseness` times the root mean square of its weights.
    pub fn around(shape: LayerShape, layer: &PlainLayer, coarseness: f32) -> Self {
        let kept = layer.weight.value.iter().filter(|&&weight| weight != 0.0);
        let squares = kept.clone().map(|weight| weight * weight).sum::<f32>();
        let step = coarseness * (squares / kept.count().max(1) as f32).sqrt().max(f32::MIN_POSITIVE);
        let scaled = |parameter: &Parameter, step: f32| parameter.value.iter().map(|value| value / step).collect();
        let (code, bias) = (scaled(&layer.weight, step), scaled(&layer.bias, BIAS_STEP));
        Self::new(shape, layer.units.clone(), Grid::new(layer.weight.shape.clone(), code, step, bias))
    }

    fn new(shape: LayerShape, units: Units, trained: Grid) -> Self {
        Self { shape, units, average: trained.clone(), trained }
    }

    /// Updates the average, which runs over `steps` steps, with the trained values.
    pub fn follow(&mut self, steps: usize) {
        self.average.approach(&mut self.trained, 1.0 / steps as f32);
    }

    /// The averaged weights and biases, rounded to their grids.
    pub fn plain(&self) -> PlainLayer {
        let step = self.average.step();
        let weight = self.average.integers().map(|code| step * code).collect();
        PlainLayer {
            units: self.units.clone(),
            weight: Parameter::new(self.average.code.shape.clone(), weight),
            bias: Parameter::new(self.average.bias.shape.clone(), self.average.biases()),
        }
    }

    /// The expected bits of a grid's weights, and of its biases.
    pub fn bits(&self, grid: &Grid, image: Option<[usize; 2]>) -> [Bits; 2] {
        let pixels = image.map(|[height, width]| Pixels { height, width, positions: &self.units.inputs });
        [bits::of_weights(&grid.code.value, self.units.outputs.len(), pixels), bits::of_biases(&grid.bias.value)]
    }

    /// Keeps only these units.
    pub fn restrict(&mut self, kept: &Units) {
        let outputs = shed::positions(&self.units.outputs, &kept.outputs);
        let inputs = shed::positions(&self.units.inputs, &kept.inputs);
        for grid in [&mut self.trained, &mut self.average] {
            grid.restrict(&outputs, &inputs);
        }
        self.units = kept.clone();
    }

    /// Adds the contribution of a constant input to the biases. `input` is its position among the kept inputs.
    pub fn absorb(&mut self, input: usize, value: f32) {
        for grid in [&mut self.trained, &mut self.average] {
            grid.absorb(self.units.inputs.len(), input, value);
        }
    }
}
