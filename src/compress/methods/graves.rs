//! A diagonal Gaussian posterior (Graves 2011): a weight is pruned when zero is almost as probable as its mean.

use super::families::gaussian;
use super::prepared::Prepared;
use crate::base::error::Result;
use crate::posterior::Posterior;

/// The paper leaves the threshold open. These prune means within 0.14 to 3.03 standard deviations of zero.
const THRESHOLDS: [f64; 9] = [0.99, 0.95, 0.9, 0.83, 0.7, 0.5, 0.3, 0.1, 0.01];

pub(super) fn prepare(posterior: &Posterior) -> Result<Prepared> {
    gaussian::prepare(posterior, |mean, log| lambda(mean, log.exp()), &THRESHOLDS, None)
}

/// The density of `N(mean, variance)` at zero over that at its mean: `lambda = exp(-mu^2 / (2 s^2))`, in 0 to 1.
///
/// It reaches a threshold `t` where `abs(mu) / s <= sqrt(-2 ln t)`. With a variance of zero it is 0, or 1 for a mean of zero.
fn lambda(mean: f64, variance: f64) -> f64 {
    if mean == 0.0 { 1.0 } else { (-mean * mean / (2.0 * variance)).exp() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lambda_is_a_ratio_of_densities() {
        for (mean, deviation, expected, tolerance) in [
            (0.0, 1.0, 1.0, 1e-6),
            (0.1, 0.1, 0.606_530_660, 1e-6),
            (0.5, 0.1, 3.727e-6, 1e-3),
            (-0.2, 0.4, 0.882_496_903, 1e-6),
            (1.0, 0.5, 0.135_335_283, 1e-6),
        ] {
            let found = lambda(mean, deviation * deviation);
            assert!((found - expected).abs() <= tolerance * expected, "{found}, expected {expected}");
        }
        assert_eq!((lambda(1e-3, 0.0), lambda(0.0, 0.0)), (0.0, 1.0), "a variance that rounds to zero");
    }

    /// `sqrt(-2 ln t)`: the ratio of mean and deviation at which a threshold is reached.
    #[test]
    fn a_threshold_is_a_ratio_of_mean_and_deviation() {
        let table =
            [(0.01, 3.034_854), (0.1, 2.145_966), (0.5, 1.177_410), (0.83, 0.610_458), (0.95, 0.320_291), (0.99, 0.141_777)];
        for (threshold, ratio) in table {
            for deviation in [1.0f64, 0.02] {
                let found = lambda(-ratio * deviation, deviation * deviation);
                assert!((found - threshold).abs() <= 3e-6 * threshold, "{found}, expected {threshold}");
            }
        }
    }
}
