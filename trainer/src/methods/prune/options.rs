//! The options of magnitude pruning, and the schedule of its rounds.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::Prune;
use crate::methods::{self, MethodOptions, Moment};
use crate::network::Network;
use crate::options::{CommonOptions, check_per_layer, of_layer};

/// The options for magnitude pruning.
#[derive(Clone, Debug, PartialEq, Args, Serialize, Deserialize)]
pub struct PruneOptions {
    #[command(flatten)]
    #[serde(flatten)]
    pub common: CommonOptions,
    /// Epochs of the dense training, run first unless --start gives its result; rewinding goes back into its schedule
    #[arg(long, default_value_t = 50)]
    pub dense: usize,
    /// Rounds of pruning and retraining, among which the other epochs are divided
    #[arg(long, default_value_t = 10)]
    pub rounds: usize,
    /// Share of a layer's remaining weights that a round prunes, one for all layers or one per layer [default: 0.2]
    #[arg(long, value_delimiter = ',')]
    pub share: Vec<f64>,
    /// Share of each layer's weights to keep in the end, reached by the same ratio in every round, instead of --share
    #[arg(long, value_delimiter = ',')]
    pub keep: Vec<f64>,
    /// How a round retrains
    #[arg(long, value_enum, default_value_t = Retrain::RewindRate)]
    pub retrain: Retrain,
    /// Penalty on half the square of every weight
    #[arg(long, default_value_t = 0.0)]
    pub decay: f64,
    /// File to begin from: a plain network, or a posterior's mean
    #[arg(long)]
    pub start: Option<PathBuf>,
}

/// How a round retrains (Renda et al. 2020).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retrain {
    /// From the pruned weights, at the last learning rate of the dense training
    FineTune,
    /// Weights and learning rate from where the dense training was as many epochs before its end
    RewindWeights,
    /// From the pruned weights, with the last learning rates of the dense training again
    RewindRate,
}

impl MethodOptions for PruneOptions {
    type Method = Prune;

    fn common(&self) -> &CommonOptions {
        &self.common
    }

    fn complete(mut self, network: &Network) -> Result<Self> {
        let layers = network.layers.len();
        self.common.check()?;
        ensure!(self.keep.is_empty() || self.share.is_empty(), "--keep and --share exclude each other");
        if self.keep.is_empty() && self.share.is_empty() {
            self.share = vec![0.2];
        }
        for (name, shares) in [("--keep", &self.keep), ("--share", &self.share)] {
            if !shares.is_empty() {
                check_per_layer(shares, layers, name)?;
            }
            ensure!(shares.iter().all(|&share| share > 0.0 && share < 1.0), "a share of {name} is above 0 and below 1");
        }
        let retraining = self.common.epochs.saturating_sub(self.first());
        ensure!(self.dense > 0 && self.rounds > 0, "--dense and --rounds must be at least 1");
        ensure!(
            retraining > 0 && retraining.is_multiple_of(self.rounds),
            "the {retraining} epochs of retraining do not divide among {} --rounds: --epochs counts them{}",
            self.rounds,
            if self.start.is_none() { " and those of --dense" } else { "" }
        );
        let longest = self.dense - usize::from(self.retrain == Retrain::RewindWeights);
        ensure!(
            self.retrain == Retrain::FineTune || self.round() <= longest,
            "a round of {} epochs does not fit into the {} of --dense that it repeats",
            self.round(),
            self.dense
        );
        ensure!(
            self.retrain != Retrain::RewindWeights || self.start.is_none(),
            "--retrain rewind-weights needs weights that --start does not have: train them in this run, by --dense"
        );
        ensure!(self.decay >= 0.0 && self.decay.is_finite(), "--decay must be at least 0");
        Ok(self)
    }

    fn begin(&self, network: &Network) -> Result<Prune> {
        let plain = methods::start(self.start.as_deref(), network, self.common.seed)?;
        Ok(Prune::new(plain, self))
    }
}

impl PruneOptions {
    /// Epochs of this run before the first round.
    fn first(&self) -> usize {
        if self.start.is_none() { self.dense } else { 0 }
    }

    /// Epochs of a round.
    fn round(&self) -> usize {
        (self.common.epochs - self.first()) / self.rounds
    }

    /// The round of an epoch, counted from 1, and the epoch within the round, counted from 0. `None` in the dense training.
    pub fn round_at(&self, epoch: usize) -> Option<(usize, usize)> {
        let since = epoch.checked_sub(self.first())?;
        Some((since / self.round() + 1, since % self.round()))
    }

    /// Whether the weights after this epoch of the dense training are those to which rounds rewind.
    pub fn rewinds_to(&self, epoch: usize) -> bool {
        self.retrain == Retrain::RewindWeights && epoch + 1 + self.round() == self.dense
    }

    /// The number of weights of a layer that remain after a round. There were `now` before the round and `all` at the start.
    pub fn left(&self, layer: usize, round: usize, now: usize, all: usize) -> usize {
        let share = if self.keep.is_empty() {
            1.0 - of_layer(&self.share, layer)
        } else {
            let rest = of_layer(&self.keep, layer) * all as f64 / now.max(1) as f64;
            rest.powf(1.0 / (self.rounds + 1 - round) as f64)
        };
        ((share * now as f64).round() as usize).clamp(1, now.max(1))
    }

    /// The learning rate of the dense training. Rounds repeat the last epochs of its schedule.
    pub fn rate_at(&self, at: Moment) -> f64 {
        let dense = CommonOptions { epochs: self.dense, ..self.common.clone() };
        let within = at.progress * self.common.epochs as f64 - at.epoch as f64;
        let (epoch, within) = match (self.round_at(at.epoch), self.retrain) {
            (None, _) => (at.epoch, within),
            (Some(_), Retrain::FineTune) => (self.dense - 1, 1.0),
            (Some((_, epoch)), _) => (self.dense - self.round() + epoch, within),
        };
        dense.rate_at(Moment { epoch, progress: (epoch as f64 + within) / self.dense as f64, images: at.images })
    }
}
