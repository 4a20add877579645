//! Group horseshoe posteriors (Louizos, Ullrich and Welling 2017, equations 12 to 16). The groups are those of group normal-Jeffreys.
//!
//! The scale of a group is `z_i = sqrt(s_a s_b a_i b_i)`: two scales of the layer and two of the group. Each is log-normal, so z is too:
//! `log z_i ~ N(mu_zi, s_zi^2)`, where `mu_zi` is half the sum of the four means and `s_zi^2` a quarter of the sum of the four variances.

use super::families::scaled;
use super::prepared::{Prepared, mismatch};
use crate::base::error::{Error, ErrorKind, Result};
use crate::compress::shrink::{LayerGroups, OriginalLayer, Pruning};
use crate::posterior::{GhsLayer, LayerTensors, LogNormals, Posterior};

/// A log-normal scale: `log z ~ N(mean, variance)`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct LogNormalScale {
    /// The mean of log z.
    mean: f64,
    /// The variance of log z.
    variance: f64,
}

impl LogNormalScale {
    /// The square root of a product of four independent log-normals. Each is given as the mean and variance of its logarithm.
    fn of_four(factors: [(f64, f64); 4]) -> Self {
        let (mean, variance) = factors.iter().fold((0.0, 0.0), |sum, factor| (sum.0 + factor.0, sum.1 + factor.1));
        Self { mean: mean / 2.0, variance: variance / 4.0 }
    }

    /// `E z = exp(mu_z + s_z^2 / 2)`.
    fn expectation(self) -> f64 {
        (self.mean + self.variance / 2.0).exp()
    }

    /// `-log mode z = s_z^2 - mu_z`: the statistic by which groups are pruned.
    fn negative_log_mode(self) -> f64 {
        self.variance - self.mean
    }

    /// The variance of z times a weight of mean `mean` and variance `variance`, with z integrated out:
    /// `V(w) = (e^{s_z^2} - 1) e^{2 mu_z + s_z^2} (s^2 + mu^2) + s^2 e^{2 mu_z + s_z^2}`.
    fn marginal_variance(self, mean: f64, variance: f64) -> f64 {
        let relative = self.variance.exp_m1().min(f64::MAX); // infinity times a weight of zero would be NaN
        self.expectation().powi(2) * (relative * (variance + mean * mean) + variance)
    }
}

pub(super) fn prepare(posterior: &Posterior) -> Result<Prepared> {
    let LayerTensors::Ghs(layers) = posterior.layers() else { return Err(mismatch()) };
    let scales: Vec<Vec<LogNormalScale>> = layers.iter().map(scales).collect();
    let all = || layers.iter().zip(&scales);
    let means = all().zip(posterior.layer_names()).map(|((layer, scales), name)| mean(layer, scales, name));
    let variances = |(layer, scales): (&GhsLayer, &Vec<LogNormalScale>)| {
        scaled::variances(&layer.weights, |group, mean, variance| scales[group].marginal_variance(mean, variance))
    };
    let groups = |(layer, scales): (&GhsLayer, &Vec<LogNormalScale>)| LayerGroups {
        kind: layer.weights.groups.into(),
        statistics: scales.iter().map(|scale| scale.negative_log_mode()).collect(),
        codebook: None,
    };
    Ok(Prepared {
        layers: means.collect::<Result<_>>()?,
        variances: Some(all().map(variances).collect()),
        pruning: Some(Pruning { layers: all().map(groups).collect(), examples: &[], threshold: None }),
    })
}

/// The scale of each group of a layer.
fn scales(layer: &GhsLayer) -> Vec<LogNormalScale> {
    let factor = |of: &LogNormals, i: usize| (f64::from(of.mean[i]), f64::from(of.log_variance[i]).exp());
    let [a, b] = &layer.local;
    let [layer_a, layer_b] = [0, 1].map(|i| factor(&layer.global[i], 0));
    (0..layer.weights.group_count()).map(|i| LogNormalScale::of_four([layer_a, layer_b, factor(a, i), factor(b, i)])).collect()
}

/// The posterior mean with nothing pruned.
///
/// # Errors
///
/// `posterior` when the mean of a scale or a weight exceeds the range of f32.
fn mean(layer: &GhsLayer, scales: &[LogNormalScale], name: &str) -> Result<OriginalLayer> {
    let means: Vec<f64> = scales.iter().map(|scale| scale.expectation()).collect();
    if let Some(i) = means.iter().position(|&mean| mean > f64::from(f32::MAX)) {
        let message =
            format!("layer {name:?}: the mean of the scale of group {i}, exp(mu_z + s_z^2 / 2), exceeds the range of f32");
        return Err(Error::new(ErrorKind::Posterior, message));
    }
    scaled::mean(&layer.weights, &means, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-6 * expected.abs(), "{found}, expected {expected}");
    }

    /// Moments computed independently in double precision. The columns: four means and variances; mu_z, s_z^2, E z, Var z, -log mode; then mean
    /// and variance of a weight of mean 0.5 and variance 0.01.
    #[test]
    fn moments_of_the_scale_and_of_a_weight() {
        let table = [
            ([0.0; 4], [0.1; 4], [0.0, 0.1, 1.051_271_1, 0.116_231_84, 0.1], [0.525_635_548, 0.041_271_987_6]),
            (
                [-1.0, 0.5, -2.0, 0.3],
                [0.2, 0.1, 0.4, 0.3],
                [-1.1, 0.25, 0.377_192_354, 0.040_409_452_5, 1.35],
                [0.188_596_177, 0.011_929_198_4],
            ),
            (
                [-9.0, 1.7, -1.7, 1.7],
                [0.05; 4],
                [-3.65, 0.05, 0.026_649_097_3, 3.641_141_95e-5, 3.7],
                [0.013_324_548_7, 1.656_871_3e-5],
            ),
            (
                [-9.0, 1.7, -6.0, -2.0],
                [1.0, 1.0, 2.0, 2.0],
                [-7.65, 1.5, 0.001_007_785_43, 3.536_112_99e-6, 9.15],
                [0.000_503_892_715, 9.295_456_93e-7],
            ),
        ];
        for (means, variances, [mean, variance, expectation, scale_variance, mode], [weight_mean, weight_variance]) in table {
            let scale = LogNormalScale::of_four(std::array::from_fn(|i| (means[i], variances[i])));
            assert!((scale.mean - mean).abs() < 1e-12, "{scale:?}");
            close(scale.variance, variance);
            close(scale.expectation(), expectation);
            close(scale.negative_log_mode(), mode);
            close(scale.marginal_variance(1.0, 0.0), scale_variance); // a weight of exactly 1 varies as its scale does
            close(scale.expectation() * 0.5, weight_mean);
            close(scale.marginal_variance(0.5, 0.01), weight_variance);
        }
    }

    #[test]
    fn a_weight_of_zero_varies_by_nothing_whatever_its_scale() {
        let scale = LogNormalScale { mean: -500.0, variance: 900.0 };
        assert_eq!(scale.marginal_variance(0.0, 0.0), 0.0);
    }
}
