//! Which groups are pruned: a threshold on each layer's statistic (log alpha for GNJ), chosen on validation samples.
//!
//! A group is kept when its statistic is below the threshold. Candidates lie in the middle of the widest gaps of the sorted statistic,
//! because it is bimodal after training; the example's thresholds and "prune nothing" are candidates too. Of all combinations the
//! one that keeps the fewest weights within the error budget wins; where there are too many, one layer at a time, in four steps of a
//! growing budget, so that the first layer does not use all of it.

use super::budget::Budget;
use super::evaluate::{Evaluator, dense};
use super::gnj::EXAMPLE_THRESHOLDS;
use super::masks::{self, Compact};
use super::network::{Gap, Layer};
use super::{Prepared, Progress};

/// Gaps of a layer that are tried.
const WIDEST_GAPS: usize = 12;
/// Combinations that are tried at most.
const MAX_COMBINATIONS: usize = 8192;
/// Steps of the budget in the search by layers.
const BUDGET_STEPS: u64 = 4;

/// The layer with the columns of pruned groups set to zero.
pub(super) fn mask_columns(layer: &Layer, groups: &[f64], threshold: Option<f64>) -> Layer {
    let mut masked = layer.clone();
    let Some(threshold) = threshold else { return masked };
    for row in masked.weights.chunks_exact_mut(layer.cols.max(1)) {
        row.iter_mut().zip(groups).filter(|(_, group)| **group >= threshold).for_each(|(weight, _)| *weight = 0.0);
    }
    masked
}

/// A threshold of one layer and the groups that it keeps. No threshold keeps all.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Candidate {
    threshold: Option<f64>,
    kept: usize,
}

impl Candidate {
    fn new(threshold: Option<f64>, groups: &[f64]) -> Self {
        Self { threshold, kept: threshold.map_or(groups.len(), |t| groups.iter().filter(|&&group| group < t).count()) }
    }
}

/// The candidates of a layer, from the fewest groups kept to all; each keeps another number, and at least one.
fn candidates(groups: &[f64]) -> Vec<Candidate> {
    let mut sorted = groups.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut gaps: Vec<(f64, f64)> = sorted.windows(2).map(|pair| (pair[0], pair[1])).filter(|(a, b)| a < b).collect();
    gaps.sort_by(|a, b| (b.1 - b.0).total_cmp(&(a.1 - a.0)).then(a.0.total_cmp(&b.0)));
    let middles = gaps.into_iter().take(WIDEST_GAPS).map(|(a, b)| {
        let middle = a.midpoint(b);
        if middle > a { middle } else { b }
    });
    let mut all: Vec<Candidate> = std::iter::once(None)
        .chain(middles.chain(EXAMPLE_THRESHOLDS).map(Some))
        .map(|threshold| Candidate::new(threshold, groups))
        .filter(|candidate| candidate.kept > 0)
        .collect();
    all.sort_by_key(|candidate| candidate.kept); // stable: of two that keep as many, the one listed first
    all.dedup_by_key(|candidate| candidate.kept);
    all
}

/// The search for thresholds.
pub(super) struct Search<'a> {
    pub(super) prepared: &'a Prepared,
    pub(super) groups: &'a [Vec<f64>],
    pub(super) gaps: &'a [Gap],
    pub(super) evaluator: &'a Evaluator<'a>,
}

