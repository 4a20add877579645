//! Group normal-Jeffreys posteriors (Louizos, Ullrich and Welling 2017): one scale `z` for each input unit of a linear
//! layer and for each output map of a convolution, whose bias it multiplies too.
//!
//! `q(z_i) = N(mu_zi, s_zi^2)`, `q(w_ij | z_i) = N(z_i mu_ij, z_i^2 s_ij^2)`.

use super::network::Layer;
use super::{LayerGroups, Method, Prepared};
use crate::base::error::{Error, ErrorKind, Result};
use crate::posterior::{GnjLayer, Groups, Layers, Posterior};

pub(super) const METHOD: Method =
    Method { name: "gnj", about: "group normal-Jeffreys: prunes input units and feature maps by their dropout rate", prepare };

/// Thresholds of the authors' released example, from the first layer to the third: always among the candidates.
pub(super) const EXAMPLE_THRESHOLDS: [f64; 3] = [-2.8, -3.0, -5.0];

/// The log dropout rate of a group: `log alpha = log s_z^2 - log(mu_z^2 + 1e-8)`.
#[must_use]
pub fn log_alpha(scale_mean: f64, scale_log_variance: f64) -> f64 {
    scale_log_variance - (scale_mean * scale_mean + 1e-8).ln()
}

/// The variance of a weight with its group's scale integrated out (equation 11):
/// `V(w) = s_z^2 (s^2 + mu^2) + s^2 mu_z^2`.
#[must_use]
pub fn marginal_variance(scale_mean: f64, scale_variance: f64, mean: f64, variance: f64) -> f64 {
    scale_variance * (variance + mean * mean) + variance * scale_mean * scale_mean
}

fn prepare(posterior: &Posterior) -> Result<Prepared> {
    let Layers::Gnj(layers) = posterior.layers() else {
        return Err(Error::new(ErrorKind::Internal, "the method gnj was given another posterior"));
    };
    let means: Result<Vec<Layer>> = layers.iter().zip(posterior.layer_names()).map(|(layer, name)| mean(layer, name)).collect();
    Ok(Prepared {
        layers: means?,
        variances: Some(layers.iter().map(variances).collect()),
        groups: Some(layers.iter().map(groups).collect()),
    })
}

/// The posterior mean with nothing pruned (equation 10 with a mask of ones): a weight of group `i` is `mu_zi` times its mean, and so is the
/// bias of a map; the bias of a linear layer is its mean.
fn mean(layer: &GnjLayer, name: &str) -> Result<Layer> {
    let scaled = |(i, &mean): (usize, &f32)| (f64::from(layer.scale_mean[layer.group_of(i)]) * f64::from(mean)) as f32;
    let weights: Vec<f32> = layer.weight_mean.iter().enumerate().map(scaled).collect();
    if let Some(i) = weights.iter().position(|weight| !weight.is_finite()) {
        let message = format!("layer {name:?}: scale_mean times weight_mean exceeds the range of f32 at element {i}");
        return Err(Error::new(ErrorKind::Posterior, message));
    }
    let mut bias: Vec<f64> = layer.bias_mean.iter().map(|&b| f64::from(b)).collect();
    if layer.groups == Groups::Maps {
        bias.iter_mut().zip(&layer.scale_mean).for_each(|(bias, &scale)| *bias *= f64::from(scale));
    }
    Ok(Layer { rows: layer.rows, cols: layer.cols, weights, bias, step: None })
}

fn variances(layer: &GnjLayer) -> Vec<f64> {
    let exp = |log: &f32| f64::from(*log).exp();
    let scale_variances: Vec<f64> = layer.scale_log_variance.iter().map(exp).collect();
    let weights = layer.weight_mean.iter().zip(&layer.weight_log_variance).enumerate();
    let variance = |(i, (&mean, log)): (usize, (&f32, &f32))| {
        let group = layer.group_of(i);
        marginal_variance(f64::from(layer.scale_mean[group]), scale_variances[group], f64::from(mean), exp(log))
    };
    weights.map(variance).collect()
}

