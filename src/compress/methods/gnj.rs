//! Group normal-Jeffreys posteriors (Louizos, Ullrich and Welling 2017): one scale `z` for each input unit of a linear
//! layer and for each output map of a convolution. The scale of a map multiplies its bias too.
//!
//! `q(z_i) = N(mu_zi, s_zi^2)`, `q(w_ij | z_i) = N(z_i mu_ij, z_i^2 s_ij^2)` (equations 5 and 6).

use super::families::dropout::log_alpha;
use super::families::scaled;
use super::prepared::{Prepared, mismatch};
use crate::base::error::Result;
use crate::compress::shrink::{LayerGroups, OriginalLayer, Pruning};
use crate::posterior::{GnjLayer, LayerTensors, Posterior};

/// Thresholds of the authors' released example, from the first layer to the third.
const EXAMPLE_THRESHOLDS: [f64; 3] = [-2.8, -3.0, -5.0];

/// The variance of a weight with its group's scale integrated out (equation 11):
/// `V(w) = s_z^2 (s^2 + mu^2) + s^2 mu_z^2`.
fn marginal_variance(scale_mean: f64, scale_variance: f64, mean: f64, variance: f64) -> f64 {
    scale_variance * (variance + mean * mean) + variance * scale_mean * scale_mean
}

pub(super) fn prepare(posterior: &Posterior) -> Result<Prepared> {
    let LayerTensors::Gnj(layers) = posterior.layers() else { return Err(mismatch()) };
    let means = layers.iter().zip(posterior.layer_names()).map(|(layer, name)| mean(layer, name));
    Ok(Prepared {
        layers: means.collect::<Result<_>>()?,
        variances: Some(layers.iter().map(variances).collect()),
        pruning: Some(Pruning { layers: layers.iter().map(groups).collect(), examples: &EXAMPLE_THRESHOLDS, threshold: None }),
    })
}

/// The posterior mean with nothing pruned (equation 10 with a mask of ones).
fn mean(layer: &GnjLayer, name: &str) -> Result<OriginalLayer> {
    let scales: Vec<f64> = layer.scale_mean.iter().map(|&scale| f64::from(scale)).collect();
    scaled::mean(&layer.weights, &scales, name)
}

fn variances(layer: &GnjLayer) -> Vec<f64> {
    let scale_variances: Vec<f64> = layer.scale_log_variance.iter().map(|&log| f64::from(log).exp()).collect();
    scaled::variances(&layer.weights, |group, mean, variance| {
        marginal_variance(f64::from(layer.scale_mean[group]), scale_variances[group], mean, variance)
    })
}

fn groups(layer: &GnjLayer) -> LayerGroups {
    let scales = layer.scale_mean.iter().zip(&layer.scale_log_variance);
    let statistics = scales.map(|(&mean, &log)| log_alpha(f64::from(mean), f64::from(log))).collect();
    LayerGroups { kind: layer.weights.groups.into(), statistics, codebook: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::posterior::{Groups, ScaledWeights};

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-6 * expected.abs(), "{found}, expected {expected}");
    }

    #[test]
    fn the_marginal_variance_is_equation_11() {
        let e = (-9.0f64).exp();
        close(marginal_variance(1.0, e, 0.5, e), 0.000_154_277_485);
        close(marginal_variance(0.8, 0.01, -0.3, 0.002), 0.0022);
        close(marginal_variance(2.0, 0.5, 0.0, 1.0), 4.5);
    }

    /// The 3 -> 2 layer whose numbers were computed independently in double precision.
    fn example() -> GnjLayer {
        let weights = ScaledWeights {
            rows: 2,
            cols: 3,
            groups: Groups::Inputs,
            mean: vec![0.5, -0.2, 0.1, 0.3, 0.0, -0.7],
            log_variance: vec![-6.0; 6],
            bias_mean: vec![0.1, -0.1],
            bias_log_variance: vec![-9.0; 2],
        };
        GnjLayer { weights, scale_mean: vec![1.0, 0.1, 0.001], scale_log_variance: vec![-9.0, -5.0, -9.0] }
    }

    #[test]
    fn a_layer_of_three_inputs_gives_the_numbers_of_double_precision() {
        let layer = example();
        let groups = groups(&layer);
        // The means are stored as f32. The relative error of 0.001 is 2^-25, which changes the eighth digit of log alpha.
        for (found, expected) in groups.statistics.iter().zip([-9.000_000_01, -0.394_830_814, 4.805_560_227]) {
            close(*found, expected);
        }
        let expected = [0.002_509_910_53, 0.000_311_007_103, 1.542_479_11e-6, 0.002_490_164_96, 4.148_922_26e-5, 6.077_918_51e-5];
        variances(&layer).into_iter().zip(expected).for_each(|(found, expected)| close(found, expected));
        let full = mean(&layer, "fc").unwrap();
        let masked = groups.prune(&full, Some(3.0));
        for (found, expected) in masked.weights.iter().zip([0.5, -0.02, 0.0, 0.3, 0.0, 0.0]) {
            close(f64::from(*found), expected);
        }
        masked.bias.iter().zip([0.1, -0.1]).for_each(|(found, expected)| close(*found, expected));
    }

    #[test]
    fn the_scale_of_a_map_multiplies_its_weights_and_its_bias() {
        // Two maps of one 1 x 3 window each. By hand: 0.8 (-0.3, 0.5, 0.1) and 0.8 0.25; 2 (...) and 2 (-0.1).
        let weights = ScaledWeights {
            groups: Groups::Maps,
            mean: vec![-0.3, 0.5, 0.1, 0.25, 0.0, -1.0],
            log_variance: vec![0.002f32.ln(); 6],
            bias_mean: vec![0.25, -0.1],
            ..example().weights
        };
        let scale_log_variance = vec![0.01f32.ln(), 0.5f32.ln()];
        let layer = GnjLayer { weights, scale_mean: vec![0.8, 2.0], scale_log_variance };
        let full = mean(&layer, "conv").unwrap();
        let check = |layer: &OriginalLayer, weights: [f64; 6], bias: [f64; 2]| {
            layer.weights.iter().zip(weights).for_each(|(found, expected)| close(f64::from(*found), expected));
            layer.bias.iter().zip(bias).for_each(|(found, expected)| close(*found, expected));
        };
        check(&full, [-0.24, 0.4, 0.08, 0.5, 0.0, -2.0], [0.2, -0.2]);
        close(variances(&layer)[0], 0.0022); // as above
        close(variances(&layer)[5], 0.5 * (0.002 + 1.0) + 0.002 * 4.0);
        // log alpha: ln 0.01 - ln 0.64 = -4.16 and ln 0.5 - ln 4 = -2.08.
        check(&groups(&layer).prune(&full, Some(-3.0)), [-0.24, 0.4, 0.08, 0.0, 0.0, 0.0], [0.2, 0.0]);
    }
}
