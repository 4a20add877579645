//! Means with their standard errors.

/// A mean of independent figures, and how far it may be from their expectation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// The standard error of the mean, `s / sqrt(n)`; zero for a single figure, which says nothing of its spread.
    pub standard_error: f64,
    /// The number of figures, n.
    pub count: usize,
}

impl Estimate {
    /// The mean of `figures`; `None` without any.
    ///
    /// `s^2` is the unbiased variance, summed around the mean in a second pass, so that a large mean does not cancel it.
    ///
    /// ```
    /// use curt::evidence::Estimate;
    /// let estimate = Estimate::of(&[1.0, 2.0, 4.0, 5.0]).unwrap();
    /// assert_eq!((estimate.mean, estimate.count), (3.0, 4));
    /// assert!((estimate.standard_error - (10.0f64 / 3.0 / 4.0).sqrt()).abs() < 1e-15);
    /// ```
    #[must_use]
    pub fn of(figures: &[f64]) -> Option<Self> {
        let n = figures.len() as f64;
        let mean = match figures {
            [] => return None,
            _ => figures.iter().sum::<f64>() / n,
        };
        let squares: f64 = figures.iter().map(|figure| (figure - mean).powi(2)).sum();
        let standard_error = if figures.len() == 1 { 0.0 } else { (squares / (n - 1.0) / n).sqrt() };
        Some(Self { mean, standard_error, count: figures.len() })
    }

    /// The sum of the figures, and its standard error.
    #[must_use]
    pub fn sum(self) -> (f64, f64) {
        let n = self.count as f64;
        (n * self.mean, n * self.standard_error)
    }
}

/// Nats as bits: `nats / ln 2`.
///
/// ```
/// assert!((curt::evidence::bits(100.0) - 144.269504).abs() < 1e-6);
/// ```
#[must_use]
pub fn bits(nats: f64) -> f64 {
    nats / std::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_mean_does_not_cancel_the_spread() {
        let near = Estimate::of(&[1e9, 1e9 + 1.0, 1e9 + 2.0]).unwrap();
        assert!((near.standard_error - (1.0f64 / 3.0).sqrt()).abs() < 1e-9, "{near:?}");
        assert_eq!(near.sum().0, 3e9 + 3.0);
        let one = Estimate { mean: 4.0, standard_error: 0.0, count: 1 };
        assert_eq!((Estimate::of(&[]), Estimate::of(&[4.0])), (None, Some(one)));
    }
}
