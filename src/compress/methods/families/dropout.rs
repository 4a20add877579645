//! The dropout rate of a Gaussian weight or scale (variational dropout; Molchanov, Ashukha and Vetrov 2017).

/// The log dropout rate of `N(mean, exp(log_variance))`: `log alpha = log s^2 - log(mu^2 + 1e-8)`.
pub(crate) fn log_alpha(mean: f64, log_variance: f64) -> f64 {
    log_variance - (mean * mean + 1e-8).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_alpha_has_the_published_stabiliser() {
        for (mean, log, expected) in [
            (1.0, -9.0, -9.000_000_01),
            (0.05, -6.0, -0.008_539_453),
            (1e-3, -9.0, 4.805_560_227),
            (-0.5, 0.0625f64.ln(), -1.386_294_401),
        ] {
            let found: f64 = log_alpha(mean, log);
            assert!((found - expected).abs() <= 1e-6 * expected.abs(), "{found}, expected {expected}");
        }
        assert!((log_alpha(0.0, 0.0) - 18.420_680_744).abs() < 1e-8, "a weight that training removed: ln 1e8");
    }

    /// A dropout rate is `alpha / (1 + alpha)`: 0.880797 at log alpha 2, 0.952574 at 3.
    #[test]
    fn the_thresholds_are_dropout_rates() {
        for (log_alpha_at, rate) in [(2.0f64, 0.880_797), (3.0, 0.952_574)] {
            let variance = rate / (1.0 - rate); // of a weight with mean 1
            let found: f64 = log_alpha(1.0, f64::ln(variance));
            assert!((found - log_alpha_at).abs() < 2e-5, "{found}, expected {log_alpha_at}");
        }
    }
}
