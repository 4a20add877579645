//! The search for thresholds: which groups are pruned by each layer's statistic (log alpha for GNJ), chosen on validation samples.
//!
//! A group is kept when its statistic is below the threshold. The candidates are the middles of the widest gaps of the sorted statistic,
//! which is bimodal after training, the thresholds that the method names, and "prune nothing". Single weights are so many that gaps mean
//! nothing: there, the method names all candidates.
//!
//! Of all combinations, the one that keeps the fewest weights within the error budget is taken. If there are too many combinations, one
//! layer at a time is pruned, in four steps of a growing budget. Otherwise the first layer would use all of it.

use crate::base::error::{Defect, ErrorKind, Result};
use crate::compress::evaluate::{ErrorBudget, Evaluator};
use crate::compress::progress::Progress;
use crate::compress::quantize;
use crate::compress::shrink::{self, GroupKind, LayerGroups, OriginalLayer, OriginalNetwork, Pruning, ShrunkNetwork};

/// The number of gaps that are tried in a layer.
const WIDEST_GAPS: usize = 12;
/// The most combinations that are tried.
const MAX_COMBINATIONS: usize = 8192;
/// The same for single weights: such a network keeps most of its units, and so takes as long to run as the original.
const MAX_COMBINATIONS_OF_WEIGHTS: usize = 512;
/// Steps of the budget in the search by layers.
const BUDGET_STEPS: u64 = 4;

/// A threshold of one layer, and how many groups it keeps. `None` keeps all.
#[derive(Clone, Copy, Debug, PartialEq)]
struct ThresholdCandidate {
    threshold: Option<f64>,
    kept: usize,
}

impl ThresholdCandidate {
    fn new(threshold: Option<f64>, groups: &[f64]) -> Self {
        Self { threshold, kept: threshold.map_or(groups.len(), |t| groups.iter().filter(|&&group| group < t).count()) }
    }
}

/// The candidates of a layer, from the fewest groups kept to all. Each keeps at least one group, and no two keep the same number.
fn candidates(groups: &LayerGroups, examples: &[f64]) -> Vec<ThresholdCandidate> {
    let middles = if groups.kind == GroupKind::Weights { Vec::new() } else { middles(&groups.statistics) };
    let mut all: Vec<ThresholdCandidate> = std::iter::once(None)
        .chain(middles.iter().chain(examples).copied().map(Some))
        .map(|threshold| ThresholdCandidate::new(threshold, &groups.statistics))
        .filter(|candidate| candidate.kept > 0)
        .collect();
    all.sort_by_key(|candidate| candidate.kept); // stable: of two that keep the same number, the one listed first
    all.dedup_by_key(|candidate| candidate.kept);
    all
}

/// The middles of the widest gaps of a statistic.
fn middles(groups: &[f64]) -> Vec<f64> {
    let mut sorted = groups.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut gaps: Vec<(f64, f64)> = sorted.windows(2).map(|pair| (pair[0], pair[1])).filter(|(a, b)| a < b).collect();
    gaps.sort_by(|a, b| (b.1 - b.0).total_cmp(&(a.1 - a.0)).then(a.0.total_cmp(&b.0)));
    let middles = gaps.into_iter().take(WIDEST_GAPS).map(|(a, b)| {
        let middle = a.midpoint(b);
        if middle > a { middle } else { b }
    });
    middles.collect()
}

/// The search for thresholds.
pub(crate) struct ThresholdSearch<'a> {
    /// The posterior mean, nothing pruned.
    pub(crate) layers: &'a [OriginalLayer],
    pub(crate) pruning: &'a Pruning,
    pub(crate) network: &'a OriginalNetwork<'a>,
    pub(crate) evaluator: &'a Evaluator<'a>,
}

