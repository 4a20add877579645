//! Entropy-constrained quantization: a level is chosen by its distance and by its bits.
//!
//! Each weight goes to the level that minimises `p (w - level)^2 + lambda d (-log2 share)`. `share` is the part of the layer's weights at that
//! level; `d` is the mean of `p (w - level)^2` at the nearest levels. So lambda, the Lagrange multiplier of the rate, is the price of a bit in
//! mean squared errors of a weight. Levels depend on shares and shares on levels, so the two alternate.

use super::layer::Weighted;
use crate::compress::shrink::WeightValues;

/// The most alternations.
const ALTERNATIONS: usize = 12;

/// Moves weights from their nearest levels to cheaper ones. If `moves` is set, it also moves levels to the weighted mean of their weights.
///
/// A level of zero stays, and so do weights that are zero. A layer to be stored exactly does not change, nor any layer at a `rate_weight` of 0.
pub(super) fn assign(layer: &Weighted<'_>, levels: &mut [f64], indices: &mut [usize], moves: bool) {
    if layer.rate_weight <= 0.0 || layer.values != WeightValues::Any || indices.is_empty() {
        return;
    }
    let weights: Vec<(f64, f64)> = layer.pairs().collect();
    let errors = weights.iter().zip(indices.iter()).map(|(&(w, p), &i)| p * (w - levels[i]).powi(2));
    let price = layer.rate_weight * errors.sum::<f64>() / weights.len() as f64;
    if price <= 0.0 {
        return;
    }
    for _ in 0..ALTERNATIONS {
        let bits = bits(indices, levels.len());
        let mut changed = false;
        for (&(w, p), index) in weights.iter().zip(indices.iter_mut()).filter(|((w, _), _)| *w != 0.0) {
            let cost = |i: usize| p * (w - levels[i]).powi(2) + price * bits[i];
            let best = (0..levels.len()).fold(*index, |best, i| if cost(i) < cost(best) { i } else { best });
            changed |= best != *index;
            *index = best;
        }
        if !changed {
            break;
        }
        if moves {
            center(&weights, levels, indices);
        }
    }
}

/// The bits of a weight at each level: `-log2` of the level's share, infinite for a level without weights.
fn bits(indices: &[usize], levels: usize) -> Vec<f64> {
    let mut counts = vec![0u64; levels];
    indices.iter().for_each(|&i| counts[i] += 1);
    counts.iter().map(|&count| (indices.len() as f64 / count as f64).log2()).collect()
}

/// Moves every level but zero to the weighted mean of its weights.
fn center(weights: &[(f64, f64)], levels: &mut [f64], indices: &[usize]) {
    let mut sums = vec![(0.0, 0.0); levels.len()];
    for (&(w, p), &i) in weights.iter().zip(indices) {
        sums[i] = (sums[i].0 + p * w, sums[i].1 + p);
    }
    for (level, (pw, p)) in levels.iter_mut().zip(sums) {
        if *level != 0.0 && p > 0.0 {
            *level = pw / p;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compress::quantize::testing::numbers;

    /// By hand: levels 0 and 1, weights 0.1 (three times), 0.6 and 1. The nearest levels are 0, 0, 0, 1, 1; the mean squared error is
    /// (3 x 0.01 + 0.16) / 5 = 0.038. At lambda 5 a bit costs 0.19. The weight of 0.6 costs 0.16 + 0.19 log2(5 / 2) = 0.411 at one and
    /// 0.36 + 0.19 log2(5 / 3) = 0.500 at zero, so it stays. At lambda 11 it costs 0.713 and 0.668, and moves. Then the weight of 1 costs
    /// 0.418 log2(5) = 0.971 at one and 1 + 0.418 log2(5 / 4) = 1.135 at zero, and stays. At lambda 20 it costs 1.765 and 1.245, and moves too.
    #[test]
    fn a_weight_moves_when_the_bits_are_worth_the_error() {
        let weights = [0.1f32, 0.1, 0.1, 0.6, 1.0];
        for (rate_weight, expected) in [(0.0, [0, 0, 0, 1, 1]), (5.0, [0, 0, 0, 1, 1]), (11.0, [0, 0, 0, 0, 1]), (20.0, [0; 5])] {
            let layer = Weighted { rows: 1, cols: 5, weights: &weights, precision: None, values: WeightValues::Any, rate_weight };
            let (mut levels, mut indices) = ([0.0, 1.0], [0, 0, 0, 1, 1]);
            assign(&layer, &mut levels, &mut indices, false);
            assert_eq!((indices, levels), (expected, [0.0, 1.0]), "lambda {rate_weight}");
        }
    }

    /// A higher price gives fewer bits and no smaller error; zeros stay, and so does a layer to be stored exactly.
    #[test]
    fn entropy_falls_with_the_weight_of_the_rate() {
        let (mut weights, precision) = numbers(9, 2000);
        weights.iter_mut().for_each(|w| *w = w.powi(3));
        weights.iter_mut().step_by(3).for_each(|w| *w = 0.0);
        let run = |rate_weight: f64, values: WeightValues| {
            let layer = Weighted { rows: 40, cols: 50, weights: &weights, precision: Some(&precision), values, rate_weight };
            let mut levels: Vec<f64> = (-7..=7).map(|q| f64::from(q) / 7.0).collect();
            let mut indices: Vec<usize> = weights.iter().map(|w| (w * 7.0 + 7.0).round() as usize).collect();
            assign(&layer, &mut levels, &mut indices, true);
            let bits = bits(&indices, levels.len());
            let entropy: f64 = indices.iter().map(|&i| bits[i]).sum();
            let error: f64 = layer.pairs().zip(&indices).map(|((w, p), &i)| p * (w - levels[i]).powi(2)).sum();
            assert!(weights.iter().zip(&indices).all(|(w, &i)| *w != 0.0 || levels[i] == 0.0));
            (entropy, error)
        };
        let found = [0.0, 1.0, 3.0, 10.0].map(|lambda| run(lambda, WeightValues::Any));
        assert!(found.is_sorted_by(|a, b| b.0 < a.0), "bits: {found:?}");
        assert!(found[1..].is_sorted_by(|a, b| b.1 >= a.1), "errors: {found:?}");
        assert!(found[3].0 < 0.75 * found[0].0, "{found:?}");
        assert_eq!(run(10.0, WeightValues::Few), found[0]);
    }
}
