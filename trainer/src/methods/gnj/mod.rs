//! Bayesian compression with the group normal-Jeffreys prior (Louizos et al. 2017, section 4.1).

mod layer;
#[cfg(test)]
mod tests;

pub use layer::GnjLayer;

use anyhow::Result;
use clap::Args;
use serde::{Deserialize, Serialize};

use super::MethodOptions;
use super::groups::{GroupOptions, Groups, Training};
use crate::network::Network;
use crate::options::CommonOptions;

pub type Gnj = Groups<GnjLayer>;

/// The options of the posterior's training.
#[derive(Clone, Debug, PartialEq, Args, Serialize, Deserialize)]
pub struct GnjOptions {
    #[command(flatten)]
    #[serde(flatten)]
    pub groups: GroupOptions,
}

impl MethodOptions for GnjOptions {
    type Method = Training<GnjLayer>;

    fn common(&self) -> &CommonOptions {
        &self.groups.common
    }

    fn complete(mut self, network: &Network) -> Result<Self> {
        if self.groups.shed.is_empty() {
            self.groups.shed.clone_from(&network.shed_thresholds);
        }
        Ok(Self { groups: self.groups.complete(network)? })
    }

    fn begin(&self, network: &Network) -> Result<Training<GnjLayer>> {
        Training::begin(&self.groups, (), network)
    }
}
