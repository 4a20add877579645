//! A normal posterior of each weight, trained by local reparametrisation (Kingma, Salimans and Welling 2015). Three methods share it; they differ
//! only in the prior.

mod layer;
pub mod likelihood;
mod options;
#[cfg(test)]
pub mod tests;
mod training;

pub use layer::NormalLayer;
pub use options::{NormalOptions, Shares};
pub use training::NormalTraining;

use anyhow::Result;
use curt::posterior::Method as FileMethod;

use super::plain::Plain;
use super::{Method as _, Trained};
use crate::network::Network;
use crate::noise::Noise;
use crate::parameter::Parameter;
use crate::posterior::Stored;

/// The prior of the weights of one layer, and the method's way to prune and round them.
pub trait Prior: Clone {
    /// What posterior files call the method.
    const FILE_METHOD: FileMethod;

    /// The threshold from which weights count as pruned during training too; `None` if the method prunes only afterwards.
    const PRUNED: Option<f64>;

    /// The prior of a layer in a posterior file.
    ///
    /// # Errors
    /// When an array of the prior is missing or has an impossible value.
    fn read(stored: &Stored, layer: &str) -> Result<Self>;

    /// The thresholds of the statistic to try, the one that prunes least first.
    fn thresholds() -> Vec<f64>;

    /// The pruning statistic of a weight: the larger it is, the less the weight matters.
    fn statistic(mean: f64, log_variance: f64) -> f64;

    /// Sets the parameters whose optimum has a closed form, given the posterior.
    fn fit(&mut self, _layer: &NormalLayer) {}

    /// The KL of a weight to the prior in nats; up to a constant if the prior is improper.
    fn kl(&self, mean: f64, log_variance: f64) -> f64;

    /// The derivatives of the KL.
    fn gradient(&self, mean: f64, log_variance: f64) -> Slopes;

    /// The prior's own parameter, if it learns one.
    fn level(&mut self) -> Option<&mut Parameter> {
        None
    }

    /// Applies the method's bounds to the parameters.
    fn constrain(&mut self, _layer: &mut NormalLayer) {}

    /// The value in the compressed network of a weight that is not pruned.
    fn value(&self, mean: f32) -> f32 {
        mean
    }

    /// The prior's own arrays in posterior files, of one value each.
    fn arrays(&self) -> Vec<(&'static str, f32)> {
        Vec::new()
    }
}

/// The derivatives of a weight's KL.
#[derive(Clone, Copy, Debug)]
pub struct Slopes {
    pub by_mean: f64,
    pub by_log_variance: f64,
    /// With respect to the prior's own parameter; 0 if it has none.
    pub by_level: f64,
}

/// The posterior of a network.
#[derive(Clone, Debug)]
pub struct Normal<P> {
    pub network: Network,
    pub layers: Vec<NormalLayer>,
    pub priors: Vec<P>,
}

impl<P: Prior> Normal<P> {
    /// A posterior around the weights of a network, with the same variance for all.
    pub fn around(plain: &Plain, log_variance: f32, prior: P) -> Self {
        let layers = plain.network.layers.iter().zip(&plain.layers);
        let layers: Vec<_> = layers.map(|((_, shape), layer)| NormalLayer::around(*shape, layer, log_variance)).collect();
        let priors = vec![prior; layers.len()];
        let mut normal = Self { network: plain.network.clone(), layers, priors };
        normal.fit();
        normal
    }

    /// Reads a posterior at the original shape.
    ///
    /// # Errors
    /// When an array is missing or does not fit.
    pub fn read(stored: &Stored) -> Result<Self> {
        let plain = Plain::initialise(&stored.network, &mut Noise::for_initialisation(0));
        let layers = plain.network.layers.iter().zip(&plain.layers);
        let mut layers: Vec<_> = layers.map(|((_, shape), layer)| NormalLayer::around(*shape, layer, 0.0)).collect();
        let mut priors = Vec::new();
        for ((name, _), layer) in plain.network.layers.iter().zip(&mut layers) {
            stored.fill(layer.parameters().map(|(tensor, parameter)| (format!("{name}.{tensor}"), parameter)).into())?;
            priors.push(P::read(stored, name)?);
        }
        let mut normal = Self { network: plain.network, layers, priors };
        normal.fit();
        Ok(normal)
    }

    fn fit(&mut self) {
        self.priors.iter_mut().zip(&self.layers).for_each(|(prior, layer)| prior.fit(layer));
    }

    /// The KL of all weights to their priors, in nats.
    pub fn kl(&self) -> f64 {
        let layers = self.priors.iter().zip(&self.layers);
        layers.flat_map(|(prior, layer)| layer.weights().map(|(mean, variance)| prior.kl(mean, variance))).sum()
    }

    /// The weights in the compressed network, over the remaining units. A weight is zero if its statistic reaches the layer's threshold.
    fn without(&self, thresholds: &[f64], value: impl Fn(&P, f32) -> f32) -> Plain {
        let layers = self.layers.iter().zip(&self.priors).zip(thresholds).map(|((layer, prior), &threshold)| {
            layer.map(|mean, variance| {
                let pruned = P::statistic(f64::from(mean), f64::from(variance)) >= threshold;
                if pruned { 0.0 } else { value(prior, mean) }
            })
        });
        Plain { network: self.network.clone(), layers: layers.collect() }
    }

    /// The network that the method makes from the posterior at these thresholds.
    fn masked(&self, thresholds: &[f64]) -> Plain {
        self.without(thresholds, P::value)
    }

    /// The thresholds of training: see [`Prior::PRUNED`].
    fn training_thresholds(&self) -> Vec<f64> {
        vec![P::PRUNED.unwrap_or(f64::INFINITY); self.layers.len()]
    }

    /// Removes the units that are dead without the pruned weights. The constant output of a removed unit is folded into the next biases.
    fn remove_dead(&mut self) {
        let mut plain = self.without(&self.training_thresholds(), |_, mean| mean);
        super::dead::remove_dead(&mut plain);
        for ((layer, left), kept) in self.layers.iter_mut().zip(&plain.layers).zip(plain.units()) {
            if layer.units != kept {
                layer.restrict(&kept);
            }
            layer.bias.value.clone_from(&left.bias.value);
        }
    }
}

impl<P: Prior> Trained for Normal<P> {
    fn network(&self) -> &Network {
        &self.network
    }

    fn thresholds(&self) -> Vec<f64> {
        P::thresholds()
    }

    fn masked_mean(&self, thresholds: &[f64]) -> Plain {
        self.masked(thresholds)
    }
}
