//! How well a network does on samples.

use crate::evidence::is_lost;
use serde::Serialize;

/// The class that a network names: the index of its greatest output, the first of equals.
///
/// There is none where the outputs say nothing: one is lost in an overflow (NaN, infinite, or the greatest number, at which sums saturate), or
/// all of several are equal, as outputs are that came from NaN and became +0.
///
/// ```
/// use curt::compress::class_of;
/// assert_eq!(class_of(&[0.5, 2.0, 2.0]), Some(1));
/// assert_eq!(class_of(&[1.0, f32::MAX]), None);
/// assert_eq!(class_of(&[0.0, 0.0, 0.0]), None);
/// ```
#[must_use]
pub fn class_of(outputs: &[f32]) -> Option<usize> {
    let (first, rest) = outputs.split_first()?;
    if outputs.iter().any(|&output| is_lost(output)) || (!rest.is_empty() && rest.iter().all(|output| output == first)) {
        return None;
    }
    let best = outputs.iter().enumerate().fold((0, first), |best, (i, output)| if output > best.1 { (i, output) } else { best });
    Some(best.0)
}

/// How well a network does on the validation samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(into = "ScoreRecord")]
pub struct Score {
    /// The number of samples with a wrong answer: the greatest output is not at the label, or the answer is not that of the full network.
    pub errors: u64,
    /// The number of samples.
    pub samples: u64,
    /// The mean cross-entropy of the labels, or the mean divergence from the full network, nats.
    pub loss: f64,
}

impl Score {
    /// The error rate, percent.
    #[must_use]
    pub fn percent(self) -> f64 {
        100.0 * self.errors as f64 / self.samples as f64
    }
}

/// A score in a report. The number of samples stands elsewhere in the report.
#[derive(Serialize)]
struct ScoreRecord {
    errors: u64,
    error_percent: f64,
    loss_nats: f64,
}

impl From<Score> for ScoreRecord {
    fn from(score: Score) -> Self {
        Self { errors: score.errors, error_percent: score.percent(), loss_nats: score.loss }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_that_say_nothing_have_no_class() {
        let (nan, inf, max) = (f32::NAN, f32::INFINITY, f32::MAX);
        for none in
            [[nan; 3], [2.0, nan, 1.0], [inf, 0.0, 1.0], [-inf; 3], [5.0, -inf, 4.0], [max, 0.0, 0.0], [0.0, -max, 1.0], [0.0; 3]]
        {
            assert_eq!(class_of(&none), None, "{none:?}");
        }
        assert_eq!(class_of(&[-3.0, -2.0, -2.5]), Some(1));
        assert_eq!(class_of(&[0.0, 0.0, -0.5]), Some(0));
        assert_eq!(class_of(&[max.next_down(), 0.0]), Some(0));
        assert_eq!((class_of(&[]), class_of(&[1.5]), class_of(&[nan])), (None, Some(0), None));
    }
}
