//! K levels for a layer: weighted k-means in one dimension.
//!
//! Minimises `sum_i p_i (w_i - level(i))^2`, where `p_i` is the inverse posterior variance of weight `i` (1 without a posterior). In one
//! dimension clusters are intervals of the sorted weights, so dynamic programming finds the optimum for every K at once: divide and
//! conquer over the monotone split points, `O(K n log n)`. Above 4096 weights it runs over bins of neighbours, which bounds the memory.
//! Lloyd's iteration on the weights themselves then refines the levels.
//!
//! A layer that holds exact zeros (pruned weights) keeps a level that is exactly zero.

use super::layer::{Quantized, Weighted};
use super::rate;
use crate::compress::shrink::WeightValues;
use crate::encoding::Encoding;

/// The most bins of the dynamic programme.
const MAX_BINS: usize = 4096;
/// The most iterations of Lloyd's algorithm.
const ITERATIONS: usize = 50;

/// Running sums over bins: precision, precision x weight, precision x weight^2.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    p: f64,
    pw: f64,
    pww: f64,
}

impl Sums {
    fn plus(self, precision: f64, weight: f64) -> Self {
        Self { p: self.p + precision, pw: self.pw + precision * weight, pww: self.pww + precision * weight * weight }
    }

    fn minus(self, other: Self) -> Self {
        Self { p: self.p - other.p, pw: self.pw - other.pw, pww: self.pww - other.pww }
    }

    fn mean(self) -> f64 {
        if self.p > 0.0 { self.pw / self.p } else { 0.0 }
    }

    /// The least weighted squared error with a single level.
    fn cost(self) -> f64 {
        if self.p > 0.0 { (self.pww - self.pw * self.pw / self.p).max(0.0) } else { 0.0 }
    }
}

/// The optimal clusterings of a layer's weights, for every number of levels up to a maximum.
pub(super) struct Clusters {
    /// The weights that are not zero, ascending, with their precision.
    sorted: Vec<(f64, f64)>,
    has_zero: bool,
    /// The values of the weights, ascending, if the layer is to be stored exactly: its only possible levels.
    kept: Option<Vec<f32>>,
    /// Sums of the first `i` bins, relative to `center`.
    prefix: Vec<Sums>,
    center: f64,
    /// `splits[k][j]`: with `k + 1` clusters over the first `j + 1` bins, the first bin of the last cluster.
    splits: Vec<Vec<u16>>,
}

impl Clusters {
    /// Prepares clusterings into at most `levels` levels.
    pub(super) fn new(layer: &Weighted<'_>, levels: usize) -> Self {
        let mut sorted: Vec<(f64, f64)> = layer.pairs().filter(|(w, _)| *w != 0.0).collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let has_zero = sorted.len() < layer.weights.len();
        let center = sorted.iter().fold(Sums::default(), |sums, &(w, p)| sums.plus(p, w)).mean();
        let prefix = bins(&sorted, center);
        let kept = (layer.values != WeightValues::Any).then(|| distinct(layer.weights));
        let levels = if kept.is_some() { 0 } else { levels.saturating_sub(usize::from(has_zero)) };
        let splits = programme(&prefix, levels);
        Self { sorted, has_zero, kept, prefix, center, splits }
    }

    /// The layer with at most `levels` levels; `None` when it has fewer than two distinct ones.
    pub(super) fn quantize(&self, layer: &Weighted<'_>, levels: usize) -> Option<Quantized> {
        let mut table = match &self.kept {
            Some(values) => values.clone(),
            None => {
                let levels = self.refine(self.start(levels.checked_sub(usize::from(self.has_zero))?));
                levels.iter().map(|&level| level as f32 + 0.0).collect()
            }
        };
        table.sort_by(f32::total_cmp);
        table.dedup();
        // The format forbids a level that no weight uses. Without it every weight keeps its level.
        let used = nearest(&table, layer);
        let mut is_used = vec![false; table.len()];
        used.iter().for_each(|&i| is_used[usize::from(i)] = true);
        let mut flags = is_used.iter();
        table.retain(|_| *flags.next().expect("invariant: one flag per level"));
        if table.len() > levels {
            return None;
        }
        let weights = cheap(&table, layer);
        let table = distinct(&weights);
        if table.len() < 2 {
            return None;
        }
        Some(Quantized::new(layer, Encoding::Codebook { levels: table.len() }, &table, weights))
    }