impl Search<'_> {
    /// The thresholds of the sparsest network within `budget(1.0)`; a smaller argument is a part of it. `forced` ones are kept as they are. When no
    /// combination is within the budget, the layers without a forced threshold are not pruned.
    pub(super) fn choose(
        &self,
        forced: &[Option<f64>],
        budget: &dyn Fn(f64) -> Budget,
        progress: Progress<'_>,
    ) -> Vec<Option<f64>> {
        let layers = self.groups.iter().zip(forced);
        let layers: Vec<Vec<Candidate>> = layers
            .map(|(groups, forced)| forced.map_or_else(|| candidates(groups), |t| vec![Candidate::new(Some(t), groups)]))
            .collect();
        let combinations = layers.iter().try_fold(1usize, |product, layer| product.checked_mul(layer.len()));
        let chosen = match combinations.filter(|&n| n <= MAX_COMBINATIONS) {
            Some(combinations) => self.of_all(&layers, combinations, budget(1.0), progress),
            None => self.by_layers(&layers, budget, progress),
        };
        chosen.iter().zip(&layers).map(|(&i, layer)| layer[i].threshold).collect()
    }

    /// The masked network of a choice, shrunk.
    pub(super) fn network(&self, thresholds: &[Option<f64>]) -> Vec<Compact> {
        let layers = self.prepared.layers.iter().zip(self.groups).zip(thresholds);
        let masked: Vec<Layer> = layers.map(|((layer, groups), &threshold)| mask_columns(layer, groups, threshold)).collect();
        masks::compact(&masked, self.gaps)
    }

    fn is_within(&self, layers: &[Vec<Candidate>], choice: &[usize], budget: Budget) -> bool {
        let thresholds: Vec<_> = choice.iter().zip(layers).map(|(&i, layer)| layer[i].threshold).collect();
        let network = self.network(&thresholds);
        self.evaluator.score(&network[0].cols, &dense(&network), budget.errors).is_some_and(|score| budget.holds(score))
    }

    /// Every combination, by ascending weights kept: the first within the budget.
    fn of_all(&self, layers: &[Vec<Candidate>], combinations: usize, budget: Budget, progress: Progress<'_>) -> Vec<usize> {
        let mut all: Vec<(u64, Vec<usize>)> = Vec::with_capacity(combinations);
        for mut number in 0..combinations {
            let digit = |layer: &Vec<Candidate>| {
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
            if self.is_within(layers, choice, budget) {
                return choice.clone();
            }
        }
        layers.iter().map(|layer| layer.len() - 1).collect()
    }

    /// One layer after the other, each as sparse as a growing budget allows.
    fn by_layers(&self, layers: &[Vec<Candidate>], budget: &dyn Fn(f64) -> Budget, progress: Progress<'_>) -> Vec<usize> {
        let mut choice: Vec<usize> = layers.iter().map(|layer| layer.len() - 1).collect();
        for step in 1..=BUDGET_STEPS {
            let part = budget(step as f64 / BUDGET_STEPS as f64);
            for l in 0..layers.len() {
                progress("thresholds", (step - 1) * layers.len() as u64 + l as u64, BUDGET_STEPS * layers.len() as u64);
                let present = choice[l];
                let sparser = (0..present).find(|&i| {
                    choice[l] = i;
                    self.is_within(layers, &choice, part)
                });
                choice[l] = sparser.unwrap_or(present);
            }
        }
        choice
    }

    /// Weights that a choice keeps: groups kept, times the outputs that are read.
    fn weights(&self, layers: &[Vec<Candidate>], choice: &[usize]) -> u64 {
        let kept = |l: usize| layers[l][choice[l]].kept;
        let outputs = |l: usize| {
            let read_by_groups = l + 1 < layers.len() && !self.gaps[l + 1].mixes();
            if read_by_groups { kept(l + 1) } else { self.prepared.layers[l].rows }
        };
        (0..layers.len()).map(|l| kept(l) as u64 * outputs(l) as u64).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_cut_at_the_widest_gaps_and_keep_different_numbers() {
        let mut groups = vec![-9.0, -8.5, 4.0, 5.0, -8.75, 4.5];
        groups.extend((0..30).map(|i| 4.0 + f64::from(i) / 1000.0));
        let all = candidates(&groups);
        let widest = all.iter().find(|c| c.kept == 3).unwrap().threshold.unwrap();
        assert!((-8.5..4.0).contains(&widest), "{widest}");
        assert_eq!(all.last(), Some(&Candidate { threshold: None, kept: groups.len() }));
        assert!(all.is_sorted_by(|a, b| a.kept < b.kept) && all[0].kept >= 1);
        assert_eq!(candidates(&[1.0; 5]), [Candidate { threshold: None, kept: 5 }], "no gap, and all above the example's");
        assert_eq!(candidates(&[]), []);
    }

    #[test]
    fn a_group_at_the_threshold_is_pruned() {
        let layer = Layer { rows: 2, cols: 2, weights: vec![1.0, 2.0, 3.0, 4.0], bias: vec![0.0; 2] };
        assert_eq!(mask_columns(&layer, &[-4.0, -3.0], Some(-3.0)).weights, [1.0, 0.0, 3.0, 0.0]);
        assert_eq!(mask_columns(&layer, &[-4.0, -3.0], None).weights, layer.weights);
    }
}
