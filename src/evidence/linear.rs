//! Linear regression with a normal prior: the posterior mode and the evidence in closed form.

use std::f64::consts::TAU;

/// The fit of `y = X w + noise`, with noise of a known variance and the prior `w ~ N(0, prior_variance I)`.
///
/// The negative log of the joint density is a quadratic of Hessian `H = X^T X / noise + I / prior`, so Laplace's approximation is exact
/// (MacKay 1992, "Bayesian interpolation", section 3):
///
/// `ln p(y) = ln p(y | w*) + ln p(w*) + k/2 ln 2 pi - 1/2 ln |H|`, with w* the mode and k the weights.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearFit {
    /// The posterior mode w*, which is also the mean.
    pub weights: Vec<f64>,
    /// `ln p(y | w*)`, nats.
    pub log_likelihood: f64,
    /// `ln p(w*)`, nats.
    pub log_prior: f64,
    /// `ln p(y)`, nats.
    pub log_evidence: f64,
}

impl LinearFit {
    /// Fits `y` by rows of features, `[samples, features]`. An infinite `prior_variance` gives least squares, without prior and evidence: both
    /// are negative infinity.
    ///
    /// `None` when there are no samples or features, when a row has another length, when a number is not finite or a variance not positive,
    /// and when the features are linearly dependent in 64-bit floats.
    ///
    /// ```
    /// use curt::evidence::LinearFit;
    /// let fit = LinearFit::new(&[vec![1.0], vec![2.0], vec![3.0]], &[1.1, 1.9, 3.2], 0.25, 1.0).unwrap();
    /// assert!((fit.weights[0] - 58.0 / 57.0).abs() < 1e-12);
    /// assert!((fit.log_evidence - -3.310127762).abs() < 1e-9);
    /// ```
    #[must_use]
    pub fn new(features: &[Vec<f64>], y: &[f64], noise_variance: f64, prior_variance: f64) -> Option<Self> {
        let k = features.first()?.len();
        let is_whole = k > 0 && features.len() == y.len() && features.iter().all(|row| row.len() == k);
        let is_finite = features.iter().flatten().chain(y).all(|x| x.is_finite()) && noise_variance.is_finite();
        if !(is_whole && is_finite && noise_variance > 0.0 && prior_variance > 0.0) {
            return None;
        }
        let product = |i: usize, j: usize| features.iter().map(|row| row[i] * row[j]).sum::<f64>() / noise_variance;
        let hessian = |i: usize, j: usize| product(i, j) + if i == j { 1.0 / prior_variance } else { 0.0 };
        let factor = cholesky(k, hessian)?;
        let gradient = |i: usize| features.iter().zip(y).map(|(row, y)| row[i] * y).sum::<f64>() / noise_variance;
        let weights = solve(&factor, (0..k).map(gradient).collect());
        let output = |row: &Vec<f64>| row.iter().zip(&weights).map(|(x, w)| x * w).sum::<f64>();
        let squares: f64 = features.iter().zip(y).map(|(row, y)| (y - output(row)).powi(2)).sum();
        let log_likelihood = -0.5 * (y.len() as f64 * (TAU * noise_variance).ln() + squares / noise_variance);
        let norm: f64 = weights.iter().map(|w| w * w).sum();
        let log_prior = -0.5 * (k as f64 * (TAU * prior_variance).ln() + norm / prior_variance);
        let log_determinant: f64 = factor.iter().enumerate().map(|(i, row)| 2.0 * row[i].ln()).sum();
        let log_evidence = log_likelihood + log_prior + 0.5 * (k as f64 * TAU.ln() - log_determinant);
        Some(Self { weights, log_likelihood, log_prior, log_evidence })
    }
}

/// The lower triangle L of `A = L L^T`; `None` unless A is positive definite.
fn cholesky(n: usize, a: impl Fn(usize, usize) -> f64) -> Option<Vec<Vec<f64>>> {
    let mut factor: Vec<Vec<f64>> = Vec::with_capacity(n);
    for i in 0..n {
        let mut row = Vec::with_capacity(i + 1);
        for j in 0..i {
            let other: &[f64] = &factor[j];
            let done: f64 = row.iter().zip(other).map(|(a, b)| a * b).sum();
            row.push((a(i, j) - done) / other[j]);
        }
        let rest = a(i, i) - row.iter().map(|a| a * a).sum::<f64>();
        // Below the rounding of the difference nothing is left of the feature but the others.
        if !(rest > 1e-14 * a(i, i) && rest.is_finite()) {
            return None;
        }
        row.push(rest.sqrt());
        factor.push(row);
    }
    Some(factor)
}