    /// The levels of the optimal clustering of the bins.
    fn start(&self, clusters: usize) -> Vec<f64> {
        let mut levels = Vec::new();
        let mut end = self.prefix.len() - 1;
        for k in (0..clusters.min(self.splits.len())).rev() {
            let first = usize::from(self.splits[k][end - 1]);
            levels.push(self.prefix[end].minus(self.prefix[first]).mean() + self.center);
            end = first;
            if end == 0 {
                break;
            }
        }
        levels.reverse();
        levels
    }

    /// Lloyd's iteration over the sorted weights; a level of zero does not move.
    fn refine(&self, mut levels: Vec<f64>) -> Vec<f64> {
        if self.has_zero {
            levels.push(0.0);
        }
        levels.sort_by(f64::total_cmp);
        for _ in 0..ITERATIONS {
            let mut sums = vec![Sums::default(); levels.len()];
            let mut cluster = 0;
            for &(w, p) in &self.sorted {
                while cluster + 1 < levels.len() && w - levels[cluster] > levels[cluster + 1] - w {
                    cluster += 1;
                }
                sums[cluster] = sums[cluster].plus(p, w - self.center);
            }
            let moved = levels.iter().zip(&sums).map(|(&level, sums)| {
                let fixed = sums.p <= 0.0 || self.has_zero && level == 0.0;
                if fixed { level } else { sums.mean() + self.center }
            });
            let moved: Vec<f64> = moved.collect();
            if moved == levels {
                break;
            }
            levels = moved;
            levels.sort_by(f64::total_cmp);
        }
        levels
    }
}

/// Every weight at its nearest level, or, with a price on bits, at the level with the least sum of error and price.
fn cheap(table: &[f32], layer: &Weighted<'_>) -> Vec<f32> {
    let mut levels: Vec<f64> = table.iter().map(|&level| f64::from(level)).collect();
    let mut indices: Vec<usize> = nearest(table, layer).into_iter().map(usize::from).collect();
    rate::assign(layer, &mut levels, &mut indices, true);
    indices.iter().map(|&i| levels[i] as f32 + 0.0).collect()
}

/// The distinct values of the weights, ascending.
fn distinct(weights: &[f32]) -> Vec<f32> {
    let mut values: Vec<f32> = weights.iter().map(|weight| weight + 0.0).collect();
    values.sort_by(f32::total_cmp);
    values.dedup();
    values
}

/// The index of the nearest level for every weight; of two at the same distance, the lower one.
fn nearest(table: &[f32], layer: &Weighted<'_>) -> Vec<u8> {
    let index = |&weight: &f32| {
        let above = table.partition_point(|&level| level < weight);
        let distance = |i: usize| table.get(i).map_or(f64::INFINITY, |&level| (f64::from(level) - f64::from(weight)).abs());
        let below = above.saturating_sub(1);
        let i = if distance(below) <= distance(above) { below } else { above };
        u8::try_from(i).expect("invariant: at most 256 levels")
    };
    layer.weights.iter().map(index).collect()
}

/// Prefix sums over at most [`MAX_BINS`] bins of sorted neighbours, relative to `center`.
fn bins(sorted: &[(f64, f64)], center: f64) -> Vec<Sums> {
    let mut prefix = vec![Sums::default()];
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else { return prefix };
    let exact = sorted.len() <= MAX_BINS;
    let (members, width) = (sorted.len().div_ceil(MAX_BINS / 2 - 1), (last.0 - first.0) / (MAX_BINS / 2 - 1) as f64);
    let (mut start, mut count) = (first.0, 0);
    let mut sums = Sums::default();
    for &(w, p) in sorted {
        if count > 0 && (exact || count >= members || w - start > width) {
            prefix.push(sums);
            (start, count) = (w, 0);
        }
        sums = sums.plus(p, w - center);
        count += 1;
    }
    prefix.push(sums);
    prefix
}

