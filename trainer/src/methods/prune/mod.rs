//! Iterative magnitude pruning (Han et al. 2015; Frankle and Carbin 2019; Renda et al. 2020). Each round sets the smallest weights of every layer
//! to zero and retrains the others.

mod options;
#[cfg(test)]
mod tests;

pub use options::{PruneOptions, Retrain};

use curt::posterior::{Method as FileMethod, NamedTensor};

use super::dead::remove_dead;
use super::plain::{Plain, PlainLayer};
use super::{Method, Moment, Named, Slope};
use crate::data::Batch;
use crate::network::Network;
use crate::noise::Noise;
use crate::options::CommonOptions;
use crate::shed::Units;

/// A network in iterative pruning. A pruned weight is zero and stays zero.
#[derive(Clone, Debug)]
pub struct Prune {
    plain: Plain,
    /// The weights and moments to which rounds rewind. Adam's bias corrections are not rewound.
    rewind: Option<Plain>,
    options: PruneOptions,
}

impl Prune {
    pub fn new(plain: Plain, options: &PruneOptions) -> Self {
        // Rounds rewind to weights of a later epoch, which replace these.
        let rewind = (options.retrain == Retrain::RewindWeights).then(|| plain.clone());
        Self { plain, rewind, options: options.clone() }
    }

    /// Prunes the smallest weights of every layer, rewinds the others if the options ask for it, and removes dead units.
    fn prune(&mut self, round: usize) {
        for (index, layer) in self.plain.layers.iter_mut().enumerate() {
            let shape = self.plain.network.layers[index].1;
            let left = self.options.left(index, round, layer.nonzero(), shape.fan_in() * shape.outputs());
            layer.prune(all_but_largest(&layer.weight.value, left));
        }
        if let Some(rewind) = &mut self.rewind {
            for (layer, pruned) in rewind.layers.iter_mut().zip(&self.plain.layers) {
                layer.prune(zeros(pruned));
            }
            self.plain.clone_from(rewind);
        }
        remove_dead(&mut self.plain);
        if let Some(rewind) = &mut self.rewind {
            rewind.clone_from(&self.plain);
        }
    }
}

/// The positions of all values except the `count` values of largest magnitude (of equals, the first).
pub fn all_but_largest(values: &[f32], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].abs().total_cmp(&values[a].abs()));
    order.split_off(count.min(values.len()))
}

/// The positions of a layer's zero weights.
fn zeros(layer: &PlainLayer) -> impl Iterator<Item = usize> {
    layer.weight.value.iter().enumerate().filter(|&(_, &weight)| weight == 0.0).map(|(position, _)| position)
}

impl Method for Prune {
    fn file_method(&self) -> FileMethod {
        FileMethod::Plain
    }

    fn network(&self) -> &Network {
        &self.plain.network
    }

    fn units(&self) -> Vec<Units> {
        self.plain.units()
    }

    fn restrict(&mut self, units: &[Units]) {
        self.plain.restrict(units);
        self.rewind.iter_mut().for_each(|rewind| rewind.restrict(units));
    }

    fn parameters(&mut self) -> Vec<Named<'_>> {
        let rewind = self.rewind.iter_mut().flat_map(Plain::named);
        let rewind = rewind.map(|(name, parameter)| Named { name: format!("{name}.rewind"), rate: 0.0, parameter });
        let mut parameters = self.plain.parameters();
        parameters.extend(rewind);
        parameters
    }

    fn rate_at(&self, _options: &CommonOptions, at: Moment) -> f64 {
        self.options.rate_at(at)
    }

    fn before_epoch(&mut self, epoch: usize) {
        if let Some((round, 0)) = self.options.round_at(epoch) {
            self.prune(round);
        }
    }

    fn slope(&mut self, batch: &Batch, at: Moment, noise: &mut Noise) -> Slope {
        let mut slope = self.plain.slope(batch, at, noise);
        self.plain.add_decay(self.options.decay, &mut slope.gradients);
        self.plain.hold_zeros(&mut slope.gradients);
        slope
    }

    fn after_epoch(&mut self, epoch: usize) {
        if let Some(rewind) = self.rewind.as_mut().filter(|_| self.options.rewinds_to(epoch)) {
            rewind.clone_from(&self.plain);
        }
    }

    /// The number of weights that are not zero, and the round.
    fn report(&self, epoch: usize) -> Vec<(&'static str, f64)> {
        let round = self.options.round_at(epoch).map_or(0, |(round, _)| round);
        vec![("nonzero", self.plain.nonzero() as f64), ("round", round as f64)]
    }

    fn prediction(&self) -> Plain {
        self.plain.clone()
    }

    fn arrays(&self) -> Vec<NamedTensor> {
        self.plain.arrays()
    }
}
