//! Dynamic network surgery (Guo et al. 2016). Weights below a threshold are masked but continue to learn. They come back when they exceed it.

mod options;
#[cfg(test)]
mod tests;

pub use options::SurgeryOptions;

use curt::posterior::{Method as FileMethod, NamedTensor};

use super::plain::Plain;
use super::{Method, Moment, Named, Slope};
use crate::data::Batch;
use crate::network::Network;
use crate::noise::Noise;
use crate::options::of_layer;
use crate::parameter::Parameter;
use crate::shed::{self, Units};

/// A weight is pruned below the first multiple of the threshold and spliced above the second. Between them its mask does not change.
const HYSTERESIS: [f32; 2] = [0.9, 1.1];

/// A network in which all weights learn, but whose prediction uses only those that the mask keeps.
#[derive(Clone, Debug)]
pub struct Surgery {
    /// Every weight, masked or not.
    dense: Plain,
    /// For each layer, shaped like the weights: 1 if the weight is kept, 0 if it is masked.
    masks: Vec<Parameter>,
    /// `[layers]`
    thresholds: Parameter,
    options: SurgeryOptions,
}

impl Surgery {
    pub fn new(dense: Plain, options: &SurgeryOptions) -> Self {
        let weights = || dense.layers.iter().map(|layer| &layer.weight);
        let thresholds: Vec<f32> = weights()
            .enumerate()
            .map(|(index, weight)| threshold(&weight.value, of_layer(&options.deviations, index)) as f32)
            .collect();
        let masks = weights().map(|weight| Parameter::new(weight.shape.clone(), vec![1.0; weight.value.len()])).collect();
        Self { thresholds: Parameter::new(vec![thresholds.len()], thresholds), masks, dense, options: options.clone() }
    }

    /// Updates the masks: prunes and splices.
    fn update_masks(&mut self) {
        for ((mask, layer), &threshold) in self.masks.iter_mut().zip(&self.dense.layers).zip(&self.thresholds.value) {
            for (mask, weight) in mask.value.iter_mut().zip(&layer.weight.value) {
                *mask = masked(*mask, *weight, threshold);
            }
        }
    }
}

/// `mean + deviations * standard deviation` of the nonzero magnitudes, at least 0 (Guo et al. 2016).
fn threshold(weights: &[f32], deviations: f64) -> f64 {
    let magnitudes: Vec<f64> = weights.iter().filter(|&&weight| weight != 0.0).map(|&weight| f64::from(weight.abs())).collect();
    let count = magnitudes.len().max(1) as f64;
    let mean = magnitudes.iter().sum::<f64>() / count;
    let variance = magnitudes.iter().map(|magnitude| (magnitude - mean).powi(2)).sum::<f64>() / count;
    (mean + deviations * variance.sqrt()).max(0.0)
}

/// The new mask of a weight, from its old one.
fn masked(mask: f32, weight: f32, threshold: f32) -> f32 {
    let [cut, splice] = HYSTERESIS.map(|factor| factor * threshold);
    match weight.abs() {
        magnitude if magnitude <= cut => 0.0,
        magnitude if magnitude > splice => 1.0,
        _ => mask,
    }
}

impl Method for Surgery {
    fn file_method(&self) -> FileMethod {
        FileMethod::Plain
    }

    fn network(&self) -> &Network {
        &self.dense.network
    }

    fn units(&self) -> Vec<Units> {
        self.dense.units()
    }

    fn restrict(&mut self, units: &[Units]) {
        for ((mask, layer), kept) in self.masks.iter_mut().zip(&self.dense.layers).zip(units) {
            mask.keep(0, &shed::positions(&layer.units.outputs, &kept.outputs));
            mask.keep(1, &shed::positions(&layer.units.inputs, &kept.inputs));
        }
        self.dense.restrict(units);
    }

    fn parameters(&mut self) -> Vec<Named<'_>> {
        let names = self.dense.network.layers.iter().map(|(name, _)| format!("{name}.mask"));
        let masks = names.zip(&mut self.masks).map(|(name, parameter)| Named { name, rate: 0.0, parameter });
        let masks: Vec<_> = masks.collect();
        let mut parameters = self.dense.parameters();
        parameters.extend(masks);
        parameters.push(Named { name: "thresholds".to_owned(), rate: 0.0, parameter: &mut self.thresholds });
        parameters
    }

    /// The gradient of the masked network's loss, for every weight.
    fn slope(&mut self, batch: &Batch, at: Moment, noise: &mut Noise) -> Slope {
        let probability = self.options.probability_at(at) as f32;
        if noise.flags(1, probability)[0] {
            self.update_masks();
        }
        let mut slope = self.prediction().slope(batch, at, noise);
        self.dense.add_decay(self.options.decay, &mut slope.gradients);
        slope.gradients.extend(self.masks.iter().chain([&self.thresholds]).map(|fixed| vec![0.0; fixed.value.len()]));
        slope
    }

    /// The number of weights that the mask keeps.
    fn report(&self, _epoch: usize) -> Vec<(&'static str, f64)> {
        vec![("nonzero", self.prediction().nonzero() as f64)]
    }

    fn prediction(&self) -> Plain {
        let mut plain = self.dense.clone();
        for (layer, mask) in plain.layers.iter_mut().zip(&self.masks) {
            layer.weight.value.iter_mut().zip(&mask.value).for_each(|(weight, mask)| *weight *= mask);
        }
        plain
    }

    fn arrays(&self) -> Vec<NamedTensor> {
        self.prediction().arrays()
    }
}
