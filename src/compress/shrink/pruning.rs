//! What a threshold prunes: groups of weights that share a scale, or single weights.

use super::layer::{OriginalLayer, WeightValues};
use crate::posterior::{Groups, UniformCodebook};

/// How a method prunes.
#[derive(Debug)]
pub(crate) struct Pruning {
    /// The groups of each layer.
    pub(crate) layers: Vec<LayerGroups>,
    /// Thresholds that are always candidates.
    pub(crate) examples: &'static [f64],
    /// The threshold of every layer for which the caller gives none. If it is `None`, a threshold is searched.
    pub(crate) threshold: Option<f64>,
}

impl Pruning {
    /// Whether single weights are pruned.
    pub(crate) fn is_of_weights(&self) -> bool {
        self.layers.iter().all(|layer| layer.kind == GroupKind::Weights)
    }
}

/// What is pruned together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GroupKind {
    /// The weights that leave an input unit.
    Inputs,
    /// The weights of an output map, and its bias.
    Maps,
    /// Each weight by itself.
    Weights,
}

impl From<Groups> for GroupKind {
    fn from(groups: Groups) -> Self {
        match groups {
            Groups::Inputs => Self::Inputs,
            Groups::Maps => Self::Maps,
        }
    }
}

/// The groups of a layer. A group is pruned when its statistic reaches the threshold.
#[derive(Debug)]
pub(crate) struct LayerGroups {
    pub(crate) kind: GroupKind,
    /// One for each group; for single weights, row-major.
    pub(crate) statistics: Vec<f64>,
    /// The codebook to which the weights kept are rounded, if training drew them to one.
    pub(crate) codebook: Option<UniformCodebook>,
}

impl LayerGroups {
    /// The layer with pruned groups set to zero, and the others rounded to the codebook if there is one. Without a threshold nothing is pruned.
    pub(crate) fn prune(&self, layer: &OriginalLayer, threshold: Option<f64>) -> OriginalLayer {
        let mut pruned = layer.clone();
        if let Some(threshold) = threshold {
            self.mask(&mut pruned, threshold);
        }
        if let Some(codebook) = self.codebook {
            pruned.weights.iter_mut().for_each(|weight| *weight = nearest(codebook, *weight));
            pruned.values = WeightValues::Grid(codebook.step);
        }
        pruned
    }

    fn mask(&self, layer: &mut OriginalLayer, threshold: f64) {
        let is_pruned = |statistic: &f64| *statistic >= threshold;
        let clear = |weights: &mut [f32]| {
            let weights = weights.iter_mut().zip(&self.statistics);
            weights.filter(|(_, group)| is_pruned(group)).for_each(|(weight, _)| *weight = 0.0);
        };
        let rows = layer.weights.chunks_exact_mut(layer.cols.max(1));
        match self.kind {
            GroupKind::Weights => clear(&mut layer.weights),
            GroupKind::Inputs => rows.for_each(clear),
            GroupKind::Maps => {
                rows.zip(&self.statistics).filter(|(_, group)| is_pruned(group)).for_each(|(row, _)| row.fill(0.0));
                let biases = layer.bias.iter_mut().zip(&self.statistics);
                biases.filter(|(_, group)| is_pruned(group)).for_each(|(bias, _)| *bias = 0.0);
            }
        }
    }
}

/// The value nearest to `weight`; of two at the same distance, the one at an even multiple of the step.
fn nearest(codebook: UniformCodebook, weight: f32) -> f32 {
    let greatest = f64::from(codebook.greatest);
    let integer = (f64::from(weight) / f64::from(codebook.step)).round_ties_even().clamp(-greatest, greatest);
    integer as f32 * codebook.step + 0.0 // -0 is stored as +0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_at_the_threshold_is_pruned() {
        let layer = OriginalLayer {
            rows: 2,
            cols: 2,
            weights: vec![1.0, 2.0, 3.0, 4.0],
            bias: vec![0.5, 0.25],
            values: WeightValues::Any,
        };
        let inputs = LayerGroups { kind: GroupKind::Inputs, statistics: vec![-4.0, -3.0], codebook: None };
        let masked = inputs.prune(&layer, Some(-3.0));
        assert_eq!((masked.weights, masked.bias), (vec![1.0, 0.0, 3.0, 0.0], layer.bias.clone()));
        assert_eq!(inputs.prune(&layer, None).weights, layer.weights);
        let maps = LayerGroups { kind: GroupKind::Maps, ..inputs };
        let masked = maps.prune(&layer, Some(-3.0));
        assert_eq!((masked.weights, masked.bias), (vec![1.0, 2.0, 0.0, 0.0], vec![0.5, 0.0]), "with its bias");
        let weights = LayerGroups { kind: GroupKind::Weights, statistics: vec![3.0, -1.0, 2.999, 8.0], codebook: None };
        let masked = weights.prune(&layer, Some(3.0));
        assert_eq!((masked.weights, masked.bias), (vec![0.0, 2.0, 3.0, 0.0], layer.bias), "each by itself, biases stay");
    }

    #[test]
    fn a_codebook_of_seven_values_has_steps_of_a_third() {
        let codebook = UniformCodebook { step: 0.25, greatest: 3 };
        for (weight, expected) in [(0.74, 0.75), (5.0, 0.75), (-0.3, -0.25), (-0.9, -0.75), (0.1, 0.0), (0.4, 0.5), (-0.1, 0.0)] {
            assert_eq!(nearest(codebook, weight).to_bits(), f32::to_bits(expected), "{weight}");
        }
    }
}
