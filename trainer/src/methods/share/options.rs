//! The options of weight sharing.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};

use super::Share;
use crate::methods::{self, MethodOptions};
use crate::network::Network;
use crate::options::{CommonOptions, check_per_layer};

/// The options for weight sharing.
#[derive(Clone, Debug, PartialEq, Args, Serialize, Deserialize)]
pub struct ShareOptions {
    #[command(flatten)]
    #[serde(flatten)]
    pub common: CommonOptions,
    /// Values that the weights of a layer share, at most 255, one number for all layers or one per layer [default: 32]
    #[arg(long, value_delimiter = ',')]
    pub levels: Vec<usize>,
    /// File to begin from: a pruned network
    #[arg(long)]
    pub start: Option<PathBuf>,
}

impl MethodOptions for ShareOptions {
    type Method = Share;

    fn common(&self) -> &CommonOptions {
        &self.common
    }

    fn complete(mut self, network: &Network) -> Result<Self> {
        let layers = network.layers.len();
        self.common.check()?;
        if self.levels.is_empty() {
            self.levels = vec![32];
        }
        ensure!(self.start.is_some(), "--start is needed: the pruned network whose weights are to be shared");
        check_per_layer(&self.levels, layers, "--levels")?;
        ensure!(self.levels.iter().all(|levels| (1..=255).contains(levels)), "--levels takes numbers from 1 to 255");
        Ok(self)
    }

    fn begin(&self, network: &Network) -> Result<Share> {
        let start = self.start.as_deref().context("--start is needed")?;
        Ok(Share::new(methods::read_start(start, network, f64::INFINITY)?, self))
    }
}
