//! A posterior in training, with its options.

use curt::posterior::{Method as FileMethod, NamedTensor};

use super::likelihood::{self, LayerTensors};
use super::{Normal, NormalOptions, Prior};
use crate::data::Batch;
use crate::forward::{self, Precision};
use crate::methods::plain::Plain;
use crate::methods::{Method, Moment, Named, Slope};
use crate::network::Network;
use crate::noise::Noise;
use crate::posterior::{self, Side};
use crate::shed::Units;

/// The learning rate of a level, relative to that of the weights (Achterhold et al. 2018).
const LEVEL_RATE: f64 = 0.01;

/// A posterior in training.
pub struct NormalTraining<P> {
    pub posterior: Normal<P>,
    pub options: NormalOptions,
    /// Whether the means of pruned weights are zero in the forward pass.
    pub clip: bool,
}

impl<P: Prior> NormalTraining<P> {
    /// The factors of a layer's means, if there are factors.
    pub fn open(&self, index: usize) -> Option<Vec<f32>> {
        let threshold = P::PRUNED.filter(|_| self.clip)?;
        let weights = self.posterior.layers[index].weights();
        Some(weights.map(|(mean, variance)| f32::from(P::statistic(mean, variance) < threshold)).collect())
    }

    /// Adds `factor` times the gradient of the KL; gradients are in the order of [`Method::parameters`].
    fn add_kl_gradient(&mut self, factor: f64, gradients: &mut Vec<Vec<f32>>) {
        let layers = self.posterior.layers.iter().zip(&mut self.posterior.priors);
        let mut by_levels = Vec::new();
        for ((layer, prior), of_layer) in layers.zip(gradients.chunks_exact_mut(3)) {
            let [by_mean, by_variance, _] = of_layer else { unreachable!("chunks of three") };
            let mut by_level = 0.0;
            for (((mean, variance), by_mean), by_variance) in layer.weights().zip(by_mean).zip(by_variance) {
                let slopes = prior.gradient(mean, variance);
                *by_mean += (factor * slopes.by_mean) as f32;
                *by_variance += (factor * slopes.by_log_variance) as f32;
                by_level += slopes.by_level;
            }
            by_levels.extend(prior.level().map(|_| vec![(factor * by_level) as f32]));
        }
        gradients.extend(by_levels);
    }
}

impl<P: Prior> Method for NormalTraining<P> {
    fn file_method(&self) -> FileMethod {
        P::FILE_METHOD
    }

    fn network(&self) -> &Network {
        &self.posterior.network
    }

    fn units(&self) -> Vec<Units> {
        self.posterior.layers.iter().map(|layer| layer.units.clone()).collect()
    }

    fn restrict(&mut self, units: &[Units]) {
        for (layer, kept) in self.posterior.layers.iter_mut().zip(units) {
            layer.restrict(kept);
        }
    }

    /// The arrays of every layer, then the levels.
    fn parameters(&mut self) -> Vec<Named<'_>> {
        let Normal { network, layers, priors } = &mut self.posterior;
        let mut parameters = Vec::new();
        for ((name, _), layer) in network.layers.iter().zip(layers) {
            for (tensor, parameter) in layer.parameters() {
                parameters.push(Named { name: format!("{name}.{tensor}"), rate: 1.0, parameter });
            }
        }
        for ((name, _), prior) in network.layers.iter().zip(priors) {
            let level = prior.level().map(|parameter| Named { name: format!("{name}.level"), rate: LEVEL_RATE, parameter });
            parameters.extend(level);
        }
        parameters
    }

    fn slope(&mut self, batch: &Batch, at: Moment, noise: &mut Noise) -> Slope {
        self.posterior.fit();
        let precision = Precision::training();
        let layers = self.posterior.layers.iter().enumerate();
        let tensors: Vec<_> = layers.map(|(index, layer)| LayerTensors::leaves(layer, self.open(index), &precision)).collect();
        let loss = likelihood::cross_entropy(&self.posterior.network, &self.units(), &tensors, batch, noise, &precision);
        let mut slopes = loss.backward();
        let mut gradients: Vec<_> = tensors.iter().flat_map(|layer| layer.gradients(&mut slopes)).collect();
        self.add_kl_gradient(self.options.beta_at(at.epoch) / at.images as f64, &mut gradients);
        Slope { cross_entropy: f64::from(forward::values(loss)[0]), gradients }
    }

    fn after_step(&mut self, _: Moment) {
        let Normal { layers, priors, .. } = &mut self.posterior;
        priors.iter_mut().zip(layers).for_each(|(prior, layer)| prior.constrain(layer));
    }

    /// Removes dead units. A removed unit cannot come back, so removal begins late.
    fn after_epoch(&mut self, epoch: usize) {
        if P::PRUNED.is_some() && epoch + 1 >= self.options.shed_from() {
            self.posterior.remove_dead();
        }
    }

    /// The weight of the KL, the KL to the prior in nats, and the weights that are not zero in [`Method::prediction`].
    fn report(&self, epoch: usize) -> Vec<(&'static str, f64)> {
        let mut posterior = self.posterior.clone();
        posterior.fit();
        vec![("beta", self.options.beta_at(epoch)), ("kl", posterior.kl()), ("nonzero", self.prediction().nonzero() as f64)]
    }

    fn prediction(&self) -> Plain {
        self.posterior.masked(&self.posterior.training_thresholds())
    }

    /// Units that training removed are written as zeros: a zero mean with a zero log variance is pruned at any threshold.
    fn arrays(&self) -> Vec<NamedTensor> {
        let mut arrays = Vec::new();
        let layers = self.posterior.layers.iter().zip(&self.posterior.priors);
        for ((name, _), (layer, prior)) in self.posterior.network.layers.iter().zip(layers) {
            for (tensor, parameter, side) in [
                ("weight_mean", &layer.mean, Side::Both),
                ("weight_log_variance", &layer.log_variance, Side::Both),
                ("bias", &layer.bias, Side::Outputs),
            ] {
                arrays.push(posterior::array(format!("{name}.{tensor}"), &parameter.value, layer.shape, &layer.units, side));
            }
            let own = prior.arrays().into_iter();
            arrays.extend(own.map(|(tensor, value)| NamedTensor {
                name: format!("{name}.{tensor}"),
                shape: vec![1],
                values: vec![value],
            }));
        }
        arrays
    }
}
