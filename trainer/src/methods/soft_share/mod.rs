//! Soft weight sharing (Ullrich, Meeds and Welling 2017). The prior is a mixture of Gaussians, which is trained with the weights. It draws most
//! weights to the component at zero. At the end each weight takes the mean of a component. `loss = cross-entropy + tau * -log p(w) / N`, where N is
//! the number of training images.

mod mixture;
mod options;
#[cfg(test)]
mod tests;

pub use options::SoftShareOptions;

use curt::posterior::{Method as FileMethod, NamedTensor};

use super::plain::Plain;
use super::{Method, Moment, Named, Slope};
use crate::data::Batch;
use crate::network::Network;
use crate::noise::Noise;
use crate::parameter::Parameter;
use crate::shed::Units;
use mixture::{Component, Cost, Mixture, merge, most_responsible};

/// The least variance of a component. Without it the density of a component with a few equal weights would be unbounded.
const LEAST_VARIANCE: f32 = 1e-6;

/// A network and the mixture over its weights. Biases have no prior.
#[derive(Clone, Debug)]
pub struct SoftShare {
    plain: Plain,
    /// `[components - 1]`
    means: Parameter,
    /// `[components]`
    log_variances: Parameter,
    /// `[components - 1]`, before their softmax
    log_proportions: Parameter,
    options: SoftShareOptions,
}

impl SoftShare {
    /// A start with means spread evenly over the range of the weights, standard deviations of half the gaps between them, and equal proportions.
    pub fn new(plain: Plain, options: &SoftShareOptions) -> Self {
        let others = options.components - 1;
        let weights = || plain.layers.iter().flat_map(|layer| &layer.weight.value).copied();
        let (low, high) = (weights().fold(0.0, f32::min), weights().fold(0.0, f32::max));
        let gap = ((high - low) / (others - 1).max(1) as f32).max(LEAST_VARIANCE.sqrt());
        let means = (0..others).map(|index| low + index as f32 * gap).collect();
        Self {
            plain,
            means: Parameter::new(vec![others], means),
            log_variances: Parameter::new(vec![others + 1], vec![2.0 * (0.5 * gap).ln(); others + 1]),
            log_proportions: Parameter::new(vec![others], vec![0.0; others]),
            options: options.clone(),
        }
    }

    fn mixture(&self) -> Mixture {
        let wide = |parameter: &Parameter| parameter.value.iter().map(|&value| f64::from(value)).collect();
        Mixture {
            zero: self.options.zero,
            means: wide(&self.means),
            log_variances: wide(&self.log_variances),
            log_proportions: wide(&self.log_proportions),
        }
    }

    fn cost(&self) -> Cost {
        let weights = self.plain.layers.iter().flat_map(|layer| &layer.weight.value);
        self.mixture().cost(weights.map(|&weight| f64::from(weight)))
    }

    fn merged(&self) -> Vec<Component> {
        merge(self.mixture().components(), self.options.merge)
    }
}

impl Method for SoftShare {
    fn file_method(&self) -> FileMethod {
        FileMethod::Shared
    }

    fn network(&self) -> &Network {
        &self.plain.network
    }

    fn units(&self) -> Vec<Units> {
        self.plain.units()
    }

    fn restrict(&mut self, units: &[Units]) {
        self.plain.restrict(units);
    }

    fn parameters(&mut self) -> Vec<Named<'_>> {
        let SoftShareOptions { common, prior_rate, means_rate, .. } = &self.options;
        let [of_means, of_others] = [means_rate, prior_rate].map(|rate| rate / common.rate);
        let Self { plain, means, log_variances, log_proportions, .. } = self;
        let prior = [
            ("means", of_means, means),
            ("log_variances", of_others, log_variances),
            ("log_proportions", of_others, log_proportions),
        ];
        let mut parameters = plain.parameters();
        parameters.extend(prior.map(|(name, rate, parameter)| Named { name: format!("prior.{name}"), rate, parameter }));
        parameters
    }

    fn slope(&mut self, batch: &Batch, at: Moment, noise: &mut Noise) -> Slope {
        let mut slope = self.plain.slope(batch, at, noise);
        let cost = self.cost();
        let factor = self.options.tau / at.images as f64;
        let by_weight = slope.gradients.iter_mut().step_by(2).flatten();
        by_weight.zip(&cost.by_weight).for_each(|(slope, by)| *slope += (factor * by) as f32);
        for by in [cost.by_mean, cost.by_log_variance, cost.by_log_proportion] {
            slope.gradients.push(by.into_iter().map(|by| (factor * by) as f32).collect());
        }
        slope
    }

    fn after_step(&mut self, _at: Moment) {
        let least = LEAST_VARIANCE.ln();
        self.log_variances.value.iter_mut().for_each(|log| *log = log.max(least));
    }

    /// `-log p(w)` in nats, the nonzero weights after each has taken a mean, and the components left after merging.
    fn report(&self, _epoch: usize) -> Vec<(&'static str, f64)> {
        let (nonzero, components) = (self.prediction().nonzero(), self.merged().len());
        vec![("nats", self.cost().nats), ("nonzero", nonzero as f64), ("components", components as f64)]
    }

    /// Every weight has the mean of the component with the greatest responsibility for it.
    fn prediction(&self) -> Plain {
        let components = self.merged();
        let mut plain = self.plain.clone();
        for layer in &mut plain.layers {
            layer.weight.value = most_responsible(&components, &layer.weight.value);
        }
        plain
    }

    fn arrays(&self) -> Vec<NamedTensor> {
        self.prediction().arrays()
    }
}