/// The solution of `L L^T x = b`.
fn solve(factor: &[Vec<f64>], b: Vec<f64>) -> Vec<f64> {
    let mut x = b;
    for (i, row) in factor.iter().enumerate() {
        let done: f64 = row[..i].iter().zip(&x).map(|(a, x)| a * x).sum();
        x[i] = (x[i] - done) / row[i];
    }
    for i in (0..factor.len()).rev() {
        let done: f64 = (i + 1..factor.len()).map(|j| factor[j][i] * x[j]).sum();
        x[i] = (x[i] - done) / factor[i][i];
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    fn powers(x: &[f64], degree: i32) -> Vec<Vec<f64>> {
        x.iter().map(|x| (0..=degree).map(|power| x.powi(power)).collect()).collect()
    }

    #[test]
    fn one_weight_is_that_of_the_closed_form() {
        let fit = LinearFit::new(&[vec![1.0], vec![2.0], vec![3.0]], &[1.1, 1.9, 3.2], 0.25, 1.0).unwrap();
        for (found, expected) in [
            (fit.weights[0], 1.017_543_86),
            (fit.log_likelihood, -0.770_904_375),
            (fit.log_prior, -1.436_636_286),
            (fit.log_evidence, -3.310_127_762),
        ] {
            assert!((found - expected).abs() < 1e-8, "{found} {expected}");
        }
    }

    #[test]
    fn the_evidence_is_the_density_of_all_numbers() {
        // scipy.stats.multivariate_normal.logpdf(y, cov=noise * I + prior * X X^T), X of the powers 0 to 3
        let (x, y) = ([-1.0, -0.5, 0.0, 0.5, 1.0], [0.3, -0.8, 0.1, 0.9, -0.2]);
        let fit = LinearFit::new(&powers(&x, 3), &y, 0.04, 2.0).unwrap();
        assert!((fit.log_evidence + 7.585_461_790).abs() < 1e-9, "{fit:?}");
        // numpy.polyfit(x, y, 3)
        let least_squares = LinearFit::new(&powers(&x, 3), &y, 0.04, f64::INFINITY).unwrap();
        for (found, expected) in least_squares.weights.iter().zip([0.26 / 3.5, 2.35, -0.1 / 3.5, -2.6]) {
            assert!((found - expected).abs() < 1e-9, "{least_squares:?}");
        }
        assert_eq!(least_squares.log_prior, f64::NEG_INFINITY);
    }

    #[test]
    fn what_has_no_fit_has_none() {
        let fit = |features: &[Vec<f64>], y: &[f64], noise, prior| LinearFit::new(features, y, noise, prior);
        assert!(fit(&[vec![1.0]], &[1.0], 1.0, 1.0).is_some());
        assert!(fit(&[], &[], 1.0, 1.0).is_none() && fit(&[vec![]], &[1.0], 1.0, 1.0).is_none());
        assert!(fit(&[vec![1.0]], &[1.0, 2.0], 1.0, 1.0).is_none() && fit(&[vec![1.0], vec![]], &[1.0, 2.0], 1.0, 1.0).is_none());
        for (noise, prior) in [(0.0, 1.0), (-1.0, 1.0), (f64::NAN, 1.0), (1.0, 0.0), (1.0, f64::NAN), (f64::INFINITY, 1.0)] {
            assert!(fit(&[vec![1.0]], &[1.0], noise, prior).is_none(), "{noise} {prior}");
        }
        assert!(fit(&[vec![f64::NAN]], &[1.0], 1.0, 1.0).is_none());
        let dependent = [vec![1.0, 2.0], vec![2.0, 4.0], vec![3.0, 6.0]];
        assert!(fit(&dependent, &[1.0; 3], 1.0, f64::INFINITY).is_none() && fit(&dependent, &[1.0; 3], 1.0, 1.0).is_some());
    }
}
