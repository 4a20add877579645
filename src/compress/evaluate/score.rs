//! How well a network does on samples.

/// How well a network does on the validation samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Samples whose greatest output is not at their label.
    pub errors: u64,
    /// All samples.
    pub samples: u64,
    /// The mean cross-entropy, nats.
    pub loss: f64,
}

impl Score {
    /// The error, percent.
    #[must_use]
    pub fn percent(self) -> f64 {
        100.0 * self.errors as f64 / self.samples as f64
    }
}