/// The split points of optimal clusterings into 1, 2, ... `levels` clusters.
fn programme(prefix: &[Sums], levels: usize) -> Vec<Vec<u16>> {
    let bins = prefix.len() - 1;
    let cost = |from: usize, to: usize| prefix[to].minus(prefix[from]).cost();
    let mut best: Vec<f64> = (1..=bins).map(|j| cost(0, j)).collect();
    let mut splits = Vec::new();
    if levels > 0 && bins > 0 {
        splits.push(vec![0u16; bins]);
    }
    for k in 1..levels.min(bins) {
        let mut next = best.clone();
        let mut split = splits[k - 1].clone();
        // From bin k on, the best split point does not decrease. The stack holds (first, last, least split, greatest split).
        let mut ranges = vec![(k, bins - 1, k, bins - 1)];
        while let Some((first, last, least, greatest)) = ranges.pop() {
            let middle = first.midpoint(last);
            let (mut value, mut at) = (f64::INFINITY, least);
            for s in least..=greatest.min(middle) {
                let candidate = best[s - 1] + cost(s, middle + 1);
                if candidate < value {
                    (value, at) = (candidate, s);
                }
            }
            next[middle] = value;
            split[middle] = u16::try_from(at).expect("invariant: at most 4096 bins");
            if middle > first {
                ranges.push((first, middle - 1, least, at));
            }
            if middle < last {
                ranges.push((middle + 1, last, at, greatest));
            }
        }
        best = next;
        splits.push(split);
    }
    splits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compress::quantize::testing::{distortion, numbers, weighted};

    /// The least distortion over all splits of the sorted weights into at most `k` intervals.
    fn brute_force(sorted: &[(f64, f64)], k: usize) -> f64 {
        if sorted.is_empty() {
            return 0.0;
        }
        if k == 0 {
            return f64::INFINITY;
        }
        let one = |part: &[(f64, f64)]| {
            let mean = part.iter().map(|(w, p)| w * p).sum::<f64>() / part.iter().map(|(_, p)| p).sum::<f64>();
            part.iter().map(|(w, p)| p * (w - mean) * (w - mean)).sum::<f64>()
        };
        (1..=sorted.len()).map(|n| one(&sorted[..n]) + brute_force(&sorted[n..], k - 1)).fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn levels_are_as_good_as_the_best_of_all_splits() {
        for seed in 0..40 {
            let (weights, precision) = numbers(seed, 9);
            let layer = weighted(3, 3, &weights, Some(&precision));
            let mut sorted: Vec<(f64, f64)> = layer.pairs().collect();
            sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
            let clusters = Clusters::new(&layer, 6);
            for k in 2..=6 {
                let quantized = clusters.quantize(&layer, k).unwrap();
                let (found, best) = (distortion(&layer, &quantized.weights), brute_force(&sorted, k));
                assert!((found - best).abs() <= 1e-6 * best + 1e-12, "seed {seed}, K {k}: {found}, best {best}");
                assert_eq!(quantized.encoded.levels.len(), k);
            }
        }
    }

    #[test]
    fn zeros_stay_zero_and_take_one_level() {
        let weights = [0.0f32, 0.1, 0.0, -0.5, 0.6, 0.55];
        let layer = weighted(2, 3, &weights, None);
        let quantized = Clusters::new(&layer, 4).quantize(&layer, 4).unwrap();
        assert!(quantized.encoded.levels.contains(&0.0));
        assert_eq!((quantized.weights[0], quantized.weights[2]), (0.0, 0.0));
        assert_eq!((quantized.weights[3], quantized.weights[1]), (-0.5, 0.1));
    }

    #[test]
    fn levels_that_are_not_used_and_layers_of_one_value_are_no_codebook() {
        let two = [0.25f32, 0.75, 0.25, 0.75];
        let layer = weighted(2, 2, &two, None);
        let quantized = Clusters::new(&layer, 16).quantize(&layer, 16).unwrap();
        assert_eq!((quantized.encoded.levels, quantized.weights), (vec![0.25, 0.75], two.to_vec()));
        for weights in [&[0.5f32; 4][..], &[0.0; 4], &[]] {
            let layer = weighted(weights.len() / 2, 2, weights, None);
            assert!(Clusters::new(&layer, 16).quantize(&layer, 16).is_none());
        }
    }

    #[test]
    fn many_weights_are_binned_and_refined_close_to_the_optimum_of_all() {
        let (weights, precision) = numbers(7, 10_000);
        let layer = weighted(100, 100, &weights, Some(&precision));
        let error = |k| distortion(&layer, &Clusters::new(&layer, k).quantize(&layer, k).unwrap().weights);
        // Uniform weights in (-1, 1) with mean precision 1: the error of K levels is n (2 / K)^2 / 12.
        for k in [4, 16, 64] {
            let expected = 10_000.0 * (2.0 / k as f64).powi(2) / 12.0;
            assert!((error(k) / expected - 1.0).abs() < 0.1, "K {k}: {} of {expected}", error(k));
        }
    }
}
