//! The options that all methods with a normal posterior share.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;
use serde::Serialize;

use super::{Normal, NormalTraining, Prior};
use crate::methods;
use crate::methods::dead::remove_dead;
use crate::methods::plain::Plain;
use crate::network::Network;
use crate::noise::Noise;
use crate::options::{CommonOptions, ramp};

/// The log variance that a posterior starts from: around fresh weights, and around those of a trained network.
const FRESH_LOG_VARIANCE: f32 = -10.0;
const START_LOG_VARIANCE: f32 = -8.0;

/// The options for training a normal posterior.
#[derive(Clone, Debug, PartialEq, Args, Serialize)]
pub struct NormalOptions {
    #[command(flatten)]
    #[serde(flatten)]
    pub common: CommonOptions,
    /// Posterior file to begin from: a plain network, whose weights are the first means, or a posterior's masked mean
    #[arg(long)]
    pub start: Option<PathBuf>,
    /// Threshold of the starting posterior
    #[arg(long, default_value_t = 3.0, allow_hyphen_values = true)]
    pub threshold: f64,
    /// Weight beta of the KL after the warm-up; 1 is the evidence lower bound
    #[arg(long, default_value_t = 1.0)]
    pub beta: f64,
    /// Epochs between which the weight of the KL rises from 0 [default: the method's own, scaled with the run]
    #[arg(long, value_delimiter = ',', num_args = 1..=2)]
    pub warm_up: Vec<usize>,
    /// Epoch from whose end dead units are removed, for good [default: the end of the warm-up]
    #[arg(long)]
    pub shed_from: Option<usize>,
}

/// The published schedule of a method, as shares of the run.
#[derive(Clone, Copy, Debug)]
pub struct Shares {
    pub warm_up: [f64; 2],
    pub decay_from: f64,
}

impl NormalOptions {
    /// Fills in the options whose default depends on the method, then checks every option.
    ///
    /// # Errors
    /// Names the option whose value is not allowed.
    pub fn complete(mut self, shares: Shares) -> Result<Self> {
        self.common.check()?;
        let epoch = |share: f64| (share * self.common.epochs as f64).round() as usize;
        if self.warm_up.is_empty() {
            self.warm_up = shares.warm_up.map(epoch).to_vec();
        }
        self.common.decay_from.get_or_insert(epoch(shares.decay_from));
        ensure!(self.warm_up.len() == 2 && self.warm_up[0] <= self.warm_up[1], "--warm-up takes two epochs, the first no later");
        ensure!(self.beta.is_finite() && self.beta >= 0.0, "--beta must be at least 0");
        Ok(self)
    }

    /// The weight beta of the KL in an epoch. Epochs count from 0.
    pub fn beta_at(&self, epoch: usize) -> f64 {
        match self.warm_up[..] {
            [0, 0] => self.beta,
            _ => self.beta * ramp(epoch, self.warm_up[0], self.warm_up[1]),
        }
    }

    /// The epoch from whose end on dead units are removed.
    pub fn shed_from(&self) -> usize {
        self.shed_from.unwrap_or(self.warm_up[1])
    }

    /// The posterior before its first step: around the start network without its dead units, or around fresh weights.
    ///
    /// # Errors
    /// When the file to begin from cannot be used.
    pub fn begin<P: Prior>(&self, network: &Network, prior: P, clip: bool) -> Result<NormalTraining<P>> {
        let (plain, log_variance) = match &self.start {
            Some(path) => {
                let mut plain = methods::read_start(path, network, self.threshold)?;
                remove_dead(&mut plain);
                (plain, START_LOG_VARIANCE)
            }
            None => (Plain::initialise(network, &mut Noise::for_initialisation(self.common.seed)), FRESH_LOG_VARIANCE),
        };
        Ok(NormalTraining { posterior: Normal::around(&plain, log_variance, prior), options: self.clone(), clip })
    }
}
