//! Bayesian compression with the group normal-Jeffreys prior (Louizos et al. 2017, section 4.1).

mod layer;
mod likelihood;
#[cfg(test)]
mod tests;

pub use layer::GnjLayer;

use super::plain::Plain;
use super::{Kind, Method, Named, Slope};
use crate::data::Batch;
use crate::forward::{self, Precision};
use crate::network::Network;
use crate::noise::Noise;
use crate::shed::{self, Units};
use likelihood::LayerTensors;

/// The posterior of a network.
#[derive(Clone, Debug)]
pub struct Gnj {
    pub network: Network,
    pub layers: Vec<GnjLayer>,
}

impl Gnj {
    /// A fresh posterior, around the weights of `start` when given.
    pub fn initialise(network: &Network, start: Option<&Plain>, noise: &mut Noise) -> Self {
        let layers = network
            .layers
            .iter()
            .enumerate()
            .map(|(index, (_, shape))| GnjLayer::initialise(*shape, layer::start_layer(start, index), noise));
        Self { network: network.clone(), layers: layers.collect() }
    }

    /// The units left when every group above its layer's log-alpha threshold goes. A layer always
    /// keeps its most certain group.
    pub fn survivors(&self, thresholds: &[f64]) -> Vec<Units> {
        let layers = self.layers.iter().zip(thresholds);
        let alive: Vec<Vec<bool>> = layers
            .map(|(layer, &threshold)| {
                let log_alpha = layer.log_alpha();
                let least = log_alpha.iter().copied().fold(f64::INFINITY, f64::min);
                let alive = log_alpha.into_iter();
                alive.map(|value| value < threshold || value == least).collect()
            })
            .collect();
        shed::surviving(&self.network, &self.units(), &alive)
    }

    /// The masked posterior mean (eq. 10) over these units.
    pub fn masked_mean(&self, units: &[Units]) -> Plain {
        let mut plain = Plain { network: self.network.clone(), layers: self.layers.iter().map(GnjLayer::mean).collect() };
        plain.restrict(units);
        plain
    }
}

impl Method for Gnj {
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
        for (name, layer) in names.zip(&mut self.layers) {
            for (tensor, parameter) in layer.parameters() {
                let kind = match tensor {
                    "scale_mean" | "scale_log_variance" => Kind::Scale,
                    "weight_log_variance" | "bias_log_variance" => Kind::LogVariance,
                    _ => Kind::Value,
                };
                parameters.push(Named { name: format!("{name}.{tensor}"), kind, parameter });
            }
        }
        parameters
    }

    fn slope(&self, batch: &Batch, kl_factor: f64, noise: &mut Noise) -> Slope {
        let precision = Precision::training();
        let units = self.units();
        let leaves = self.layers.iter().map(|layer| LayerTensors::leaves(layer, &precision));
        let tensors: Vec<_> = leaves.collect();
        let loss = likelihood::cross_entropy(&self.network, &units, &tensors, batch, noise, &precision);
        let mut slopes = loss.backward();
        let mut gradients = Vec::new();
        for (layer, leaves) in self.layers.iter().zip(&tensors) {
            let mut of_layer = leaves.gradients(&mut slopes);
            layer.add_kl_gradient(kl_factor, &mut of_layer);
            gradients.extend(of_layer);
        }
        Slope { cross_entropy: f64::from(forward::values(loss)[0]), gradients }
    }

    fn constrain(&mut self) {
        self.layers.iter_mut().for_each(GnjLayer::constrain);
    }

    fn kl(&self) -> f64 {
        self.layers.iter().map(GnjLayer::kl).sum()
    }

    fn shed(&mut self, thresholds: &[f64]) {
        let kept = self.survivors(thresholds);
        if kept != self.units() {
            self.restrict(&kept);
        }
    }

    fn prediction(&self) -> Plain {
        self.masked_mean(&self.units())
    }
}
