//! One layer of the posterior: its arrays and its prediction.

use crate::methods::plain::PlainLayer;
use crate::network::LayerShape;
use crate::parameter::Parameter;
use crate::shed::{self, Units};

/// Independent weights, `q(w) = N(mean, s^2)`, and one value for each bias, for the remaining units.
#[derive(Clone, Debug)]
pub struct NormalLayer {
    pub shape: LayerShape,
    pub units: Units,
    /// `[out, in]` or `[out, in, kh, kw]`
    pub mean: Parameter,
    /// log s^2, shaped like the means
    pub log_variance: Parameter,
    /// `[out]`
    pub bias: Parameter,
}

impl NormalLayer {
    /// A posterior around these weights, all of one variance.
    pub fn around(shape: LayerShape, layer: &PlainLayer, log_variance: f32) -> Self {
        let fresh = |parameter: &Parameter| Parameter::new(parameter.shape.clone(), parameter.value.clone());
        let weights = layer.weight.value.len();
        Self {
            shape,
            units: layer.units.clone(),
            mean: fresh(&layer.weight),
            log_variance: Parameter::new(layer.weight.shape.clone(), vec![log_variance; weights]),
            bias: fresh(&layer.bias),
        }
    }

    /// The arrays with their names, in the order of every list of gradients.
    pub fn parameters(&mut self) -> [(&'static str, &mut Parameter); 3] {
        [("weight_mean", &mut self.mean), ("weight_log_variance", &mut self.log_variance), ("bias", &mut self.bias)]
    }

    /// Mean and log variance of every weight, in f64.
    pub fn weights(&self) -> impl Iterator<Item = (f64, f64)> + Clone {
        self.mean.value.iter().zip(&self.log_variance.value).map(|(&mean, &variance)| (f64::from(mean), f64::from(variance)))
    }

    /// Keeps only these units.
    pub fn restrict(&mut self, kept: &Units) {
        let outputs = shed::positions(&self.units.outputs, &kept.outputs);
        let inputs = shed::positions(&self.units.inputs, &kept.inputs);
        for weight in [&mut self.mean, &mut self.log_variance] {
            weight.keep(0, &outputs);
            weight.keep(1, &inputs);
        }
        self.bias.keep(0, &outputs);
        self.units = kept.clone();
    }

    /// The layer with one value for each weight, from its mean and log variance.
    pub fn map(&self, value: impl Fn(f32, f32) -> f32) -> PlainLayer {
        let weights = self.mean.value.iter().zip(&self.log_variance.value).map(|(&mean, &variance)| value(mean, variance));
        PlainLayer {
            units: self.units.clone(),
            weight: Parameter::new(self.mean.shape.clone(), weights.collect()),
            bias: Parameter::new(self.bias.shape.clone(), self.bias.value.clone()),
        }
    }
}
