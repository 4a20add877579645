//! The optimal two levels, besides zero, for a layer.
//!
//! Minimises `sum_i p_i (w_i - l_i)^2` over `l_i` in {negative, 0, positive}. The `n` least weights, at the level of their weighted mean, save
//! `(sum p w)^2 / sum p` of the error that zeros would have; so do the greatest. The two sides are independent, so one pass over each finds
//! the optimum.

use super::layer::{Quantized, Weighted};
use crate::encoding::Encoding;

/// The layer with a negative level, zero and a positive level.
pub(super) fn quantize(layer: &Weighted<'_>) -> Quantized {
    let mut pairs: Vec<(f64, f64)> = layer.pairs().collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let (negative, least) = side(pairs.iter().filter(|(w, _)| *w < 0.0).copied());
    let (positive, greatest) = side(pairs.iter().rev().filter(|(w, _)| *w > 0.0).copied());
    let level = |&weight: &f32| match f64::from(weight) {
        weight if greatest.is_some_and(|t| weight >= t) => positive,
        weight if least.is_some_and(|t| weight <= t) => negative,
        _ => 0.0,
    };
    Quantized::new(layer, Encoding::Ternary, &[negative, positive], layer.weights.iter().map(level).collect())
}

/// The level of one side, and the weight nearest to zero that takes it. The pairs come in descending magnitude. Equal weights stay together.
fn side(pairs: impl Iterator<Item = (f64, f64)>) -> (f32, Option<f64>) {
    let (mut p_sum, mut pw_sum) = (0.0, 0.0);
    let mut best: (f64, f64, Option<f64>) = (0.0, 0.0, None);
    let mut pairs = pairs.peekable();
    while let Some((w, p)) = pairs.next() {
        p_sum += p;
        pw_sum += p * w;
        let saved = pw_sum * pw_sum / p_sum;
        if saved > best.0 && pairs.peek().is_none_or(|next| next.0 != w) {
            best = (saved, pw_sum / p_sum, Some(w));
        }
    }
    let level = best.1 as f32;
    if level == 0.0 { (0.0, None) } else { (level, best.2) } // a level that rounds to zero does not count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compress::quantize::testing::{distortion, numbers, weighted};

    #[test]
    fn levels_are_as_good_as_the_best_of_all_splits() {
        for seed in 0..200 {
            let (weights, precision) = numbers(seed, 8);
            let layer = weighted(2, 4, &weights, Some(&precision));
            let mut best = f64::INFINITY;
            for signs in 0..3u32.pow(8) {
                let sign = |i: usize| signs / 3u32.pow(i as u32) % 3;
                let level = |s: u32, side: fn(f64) -> f64| {
                    let of = layer.pairs().enumerate().filter(|(i, _)| sign(*i) == s).map(|(_, pair)| pair);
                    let (pw, p) = of.fold((0.0, 0.0), |(pw, p), (w, q)| (pw + w * q, p + q));
                    if p > 0.0 { side(pw / p) } else { 0.0 }
                };
                let levels = [0.0, level(1, |l| l.max(0.0)), level(2, |l| l.min(0.0))];
                let error = layer.pairs().enumerate().map(|(i, (w, p))| p * (w - levels[sign(i) as usize]).powi(2)).sum();
                best = best.min(error);
            }
            let found = distortion(&layer, &quantize(&layer).weights);
            assert!((found - best).abs() <= 1e-6 * best, "seed {seed}: {found}, best {best}");
        }
    }

    #[test]
    fn a_side_without_weights_has_no_level() {
        let layer = weighted(1, 3, &[0.5, 0.0, 0.5], None);
        let quantized = quantize(&layer);
        assert_eq!((quantized.encoded.levels, quantized.weights), (vec![0.0, 0.5], vec![0.5, 0.0, 0.5]));
        let layer = weighted(1, 2, &[0.0, 0.0], None);
        assert_eq!(quantize(&layer).encoded.levels, [0.0, 0.0]);
    }
}
