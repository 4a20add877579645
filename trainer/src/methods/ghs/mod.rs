//! Bayesian compression with the group horseshoe prior (Louizos et al. 2017, section 4.2).

mod layer;
#[cfg(test)]
mod tests;

pub use layer::{GhsLayer, Tau};

use anyhow::{Result, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};

use super::MethodOptions;
use super::groups::{GroupLayer as _, GroupOptions, Groups, Training};
use crate::network::Network;
use crate::options::CommonOptions;

pub type Ghs = Groups<GhsLayer>;

/// The options of the posterior's training.
#[derive(Clone, Debug, PartialEq, Args, Serialize, Deserialize)]
pub struct GhsOptions {
    #[command(flatten)]
    #[serde(flatten)]
    pub groups: GroupOptions,
    /// Scale tau of the half-Cauchy prior of each layer's own scale
    #[arg(long, default_value_t = 1e-5)]
    pub tau: f64,
}

impl MethodOptions for GhsOptions {
    type Method = Training<GhsLayer>;

    fn common(&self) -> &CommonOptions {
        &self.groups.common
    }

    fn complete(mut self, network: &Network) -> Result<Self> {
        ensure!(self.tau.is_finite() && self.tau > 0.0, "--tau must be above 0");
        if self.groups.shed.is_empty() {
            self.groups.shed = vec![GhsLayer::CERTAIN_NOISE];
        }
        Ok(Self { groups: self.groups.complete(network)?, tau: self.tau })
    }

    fn begin(&self, network: &Network) -> Result<Training<GhsLayer>> {
        Training::begin(&self.groups, Tau(self.tau), network)
    }
}
