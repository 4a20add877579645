//! What a threshold prunes: groups of weights that share a scale, or single weights.

use super::network::{Layer, Values};
use super::vnq;
use crate::posterior::{Codebook, Groups};

/// How a method prunes.
#[derive(Debug)]
pub(super) struct Pruning {
    /// The groups of each layer.
    pub(super) layers: Vec<LayerGroups>,
    /// Thresholds that are always candidates.
    pub(super) examples: &'static [f64],
    /// The threshold of every layer for which the caller gives none; without it one is chosen.
    pub(super) threshold: Option<f64>,
}

impl Pruning {
    /// Whether single weights are pruned.
    pub(super) fn is_of_weights(&self) -> bool {
        self.layers.iter().all(|layer| layer.kind == Kind::Weights)
    }
}

/// What is pruned together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The weights from an input unit.
    Inputs,
    /// The weights to an output map, and its bias.
    Maps,
    /// Each weight by itself.
    Weights,
}

impl From<Groups> for Kind {
    fn from(groups: Groups) -> Self {
        match groups {
            Groups::Inputs => Self::Inputs,
            Groups::Maps => Self::Maps,
        }
    }
}

/// The groups of a layer: each is pruned where its statistic reaches a threshold.
#[derive(Debug)]
pub(super) struct LayerGroups {
    pub(super) kind: Kind,
    /// One for each group; of single weights row-major.
    pub(super) statistics: Vec<f64>,
    /// What the weights left are rounded to, where training has drawn them to a codebook.
    pub(super) codebook: Option<Codebook>,
}

impl LayerGroups {
    /// The layer with pruned groups set to zero, and the others at their levels where there is a codebook. Without a threshold nothing is pruned.
    pub(super) fn prune(&self, layer: &Layer, threshold: Option<f64>) -> Layer {
        let mut pruned = layer.clone();
        if let Some(threshold) = threshold {
            self.mask(&mut pruned, threshold);
        }
        if let Some(codebook) = self.codebook {
            pruned.weights.iter_mut().for_each(|weight| *weight = vnq::nearest(codebook, *weight));
            pruned.values = Values::Grid(codebook.step);
        }
        pruned
    }

    fn mask(&self, layer: &mut Layer, threshold: f64) {
        let is_pruned = |statistic: &f64| *statistic >= threshold;
        let clear = |weights: &mut [f32]| {
            let weights = weights.iter_mut().zip(&self.statistics);
            weights.filter(|(_, group)| is_pruned(group)).for_each(|(weight, _)| *weight = 0.0);
        };
        let rows = layer.weights.chunks_exact_mut(layer.cols.max(1));
        match self.kind {
            Kind::Weights => clear(&mut layer.weights),
            Kind::Inputs => rows.for_each(clear),
            Kind::Maps => {
                rows.zip(&self.statistics).filter(|(_, group)| is_pruned(group)).for_each(|(row, _)| row.fill(0.0));
                let biases = layer.bias.iter_mut().zip(&self.statistics);
                biases.filter(|(_, group)| is_pruned(group)).for_each(|(bias, _)| *bias = 0.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_at_the_threshold_is_pruned() {
        let layer = Layer { rows: 2, cols: 2, weights: vec![1.0, 2.0, 3.0, 4.0], bias: vec![0.5, 0.25], values: Values::Any };
        let inputs = LayerGroups { kind: Kind::Inputs, statistics: vec![-4.0, -3.0], codebook: None };
        let masked = inputs.prune(&layer, Some(-3.0));
        assert_eq!((masked.weights, masked.bias), (vec![1.0, 0.0, 3.0, 0.0], layer.bias.clone()));
        assert_eq!(inputs.prune(&layer, None).weights, layer.weights);
        let maps = LayerGroups { kind: Kind::Maps, ..inputs };
        let masked = maps.prune(&layer, Some(-3.0));
        assert_eq!((masked.weights, masked.bias), (vec![1.0, 2.0, 0.0, 0.0], vec![0.5, 0.0]), "with its bias");
        let weights = LayerGroups { kind: Kind::Weights, statistics: vec![3.0, -1.0, 2.999, 8.0], codebook: None };
        let masked = weights.prune(&layer, Some(3.0));
        assert_eq!((masked.weights, masked.bias), (vec![0.0, 2.0, 3.0, 0.0], layer.bias), "each by itself, biases stay");
    }
}
