//! Integers times a step: the search for the step with the least error.
//!
//! Minimises `sum_i p_i (w_i - d q_i)^2` with `q_i = round(w_i / d)` clamped to the symmetric range of `b` bits. The first steps tried go from
//! the one that reaches the greatest weight down to a sixteenth of it. Then finer ones around the best are tried. From there,
//! `d = sum p w q / sum p q^2` and rounding alternate.

use super::layer::{Quantized, Weighted};
use super::rate;
use crate::compress::shrink::WeightValues;
use crate::encoding::{Encoding, fixed_point};

/// The number of steps tried first, a factor of 2^(-1/8) apart.
const COARSE: i32 = 33;
/// The steps tried next are a factor of 2^(-1/128) apart: this many of these factors make a coarse one.
const FINE: i32 = 16;
/// The most alternations.
const ALTERNATIONS: usize = 20;

/// The layer as integers of `bits` bits; `None` when no f32 can be its step.
pub(super) fn quantize(layer: &Weighted<'_>, bits: u32) -> Option<Quantized> {
    let (step, integers) = integers(layer, bits)?;
    let weights = integers.iter().map(|&q| f32::from(q) * step).collect();
    Some(Quantized::new(layer, Encoding::FixedPoint { bits }, &[step], weights))
}

/// The step and the integers; a layer on a grid keeps the step of its grid. `None` when no f32 can be the step.
fn integers(layer: &Weighted<'_>, bits: u32) -> Option<(f32, Vec<i8>)> {
    let greatest = f64::from(fixed_point::greatest(bits));
    let max = layer.pairs().map(|(w, _)| w.abs()).fold(0.0, f64::max);
    let widest = max / greatest;
    let given = if let WeightValues::Grid(step) = layer.values { Some(f64::from(step)) } else { None };
    let mut best = (f64::INFINITY, given.unwrap_or(if max == 0.0 { 1.0 } else { widest }));
    if max > 0.0 && given.is_none() {
        let factors = (0..COARSE).map(|i| (-f64::from(i) / 8.0).exp2());
        best = factors.map(|factor| attempt(layer, widest * factor, greatest)).fold(best, better);
        let (coarse, factors) = (best.1, (1 - FINE..FINE).map(|i| (f64::from(i) / 128.0).exp2()));
        best = factors.map(|factor| attempt(layer, coarse * factor, greatest)).fold(best, better);
        for _ in 0..ALTERNATIONS {
            let (wq, qq) = layer.pairs().fold((0.0, 0.0), |(wq, qq), (w, p)| {
                let q = integer(w, best.1, greatest);
                (wq + p * w * q, qq + p * q * q)
            });
            let step = wq / qq;
            if step.is_nan() || step <= 0.0 || step == best.1 {
                break;
            }
            let next = better(best, attempt(layer, step, greatest));
            if next == best {
                break;
            }
            best = next;
        }
    }
    let step = best.1 as f32;
    if !(step > 0.0 && (step * greatest as f32).is_finite()) {
        return None;
    }
    let mut levels: Vec<f64> = (0..=2 * greatest as usize).map(|i| (i as f64 - greatest) * f64::from(step)).collect();
    let nearest = layer.weights.iter().map(|&w| integer(f64::from(w), f64::from(step), greatest));
    let mut indices: Vec<usize> = nearest.map(|q| (q + greatest) as usize).collect();
    rate::assign(layer, &mut levels, &mut indices, false);
    Some((step, indices.iter().map(|&i| (i as f64 - greatest) as i8).collect()))
}

/// The error with a step, and the step.
fn attempt(layer: &Weighted<'_>, step: f64, greatest: f64) -> (f64, f64) {
    (error(layer, step, greatest), step)
}

fn better(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    if b.0 < a.0 { b } else { a }
}

fn integer(weight: f64, step: f64, greatest: f64) -> f64 {
    (weight / step).round_ties_even().clamp(-greatest, greatest)
}

fn error(layer: &Weighted<'_>, step: f64, greatest: f64) -> f64 {
    layer.pairs().map(|(w, p)| p * (w - step * integer(w, step, greatest)).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compress::quantize::testing::{distortion, numbers, weighted};

    #[test]
    fn weights_on_a_grid_are_held_exactly() {
        let weights = [0.25f32, -0.75, 0.5, 0.0];
        let layer = weighted(2, 2, &weights, None);
        let quantized = quantize(&layer, 3).unwrap();
        assert_eq!((quantized.encoded.levels.as_slice(), quantized.weights.as_slice()), (&[0.25][..], &weights[..]));
    }

    #[test]
    fn the_step_is_nearly_as_good_as_the_best_of_a_fine_grid() {
        for seed in 0..5 {
            let (weights, precision) = numbers(seed, 400);
            let layer = weighted(20, 20, &weights, Some(&precision));
            for bits in [2, 3, 4, 6] {
                let greatest = f64::from(fixed_point::greatest(bits));
                let grid = (1..4000).map(|i| error(&layer, f64::from(i) / 2000.0 / greatest, greatest));
                let (best, found) =
                    (grid.fold(f64::INFINITY, f64::min), distortion(&layer, &quantize(&layer, bits).unwrap().weights));
                assert!(found <= 1.03 * best, "seed {seed}, {bits} bits: {found}, best {best}");
            }
        }
    }

    #[test]
    fn a_layer_of_zeros_has_a_step_and_one_too_small_for_f32_has_none() {
        let layer = weighted(1, 2, &[0.0, 0.0], None);
        assert_eq!(quantize(&layer, 8).unwrap().weights, [0.0, 0.0]);
        let tiny = [f32::from_bits(1)];
        let layer = weighted(1, 1, &tiny, None);
        assert!(quantize(&layer, 8).is_none());
    }
}
