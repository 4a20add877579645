//! The error budget: how much worse than the full posterior mean a compressed network may be on the validation samples.

use super::score::Score;
use crate::compress::options::CompressOptions;

/// Bounds on the errors and on the loss of a network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ErrorBudget {
    /// Errors among the validation samples.
    pub(crate) errors: u64,
    /// The mean cross-entropy or divergence, nats.
    pub(crate) loss: f64,
}

impl ErrorBudget {
    /// The bounds with labels: `full` plus the part `share` (0 to 1) of the rise that `options` allow.
    pub(super) fn of_labels(options: &CompressOptions, full: Score, share: f64) -> Self {
        let allowed = allowed_errors(options.max_error_increase * share, full.samples);
        Self { errors: full.errors + allowed, loss: full.loss * (1.0 + options.max_loss_increase * share / 100.0) }
    }

    /// The bounds of agreement with the full network, whose own score is `full`.
    pub(super) fn of_agreement(options: &CompressOptions, full: Score, share: f64) -> Self {
        let allowed = allowed_errors(options.max_error_increase * share, full.samples);
        Self { errors: full.errors + allowed, loss: full.loss + options.max_divergence * share }
    }

    /// No bounds.
    pub(crate) const NONE: Self = Self { errors: u64::MAX, loss: f64::INFINITY };

    /// Whether a network is within both bounds.
    pub(crate) fn holds(self, score: Score) -> bool {
        // The tolerance covers rounding: a loss summed in another order is the same loss.
        score.errors <= self.errors && score.loss <= self.loss * (1.0 + 1e-6) + 1e-9
    }
}

/// Errors that a budget of `points` percentage points allows among `samples`.
fn allowed_errors(points: f64, samples: u64) -> u64 {
    // 0.2 points of 10,000 are 20 errors, but 0.2 / 100 * 10,000 can round to a little less than 20 in binary.
    (points * samples as f64 / 100.0 * (1.0 + 1e-12)).floor() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_bounds_grow_with_the_share() {
        let full = Score { errors: 82, samples: 10_000, loss: 0.05 };
        let options = CompressOptions { max_error_increase: 0.2, max_loss_increase: 2.0, ..CompressOptions::default() };
        let (half, whole) = (ErrorBudget::of_labels(&options, full, 0.5), ErrorBudget::of_labels(&options, full, 1.0));
        assert_eq!((half.errors, whole.errors), (92, 102));
        assert!((half.loss - 0.0505).abs() < 1e-12 && (whole.loss - 0.051).abs() < 1e-12);
        let score = |errors, loss| Score { errors, loss, ..full };
        assert!(whole.holds(full) && whole.holds(score(102, 0.051)));
        assert!(!whole.holds(score(103, 0.05)) && !whole.holds(score(82, 0.0511)));
        let agreement = ErrorBudget::of_agreement(&options, Score { errors: 0, loss: 0.0, ..full }, 0.5);
        assert!(agreement.errors == 10 && (agreement.loss - 0.005).abs() < 1e-12);
    }
}