impl ThresholdSearch<'_> {
    /// The thresholds of the sparsest network within `budget(1.0)`; `budget(x)` is the part `x` of the budget.
    ///
    /// Thresholds in `forced` do not change. When no combination is within the budget, the layers without a forced threshold are not pruned.
    pub(crate) fn choose(
        &self,
        forced: &[Option<f64>],
        budget: &dyn Fn(f64) -> ErrorBudget,
        progress: Progress<'_>,
    ) -> Result<Vec<Option<f64>>> {
        let layers = self.pruning.layers.iter().zip(forced).map(|(groups, forced)| match forced.or(self.pruning.threshold) {
            Some(threshold) => vec![ThresholdCandidate::new(Some(threshold), &groups.statistics)],
            None => candidates(groups, self.pruning.examples),
        });
        let layers: Vec<Vec<ThresholdCandidate>> = layers.collect();
        let combinations = layers.iter().try_fold(1usize, |product, layer| product.checked_mul(layer.len()));
        let most = if self.pruning.is_of_weights() { MAX_COMBINATIONS_OF_WEIGHTS } else { MAX_COMBINATIONS };
        let chosen = match combinations.filter(|&n| n <= most) {
            Some(1) => vec![0; layers.len()],
            Some(combinations) => self.of_all(&layers, combinations, budget(1.0), progress)?,
            None => self.by_layers(&layers, budget, progress)?,
        };
        Ok(chosen.iter().zip(&layers).map(|(&i, layer)| layer[i].threshold).collect())
    }

    /// The network that is left after pruning by `thresholds`, shrunk.
    pub(crate) fn network(&self, thresholds: &[Option<f64>]) -> ShrunkNetwork {
        let layers = self.layers.iter().zip(&self.pruning.layers).zip(thresholds);
        let masked: Vec<OriginalLayer> = layers.map(|((layer, groups), &threshold)| groups.prune(layer, threshold)).collect();
        shrink::shrink(self.network, &masked)
    }

    fn is_within(&self, layers: &[Vec<ThresholdCandidate>], choice: &[usize], budget: ErrorBudget) -> Result<bool> {
        let thresholds: Vec<_> = choice.iter().zip(layers).map(|(&i, layer)| layer[i].threshold).collect();
        let network = self.network(&thresholds);
        let exact = quantize::exact(&network);
        match self.evaluator.score_within(&network, &exact.iter().collect::<Vec<_>>(), budget) {
            Ok(score) => Ok(score.is_some()),
            Err(error) if error.kind() == ErrorKind::Format(Defect::NonFinite) => Ok(false), // a bias with folded constants overflows
            Err(error) => Err(error),
        }
    }

    /// The first combination within the budget, in ascending order of weights kept.
    fn of_all(
        &self,
        layers: &[Vec<ThresholdCandidate>],
        combinations: usize,
        budget: ErrorBudget,
        progress: Progress<'_>,
    ) -> Result<Vec<usize>> {
        let mut all: Vec<(u64, Vec<usize>)> = Vec::with_capacity(combinations);
        for mut number in 0..combinations {
            let digit = |layer: &Vec<ThresholdCandidate>| {
                let digit = number % layer.len();
                number /= layer.len();
                digit
            };
            let choice: Vec<usize> = layers.iter().map(digit).collect();
            all.push((self.weights(layers, &choice), choice));
        }
        all.sort();
        for (i, (_, choice)) in all.iter().enumerate() {
            progress("thresholds", i as u64, combinations as u64);
            if self.is_within(layers, choice, budget)? {
                return Ok(choice.clone());
            }
        }
        Ok(layers.iter().map(|layer| layer.len() - 1).collect())
    }

    /// One layer after another, each as sparse as a growing budget allows.
    fn by_layers(
        &self,
        layers: &[Vec<ThresholdCandidate>],
        budget: &dyn Fn(f64) -> ErrorBudget,
        progress: Progress<'_>,
    ) -> Result<Vec<usize>> {
        let mut choice: Vec<usize> = layers.iter().map(|layer| layer.len() - 1).collect();
        for step in 1..=BUDGET_STEPS {
            let part = budget(step as f64 / BUDGET_STEPS as f64);
            for l in 0..layers.len() {
                progress("thresholds", (step - 1) * layers.len() as u64 + l as u64, BUDGET_STEPS * layers.len() as u64);
                let present = choice[l];
                for i in 0..present {
                    choice[l] = i;
                    if self.is_within(layers, &choice, part)? {
                        break;
                    }
                    choice[l] = present;
                }
            }
        }
        Ok(choice)
    }

    /// An estimate of the weights that a choice keeps: a unit counts as kept when a layer reads it, unless it is a map that is pruned itself.
    fn weights(&self, layers: &[Vec<ThresholdCandidate>], choice: &[usize]) -> u64 {
        if self.pruning.is_of_weights() {
            return choice.iter().zip(layers).map(|(&i, layer)| layer[i].kept as u64).sum();
        }
        let units = &self.network.units;
        let is_kept = |l: usize, group: usize| {
            let threshold = layers[l][choice[l]].threshold;
            threshold.is_none_or(|t| self.pruning.layers[l].statistics[group] < t)
        };
        let mut read = units.fixed().to_vec();
        let mut made: Vec<bool> = vec![true; read.len()];
        let places = || self.network.places.iter().zip(&self.pruning.layers).enumerate();
        for (l, (place, groups)) in places() {
            let inputs = units.of(place.input).iter().enumerate();
            inputs.for_each(|(i, &class)| read[class] |= groups.kind == GroupKind::Maps || is_kept(l, i));
            let outputs = units.of(place.output).iter().enumerate();
            outputs.for_each(|(row, &class)| made[class] &= groups.kind == GroupKind::Inputs || is_kept(l, row));
        }
        let kept = |value: usize| {
            let classes = units.of(value).iter().filter(|&&class| units.fixed()[class] || (read[class] && made[class]));
            classes.count() as u64
        };
        let columns =
            |l: usize, area: Option<usize>, units: u64| area.map_or(self.layers[l].cols as u64, |area| units * area as u64);
        places().map(|(l, (place, _))| kept(place.output) * columns(l, place.area, kept(place.input))).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_cut_at_the_widest_gaps_and_keep_different_numbers() {
        let mut groups = vec![-9.0, -8.5, 4.0, 5.0, -8.75, 4.5];
        groups.extend((0..30).map(|i| 4.0 + f64::from(i) / 1000.0));
        let of = |kind, statistics: &[f64]| {
            let groups = LayerGroups { kind, statistics: statistics.to_vec(), codebook: None };
            candidates(&groups, &[-2.8, -3.0, -5.0])
        };
        let all = of(GroupKind::Inputs, &groups);
        let widest = all.iter().find(|c| c.kept == 3).unwrap().threshold.unwrap();
        assert!((-8.5..4.0).contains(&widest), "{widest}");
        assert_eq!(all.last(), Some(&ThresholdCandidate { threshold: None, kept: groups.len() }));
        assert!(all.is_sorted_by(|a, b| a.kept < b.kept) && all[0].kept >= 1);
        assert_eq!(
            of(GroupKind::Maps, &[1.0; 5]),
            [ThresholdCandidate { threshold: None, kept: 5 }],
            "no gap, and all above the example's"
        );
        assert_eq!(of(GroupKind::Inputs, &[]), []);
        // For single weights only the thresholds that the method names are tried; -2.8 keeps as many as no threshold.
        let kept: Vec<_> = of(GroupKind::Weights, &[-9.0, -4.0, -2.9, -8.0]).iter().map(|c| (c.threshold, c.kept)).collect();
        assert_eq!(kept, [(Some(-5.0), 2), (Some(-3.0), 3), (None, 4)]);
    }
}
