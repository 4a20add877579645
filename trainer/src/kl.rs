//! Closed forms of the Kullback-Leibler terms and their gradients, in f64.
//!
//! Each term depends on the parameters of one element only, so the gradients are written out instead of traced by autodiff. The sums have
//! hundreds of thousands of terms, hence f64.

/// Constants of the approximation for the log-uniform prior (Molchanov et al. 2017, eq. 14).
pub const K1: f64 = 0.63576;
const K2: f64 = 1.87320;
const K3: f64 = 1.48695;

/// Added to mu^2 inside the logarithm of the dropout rate.
pub const LOG_ALPHA_EPSILON: f64 = 1e-8;

/// The log alpha from which a group or weight counts as noise: a dropout rate above 0.95.
pub const CERTAIN_NOISE: f64 = 3.0;

/// The thresholds of log alpha to try, from certain noise down.
pub fn log_alpha_thresholds() -> Vec<f64> {
    (0..=22).map(|step| CERTAIN_NOISE - 0.5 * f64::from(step)).collect()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// log(1 + e^x) without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// Log dropout rate of a group: `log s^2 - log(mu^2 + 1e-8)`.
pub fn log_alpha(mean: f64, log_variance: f64) -> f64 {
    log_variance - (mean * mean + LOG_ALPHA_EPSILON).ln()
}

/// KL from N(mu, alpha mu^2) to the log-uniform prior, in nats (Molchanov et al. 2017, eq. 14):
/// `k1 - k1 sigma(k2 + k3 log alpha) + softplus(-log alpha) / 2`.
///
/// The constant makes the KL tend to 0 as alpha grows. The error is at most 0.0094 for log alpha in [-8, 8].
pub fn log_uniform(log_alpha: f64) -> f64 {
    K1 - K1 * sigmoid(K2 + K3 * log_alpha) + 0.5 * softplus(-log_alpha)
}

/// The derivative of [`log_uniform`] with respect to log alpha.
pub fn log_uniform_slope(log_alpha: f64) -> f64 {
    let gate = sigmoid(K2 + K3 * log_alpha);
    -K1 * K3 * gate * (1.0 - gate) - 0.5 * sigmoid(-log_alpha)
}

/// [`log_uniform`] and [`log_uniform_slope`] together, in half the time.
pub fn log_uniform_and_slope(log_alpha: f64) -> (f64, f64) {
    let gate = sigmoid(K2 + K3 * log_alpha);
    // Below -700 the exponential would overflow.
    let inverse_alpha = (-log_alpha.max(-700.0)).exp();
    let value = K1 - K1 * gate + 0.5 * inverse_alpha.ln_1p();
    (value, -K1 * K3 * gate * (1.0 - gate) - 0.5 * inverse_alpha / (1.0 + inverse_alpha))
}

/// The derivatives of `log_uniform(log_alpha(mean, log_variance))` with respect to mean and log variance.
pub fn log_uniform_gradient(mean: f64, log_variance: f64) -> (f64, f64) {
    let slope = log_uniform_slope(log_alpha(mean, log_variance));
    let by_mean = -2.0 * mean / (mean * mean + LOG_ALPHA_EPSILON);
    (slope * by_mean, slope)
}

/// KL(N(mu, s^2) || N(0, 1)) in nats: `(s^2 + mu^2 - 1 - log s^2) / 2`.
pub fn standard_normal(mean: f64, log_variance: f64) -> f64 {
    0.5 * (log_variance.exp() + mean * mean - 1.0 - log_variance)
}

/// The derivatives of [`standard_normal`] with respect to mean and log variance.
pub fn standard_normal_gradient(mean: f64, log_variance: f64) -> (f64, f64) {
    (mean, 0.5 * (log_variance.exp() - 1.0))
}

/// ln(2 pi), and ln Gamma(1/2).
const LN_TWO_PI: f64 = 1.837_877_066_409_345_5;
const LN_GAMMA_HALF: f64 = 0.572_364_942_924_700_1;

/// KL(LN(mu, s^2) || Gamma(shape 1/2, scale theta)) in nats, where `mu` and `s^2` are those of the logarithm (Louizos et al. 2017, appendix):
/// `ln Gamma(1/2) + ln(theta) / 2 - mu / 2 + exp(mu + s^2 / 2) / theta - (log s^2 + 1 + ln 2 pi) / 2`.
pub fn log_normal_to_gamma(mean: f64, log_variance: f64, theta: f64) -> f64 {
    let ratio = (mean + 0.5 * log_variance.exp() - theta.ln()).exp();
    LN_GAMMA_HALF + 0.5 * theta.ln() - 0.5 * mean + ratio - 0.5 * (log_variance + 1.0 + LN_TWO_PI)
}

/// The derivatives of [`log_normal_to_gamma`] with respect to mean and log variance.
pub fn log_normal_to_gamma_gradient(mean: f64, log_variance: f64, theta: f64) -> (f64, f64) {
    let variance = log_variance.exp();
    let ratio = (mean + 0.5 * variance - theta.ln()).exp();
    (ratio - 0.5, 0.5 * variance * ratio - 0.5)
}

/// KL(LN(mu, s^2) || inverse Gamma(shape 1/2, scale 1)) in nats: that of the Gamma with `-mu` for `mu`.
pub fn log_normal_to_inverse_gamma(mean: f64, log_variance: f64) -> f64 {
    log_normal_to_gamma(-mean, log_variance, 1.0)
}

/// The derivatives of [`log_normal_to_inverse_gamma`] with respect to mean and log variance.
pub fn log_normal_to_inverse_gamma_gradient(mean: f64, log_variance: f64) -> (f64, f64) {
    let (by_mean, by_log_variance) = log_normal_to_gamma_gradient(-mean, log_variance, 1.0);
    (-by_mean, by_log_variance)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(actual: f64, expected: f64) {
        let error = (actual - expected).abs() / expected.abs().max(1e-3);
        assert!(error < 1e-6, "{actual} instead of {expected}");
    }

    #[test]
    fn log_uniform_has_its_known_values() {
        for (log_alpha, expected) in [
            (-10.0, 5.635781257),
            (-8.0, 4.635899480),
            (-5.0, 3.136683918),
            (-3.0, 2.115590219),
            (-1.0, 0.913872285),
            (0.0, 0.431238951),
            (1.0, 0.177969720),
            (2.0, 0.068416546),
            (3.0, 0.025420043),
            (5.0, 0.003415333),
            (8.0, 0.000168369),
        ] {
            close(log_uniform(log_alpha), expected);
            let (value, slope) = log_uniform_and_slope(log_alpha);
            close(value, expected);
            close(slope, log_uniform_slope(log_alpha));
        }
        assert_eq!(log_uniform_and_slope(f64::INFINITY), (0.0, 0.0));
    }

    #[test]
    fn log_alpha_has_its_known_values() {
        for (mean, log_variance, expected) in [
            (1.0, -9.0, -9.00000001),
            (0.05, -6.0, -0.008539453),
            (1e-3, -9.0, 4.805560227),
            (-0.5, 0.0625_f64.ln(), -1.386294401),
        ] {
            close(log_alpha(mean, log_variance), expected);
        }
    }

    #[test]
    fn standard_normal_has_its_known_values() {
        for (mean, log_variance, expected) in
            [(0.0, -9.0, 4.000061705), (0.1, -9.0, 4.005061705), (0.5, 0.04_f64.ln(), 1.254437912), (1.0, 0.0, 0.5)]
        {
            close(standard_normal(mean, log_variance), expected);
        }
    }

    #[test]
    fn log_normals_have_their_known_distance_from_gammas() {
        for (mean, variance, theta, expected) in [
            (0.0, 1.0, 1.0, 0.802147680),
            (-1.693147181, 2.0, 1.0, 0.153426410),
            (1.0, 0.25, 1.0, 2.42679044),
            (-3.0, 0.01, 1.0, 3.00604813),
            (-20.0, 2.0, 1e-10, 53.3218917),
            (-12.0, 0.5, 1e-10, 78887.2353),
        ] {
            close(log_normal_to_gamma(mean, f64::ln(variance), theta), expected);
        }
        for (mean, variance, expected) in
            [(0.0, 1.0, 0.802147680), (1.693147181, 2.0, 0.153426410), (-1.0, 0.25, 2.42679044), (3.0, 0.01, 3.00604813)]
        {
            close(log_normal_to_inverse_gamma(mean, f64::ln(variance)), expected);
        }
    }

    /// Central differences, step 1e-6, relative tolerance 1e-6 (absolute below 1e-3).
    #[test]
    fn gradients_match_finite_differences() {
        const STEP: f64 = 1e-6;
        for mean in [-1.3, -0.02, 0.1, 0.9] {
            for log_variance in [-9.0, -4.0, -0.5, 1.0] {
                let group = |m, v| log_uniform(log_alpha(m, v));
                for (function, gradient) in [
                    (&group as &dyn Fn(f64, f64) -> f64, log_uniform_gradient(mean, log_variance)),
                    (&standard_normal, standard_normal_gradient(mean, log_variance)),
                    (&|m, v| log_normal_to_gamma(m, v, 0.3), log_normal_to_gamma_gradient(mean, log_variance, 0.3)),
                    (&log_normal_to_inverse_gamma, log_normal_to_inverse_gamma_gradient(mean, log_variance)),
                ] {
                    let by_mean = function(mean + STEP, log_variance) - function(mean - STEP, log_variance);
                    let by_variance = function(mean, log_variance + STEP) - function(mean, log_variance - STEP);
                    close(gradient.0, by_mean / (2.0 * STEP));
                    close(gradient.1, by_variance / (2.0 * STEP));
                }
            }
        }
    }
}
