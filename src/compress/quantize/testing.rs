//! Layers for the tests of quantizers.

use super::layer::Weighted;
use crate::compress::shrink::WeightValues;

/// A layer without a price on bits: weights go to their nearest levels.
pub(crate) fn weighted<'a>(rows: usize, cols: usize, weights: &'a [f32], precision: Option<&'a [f64]>) -> Weighted<'a> {
    Weighted { rows, cols, weights, precision, values: WeightValues::Any, rate_weight: 0.0 }
}

/// Weights in (-1, 1) and precisions in (0.5, 1.5), the same for a seed in every run.
pub(crate) fn numbers(seed: u64, n: usize) -> (Vec<f32>, Vec<f64>) {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 24)
    };
    (0..n).map(|_| ((next() * 2.0 - 1.0) as f32, next() + 0.5)).unzip()
}

/// The weighted squared error that quantizers minimise.
pub(crate) fn distortion(layer: &Weighted<'_>, quantized: &[f32]) -> f64 {
    layer.pairs().zip(quantized).map(|((w, p), &q)| p * (w - f64::from(q)).powi(2)).sum()
}
