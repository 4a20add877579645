//! Bayesian compression with the group normal-Jeffreys prior (Louizos et al. 2017, section 4.1).

mod layer;
mod likelihood;
mod recipe;
#[cfg(test)]
mod tests;

pub use layer::GnjLayer;
#[cfg(test)]
pub use recipe::tests::short;
pub use recipe::{CERTAIN_NOISE, GnjRecipe};

use anyhow::Result;

use super::plain::Plain;
use super::{Method, Moment, Named, Posterior, Slope};
use crate::data::Batch;
use crate::files::Array;
use crate::forward::{self, Precision};
use crate::network::Network;
use crate::noise::Noise;
use crate::parameter::Parameter;
use crate::posterior::{self, Side, Stored};
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

    /// Reads a posterior back, at the original shape.
    pub fn read(stored: &Stored) -> Result<Self> {
        let mut gnj = Self::initialise(&stored.network, None, &mut Noise::for_initialisation(0));
        stored.fill(gnj.named())?;
        Ok(gnj)
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

    /// The posterior mean (eq. 10) over these units.
    pub fn mean_over(&self, units: &[Units]) -> Plain {
        let mut plain = Plain { network: self.network.clone(), layers: self.layers.iter().map(GnjLayer::mean).collect() };
        plain.restrict(units);
        plain
    }

    /// The units that are still there, layer by layer.
    pub fn units(&self) -> Vec<Units> {
        self.layers.iter().map(|layer| layer.units.clone()).collect()
    }

    /// Removes the groups whose log alpha is above the threshold of their layer.
    pub fn shed(&mut self, thresholds: &[f64]) {
        let kept = self.survivors(thresholds);
        if kept != self.units() {
            self.restrict(&kept);
        }
    }

    fn restrict(&mut self, units: &[Units]) {
        for (layer, kept) in self.layers.iter_mut().zip(units) {
            layer.restrict(kept);
        }
    }

    /// Every array with its name in files, always in the same order.
    pub fn named(&mut self) -> Vec<(String, &mut Parameter)> {
        let names = self.network.layers.iter().map(|(name, _)| name);
        let arrays = names.zip(&mut self.layers);
        let arrays = arrays.flat_map(|(name, layer)| layer.parameters().map(|(tensor, parameter)| (name, tensor, parameter)));
        arrays.map(|(name, tensor, parameter)| (format!("{name}.{tensor}"), parameter)).collect()
    }

    /// Cross-entropy of a batch and the gradient of `cross-entropy + kl_factor * KL`.
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
}

/// A posterior in training, by its recipe.
pub struct GnjTraining {
    pub gnj: Gnj,
    pub recipe: GnjRecipe,
}

impl Method for GnjTraining {
    fn name(&self) -> &'static str {
        "gnj"
    }

    fn network(&self) -> &Network {
        &self.gnj.network
    }

    fn units(&self) -> Vec<Units> {
        self.gnj.units()
    }

    fn restrict(&mut self, units: &[Units]) {
        self.gnj.restrict(units);
    }

    fn parameters(&mut self) -> Vec<Named<'_>> {
        let recipe = &self.recipe;
        let rate = |name: &str| match name {
            _ if name.contains(".scale_") => recipe.scale_rate,
            _ if name.ends_with("_log_variance") => recipe.variance_rate,
            _ => 1.0,
        };
        let named = self.gnj.named().into_iter();
        named.map(|(name, parameter)| Named { rate: rate(&name), name, parameter }).collect()
    }

    fn slope(&mut self, batch: &Batch, at: Moment, noise: &mut Noise) -> Slope {
        self.gnj.slope(batch, self.recipe.beta_at(at.epoch) / at.images as f64, noise)
    }

    fn after_step(&mut self, _: Moment) {
        self.gnj.layers.iter_mut().for_each(GnjLayer::constrain);
    }

    fn after_epoch(&mut self, epoch: usize) {
        self.gnj.shed(&self.recipe.thresholds_at(epoch, self.gnj.layers.len()));
    }

    /// The weight of the KL, and the KL to the prior in nats.
    fn report(&self, epoch: usize) -> Vec<(&'static str, f64)> {
        let kl = self.gnj.layers.iter().map(GnjLayer::kl).sum();
        vec![("beta", self.recipe.beta_at(epoch)), ("kl", kl)]
    }

    fn prediction(&self) -> Plain {
        self.gnj.mean_over(&self.gnj.units())
    }

    /// Units that training removed come back as zeros: a zero scale mean with a zero log variance has log alpha 18.4, above any
    /// threshold.
    fn arrays(&self) -> Vec<Array> {
        let mut arrays = Vec::new();
        for ((name, _), layer) in self.gnj.network.layers.iter().zip(&self.gnj.layers) {
            let mut layer = layer.clone();
            let (shape, units) = (layer.shape, layer.units.clone());
            for (tensor, parameter) in layer.parameters() {
                let side = match tensor {
                    _ if parameter.shape.len() > 1 => Side::Both,
                    "scale_mean" | "scale_log_variance" if shape.is_linear() => Side::Inputs,
                    _ => Side::Outputs,
                };
                arrays.push(posterior::array(format!("{name}.{tensor}"), &parameter.value, shape, &units, side));
            }
        }
        arrays
    }
}

impl Posterior for Gnj {
    fn network(&self) -> &Network {
        &self.network
    }

    /// Log alpha, from certain noise down.
    fn thresholds(&self) -> Vec<f64> {
        (0..=22).map(|step| CERTAIN_NOISE - 0.5 * f64::from(step)).collect()
    }

    fn masked_mean(&self, thresholds: &[f64]) -> Plain {
        self.mean_over(&self.survivors(thresholds))
    }
}
