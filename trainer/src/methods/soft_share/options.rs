//! The options of soft weight sharing.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};

use super::SoftShare;
use crate::methods::{self, MethodOptions};
use crate::network::Network;
use crate::options::CommonOptions;

/// The options for soft weight sharing.
#[derive(Clone, Debug, PartialEq, Args, Serialize, Deserialize)]
pub struct SoftShareOptions {
    #[command(flatten)]
    #[serde(flatten)]
    pub common: CommonOptions,
    /// Gaussians of the mixture, at most 256, the one at zero among them
    #[arg(long, default_value_t = 17)]
    pub components: usize,
    /// Proportion of the Gaussian at zero
    #[arg(long, default_value_t = 0.999)]
    pub zero: f64,
    /// Weight tau of -log p(w) beside the summed cross-entropy of the training images
    #[arg(long, default_value_t = 0.05)]
    pub tau: f64,
    /// Learning rate of the variances and proportions of the mixture
    #[arg(long, default_value_t = 5e-4)]
    pub prior_rate: f64,
    /// Learning rate of its means; slow ones stay apart while the variances are still wide
    #[arg(long, default_value_t = 1e-4)]
    pub means_rate: f64,
    /// KL divergence in nats, both ways together, below which components are merged
    #[arg(long, default_value_t = 0.5)]
    pub merge: f64,
    /// File to begin from: a trained network
    #[arg(long)]
    pub start: Option<PathBuf>,
}

impl MethodOptions for SoftShareOptions {
    type Method = SoftShare;

    fn common(&self) -> &CommonOptions {
        &self.common
    }

    fn complete(self, _network: &Network) -> Result<Self> {
        self.common.check()?;
        ensure!(self.start.is_some(), "--start is needed: the trained network whose weights are to be shared");
        ensure!((2..=256).contains(&self.components), "--components takes a number from 2 to 256");
        ensure!(self.zero > 0.0 && self.zero < 1.0, "--zero is above 0 and below 1");
        for (name, value) in [("--tau", self.tau), ("--merge", self.merge)] {
            ensure!(value.is_finite() && value >= 0.0, "{name} must be at least 0");
        }
        for (name, rate) in [("--prior-rate", self.prior_rate), ("--means-rate", self.means_rate)] {
            ensure!(rate.is_finite() && rate > 0.0, "{name} must be above 0");
        }
        Ok(self)
    }

    fn begin(&self, network: &Network) -> Result<SoftShare> {
        let start = self.start.as_deref().context("--start is needed")?;
        Ok(SoftShare::new(methods::read_start(start, network, f64::INFINITY)?, self))
    }
}