fn groups(layer: &GnjLayer) -> LayerGroups {
    let scales = layer.scale_mean.iter().zip(&layer.scale_log_variance);
    let statistics = scales.map(|(&mean, &log)| log_alpha(f64::from(mean), f64::from(log))).collect();
    LayerGroups { kind: layer.groups, statistics }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compress::thresholds;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-6 * expected.abs(), "{found}, expected {expected}");
    }

    #[test]
    fn log_alpha_has_the_published_stabiliser() {
        for (mean, log, expected) in [
            (1.0, -9.0, -9.000_000_01),
            (0.05, -6.0, -0.008_539_453),
            (1e-3, -9.0, 4.805_560_227),
            (-0.5, 0.0625f64.ln(), -1.386_294_401),
        ] {
            close(log_alpha(mean, log), expected);
        }
        close(log_alpha(0.0, 0.0), 18.420_680_744); // a group that training removed: ln 1e8
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
        GnjLayer {
            rows: 2,
            cols: 3,
            groups: Groups::Inputs,
            weight_mean: vec![0.5, -0.2, 0.1, 0.3, 0.0, -0.7],
            weight_log_variance: vec![-6.0; 6],
            scale_mean: vec![1.0, 0.1, 0.001],
            scale_log_variance: vec![-9.0, -5.0, -9.0],
            bias_mean: vec![0.1, -0.1],
            bias_log_variance: vec![-9.0; 2],
        }
    }

    #[test]
    fn a_layer_of_three_inputs_gives_the_numbers_of_double_precision() {
        let layer = example();
        let groups = groups(&layer);
        // The means are stored as f32: 0.001 is off by 2^-25 of itself, which log alpha shows in its eighth digit.
        for (found, expected) in groups.statistics.iter().zip([-9.000_000_01, -0.394_830_814, 4.805_560_227]) {
            close(*found, expected);
        }
        let expected = [0.002_509_910_53, 0.000_311_007_103, 1.542_479_11e-6, 0.002_490_164_96, 4.148_922_26e-5, 6.077_918_51e-5];
        variances(&layer).into_iter().zip(expected).for_each(|(found, expected)| close(found, expected));
        let full = mean(&layer, "fc").unwrap();
        let masked = thresholds::mask_groups(&full, &groups, Some(3.0));
        for (found, expected) in masked.weights.iter().zip([0.5, -0.02, 0.0, 0.3, 0.0, 0.0]) {
            close(f64::from(*found), expected);
        }
        masked.bias.iter().zip([0.1, -0.1]).for_each(|(found, expected)| close(*found, expected));
    }

    #[test]
    fn the_scale_of_a_map_multiplies_its_weights_and_its_bias() {
        // Two maps of one 1 x 3 window each. By hand: 0.8 (-0.3, 0.5, 0.1) and 0.8 0.25; 2 (...) and 2 (-0.1).
        let layer = GnjLayer {
            groups: Groups::Maps,
            weight_mean: vec![-0.3, 0.5, 0.1, 0.25, 0.0, -1.0],
            weight_log_variance: vec![0.002f32.ln(); 6],
            scale_mean: vec![0.8, 2.0],
            scale_log_variance: vec![0.01f32.ln(), 0.5f32.ln()],
            bias_mean: vec![0.25, -0.1],
            ..example()
        };
        let full = mean(&layer, "conv").unwrap();
        let check = |layer: &Layer, weights: [f64; 6], bias: [f64; 2]| {
            layer.weights.iter().zip(weights).for_each(|(found, expected)| close(f64::from(*found), expected));
            layer.bias.iter().zip(bias).for_each(|(found, expected)| close(*found, expected));
        };
        check(&full, [-0.24, 0.4, 0.08, 0.5, 0.0, -2.0], [0.2, -0.2]);
        close(variances(&layer)[0], 0.0022); // as above
        close(variances(&layer)[5], 0.5 * (0.002 + 1.0) + 0.002 * 4.0);
        // log alpha: ln 0.01 - ln 0.64 = -4.16 and ln 0.5 - ln 4 = -2.08.
        check(&thresholds::mask_groups(&full, &groups(&layer), Some(-3.0)), [-0.24, 0.4, 0.08, 0.0, 0.0, 0.0], [0.2, 0.0]);
    }
}
