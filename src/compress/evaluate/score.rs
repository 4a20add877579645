//! How well a network does on samples.

use serde::Serialize;

/// How well a network does on the validation samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(into = "ScoreRecord")]
pub struct Score {
    /// The number of samples whose greatest output is not at their label.
    pub errors: u64,
    /// The number of samples.
    pub samples: u64,
    /// The mean cross-entropy, nats.
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
