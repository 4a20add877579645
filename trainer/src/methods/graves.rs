//! A normal posterior under a normal prior that follows it (Graves 2011). At every step the prior of each layer is set to the prior of least KL.
//! The loss is then a description length (bits-back coding).

use anyhow::Result;
use clap::Args;
use curt::posterior::Method as FileMethod;
use serde::Serialize;

use super::MethodOptions;
use super::normal::{NormalLayer, NormalOptions, NormalTraining, Prior, Shares, Slopes};
use crate::network::Network;
use crate::options::CommonOptions;
use crate::posterior::Stored;

/// N(mean, variance), shared by the weights of a layer.
#[derive(Clone, Copy, Debug)]
pub struct Empirical {
    pub mean: f64,
    pub variance: f64,
}

impl Empirical {
    /// The prior before it is fitted.
    const STANDARD: Self = Self { mean: 0.0, variance: 1.0 };

    /// The prior of least KL to weights with these means and log variances: it has the mean and the variance of all their samples.
    pub fn of(weights: impl Iterator<Item = (f64, f64)> + Clone) -> Self {
        let count = weights.clone().count() as f64;
        let mean = weights.clone().map(|(mean, _)| mean).sum::<f64>() / count;
        let variance =
            weights.map(|(of_weight, log_variance)| log_variance.exp() + (of_weight - mean).powi(2)).sum::<f64>() / count;
        Self { mean, variance }
    }
}

impl Prior for Empirical {
    const FILE_METHOD: FileMethod = FileMethod::Graves;
    const PRUNED: Option<f64> = None;

    fn read(_: &Stored, _: &str) -> Result<Self> {
        Ok(Self::STANDARD)
    }

    fn thresholds() -> Vec<f64> {
        vec![0.99, 0.95, 0.9, 0.83, 0.7, 0.5, 0.3, 0.1, 0.01]
    }

    /// Density of the posterior at 0, relative to that at its mean: `exp(-mean^2 / 2 s^2)`, in [0, 1].
    fn statistic(mean: f64, log_variance: f64) -> f64 {
        // A mean of 0 gives 1 even if the inverse variance overflows, which would give NaN.
        if mean == 0.0 { 1.0 } else { (-0.5 * mean * mean * (-log_variance).exp()).exp() }
    }

    fn fit(&mut self, layer: &NormalLayer) {
        *self = Self::of(layer.weights());
    }

    fn kl(&self, mean: f64, log_variance: f64) -> f64 {
        let excess = (mean - self.mean).powi(2) + log_variance.exp() - self.variance;
        0.5 * (self.variance.ln() - log_variance) + excess / (2.0 * self.variance)
    }

    /// The gradient at this prior. The KL is least there, so the dependence of the prior on the weights adds nothing.
    fn gradient(&self, mean: f64, log_variance: f64) -> Slopes {
        let by_log_variance = 0.5 * (log_variance.exp() / self.variance - 1.0);
        Slopes { by_mean: (mean - self.mean) / self.variance, by_log_variance, by_level: 0.0 }
    }
}

/// Only the shared options.
#[derive(Clone, Debug, PartialEq, Args, Serialize)]
pub struct GravesOptions {
    #[command(flatten)]
    #[serde(flatten)]
    pub normal: NormalOptions,
}

impl MethodOptions for GravesOptions {
    type Method = NormalTraining<Empirical>;

    fn common(&self) -> &CommonOptions {
        &self.normal.common
    }

    /// The paper gives no schedule, so that of sparse variational dropout is used.
    fn complete(self, _: &Network) -> Result<Self> {
        let shares = Shares { warm_up: [0.025, 0.1], decay_from: 0.5 };
        Ok(Self { normal: self.normal.complete(shares)? })
    }

    fn begin(&self, network: &Network) -> Result<Self::Method> {
        self.normal.begin(network, Empirical::STANDARD, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::methods::check::close;
    use crate::methods::normal::tests::{check_file, check_gradients, check_training, short};

    #[test]
    fn lambda_has_its_known_values() {
        for (mean, deviation, expected) in [
            (0.0, 1.0, 1.0),
            (0.1, 0.1, 0.606530660),
            (0.5, 0.1, 3.726653172e-6),
            (-0.2, 0.4, 0.882496903),
            (1.0, 0.5, 0.135335283),
        ] {
            let lambda = Empirical::statistic(mean, 2.0 * f64::ln(deviation));
            assert!((lambda / expected - 1.0).abs() < 1e-8, "{lambda} instead of {expected}");
        }
        assert_eq!(Empirical::statistic(0.0, -1e4), 1.0);
        assert_eq!(Empirical::statistic(1e-3, -1e4), 0.0);
    }

    const WEIGHTS: [(f64, f64); 3] = [(0.1, 0.01), (-0.2, 0.02), (0.3, 0.005)];

    fn weights() -> Vec<(f64, f64)> {
        WEIGHTS.iter().map(|&(mean, variance)| (mean, f64::ln(variance))).collect()
    }

    fn cost(weights: &[(f64, f64)]) -> f64 {
        let prior = Empirical::of(weights.iter().copied());
        weights.iter().map(|&(mean, variance)| prior.kl(mean, variance)).sum()
    }

    #[test]
    fn the_prior_and_the_cost_have_their_known_values() {
        let prior = Empirical::of(weights().into_iter());
        close(prior.mean, 0.0666666667, 1e-6);
        close(prior.variance, 0.0538888889, 1e-6);
        close(cost(&weights()), 2.526508831, 1e-6);
    }

    /// The gradient at a fixed prior equals that of the cost with a prior that follows the weights.
    #[test]
    fn the_gradient_is_that_of_the_cost_under_the_best_prior() {
        const STEP: f64 = 1e-6;
        for index in 0..WEIGHTS.len() {
            let moved = |by_mean: f64, by_variance: f64| {
                let mut weights = weights();
                weights[index].0 += by_mean;
                weights[index].1 += by_variance;
                cost(&weights)
            };
            let (mean, variance) = weights()[index];
            let slopes = Empirical::of(weights().into_iter()).gradient(mean, variance);
            close(slopes.by_mean, (moved(STEP, 0.0) - moved(-STEP, 0.0)) / (2.0 * STEP), 1e-6);
            close(slopes.by_log_variance, (moved(0.0, STEP) - moved(0.0, -STEP)) / (2.0 * STEP), 1e-6);
        }
    }

    #[test]
    fn gradients_match_finite_differences() {
        check_gradients(Empirical::STANDARD);
    }

    #[test]
    fn a_posterior_comes_back_from_its_file() {
        check_file(Empirical::STANDARD);
    }

    #[test]
    fn a_resumed_run_equals_a_straight_one() {
        check_training(&short(6, 0.3), &Empirical::STANDARD);
    }
}
