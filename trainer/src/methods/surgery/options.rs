//! The options of dynamic network surgery.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};

use super::Surgery;
use crate::methods::{self, MethodOptions, Moment};
use crate::network::Network;
use crate::options::{CommonOptions, check_per_layer};

/// The options for dynamic network surgery.
#[derive(Clone, Debug, PartialEq, Args, Serialize, Deserialize)]
pub struct SurgeryOptions {
    #[command(flatten)]
    #[serde(flatten)]
    pub common: CommonOptions,
    /// Standard deviations by which a layer's threshold exceeds the mean magnitude of its first weights, one for all layers or one
    /// per layer [default: 2]
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true)]
    pub deviations: Vec<f64>,
    /// Gamma of the probability (1 + gamma i)^-power with which step i updates the masks
    #[arg(long, default_value_t = 1e-4)]
    pub gamma: f64,
    /// Power of that probability
    #[arg(long, default_value_t = 1.0)]
    pub power: f64,
    /// Share of the run after which the masks stay
    #[arg(long, default_value_t = 0.7)]
    pub stop_at: f64,
    /// Penalty on half the square of every weight
    #[arg(long, default_value_t = 0.0)]
    pub decay: f64,
    /// File to begin from: a plain network, or a posterior's mean [default: fresh weights]
    #[arg(long)]
    pub start: Option<PathBuf>,
}

impl MethodOptions for SurgeryOptions {
    type Method = Surgery;

    fn common(&self) -> &CommonOptions {
        &self.common
    }

    fn complete(mut self, network: &Network) -> Result<Self> {
        let layers = network.layers.len();
        self.common.check()?;
        if self.deviations.is_empty() {
            self.deviations = vec![2.0];
        }
        check_per_layer(&self.deviations, layers, "--deviations")?;
        ensure!(self.deviations.iter().all(|deviations| deviations.is_finite()), "--deviations takes finite numbers");
        for (name, value) in [("--gamma", self.gamma), ("--power", self.power), ("--decay", self.decay)] {
            ensure!(value.is_finite() && value >= 0.0, "{name} must be at least 0");
        }
        ensure!((0.0..=1.0).contains(&self.stop_at), "--stop-at is a share of the run");
        Ok(self)
    }

    fn begin(&self, network: &Network) -> Result<Surgery> {
        let dense = methods::start(self.start.as_deref(), network, self.common.seed)?;
        Ok(Surgery::new(dense, self))
    }
}

impl SurgeryOptions {
    /// The probability with which a step updates the masks.
    pub fn probability_at(&self, at: Moment) -> f64 {
        if at.progress >= self.stop_at {
            return 0.0;
        }
        let steps = at.images.div_ceil(self.common.batch) * self.common.epochs;
        (1.0 + self.gamma * at.progress * steps as f64).powf(-self.power)
    }
}
