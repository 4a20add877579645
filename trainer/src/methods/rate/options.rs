//! The options of rate-constrained training.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};

use super::Rate;
use crate::methods::dead::remove_dead;
use crate::methods::{self, MethodOptions};
use crate::network::Network;
use crate::noise::Noise;
use crate::options::CommonOptions;

/// The options for rate-constrained training.
#[derive(Clone, Debug, PartialEq, Args, Serialize, Deserialize)]
pub struct RateOptions {
    #[command(flatten)]
    #[serde(flatten)]
    pub common: CommonOptions,
    /// Bytes that weights and biases are to take in the packed file
    #[arg(long, default_value_t = 2300.0)]
    pub bytes: f64,
    /// Share of the run before the bound begins to fall
    #[arg(long, default_value_t = 0.1)]
    pub free: f64,
    /// Share of the run at which the bound has reached --bytes
    #[arg(long, default_value_t = 0.75)]
    pub reached: f64,
    /// Deviation of the noise on weights that are not zero, in steps of their grid
    #[arg(long, default_value_t = 0.3)]
    pub noise: f64,
    /// Share of the run from which noise and dropout fall to nothing at its end; 1 keeps them
    #[arg(long, default_value_t = 0.75)]
    pub settle: f64,
    /// Steps over which weights are averaged for the network that comes out
    #[arg(long, default_value_t = 500)]
    pub average: usize,
    /// Shares of each layer's inputs that are dropped in training, one per layer [default: none]
    #[arg(long, value_delimiter = ',')]
    pub dropout: Vec<f64>,
    /// Units to begin with, the first ones of each hidden layer, such as 10,20,32 [default: all]
    #[arg(long, value_delimiter = ',')]
    pub units: Vec<usize>,
    /// Posterior file to begin from: a plain network, or a posterior's masked mean
    #[arg(long)]
    pub start: Option<PathBuf>,
    /// Log-alpha threshold of the starting posterior's groups
    #[arg(long, default_value_t = 3.0, allow_hyphen_values = true)]
    pub threshold: f64,
    /// Step of a starting network's weights, relative to their root mean square
    #[arg(long, default_value_t = 0.6)]
    pub coarseness: f64,
}

impl MethodOptions for RateOptions {
    type Method = Rate;

    fn common(&self) -> &CommonOptions {
        &self.common
    }

    fn complete(mut self, network: &Network) -> Result<Self> {
        self.common.check()?;
        let layers = network.layers.len();
        if self.dropout.is_empty() {
            self.dropout = vec![0.0; layers];
        }
        ensure!(self.dropout.len() == layers, "--dropout takes one share for each of the {layers} layers");
        ensure!(self.dropout.iter().all(|share| (0.0..1.0).contains(share)), "a share of --dropout is from 0 to below 1");
        ensure!(
            self.units.is_empty() || self.units.len() == layers - 1,
            "--units takes one number for each of the {} hidden layers",
            layers - 1
        );
        let hidden = self.units.iter().zip(&network.layers);
        for (&units, (name, shape)) in hidden {
            ensure!((1..=shape.outputs()).contains(&units), "--units: {name} has 1 to {} units, not {units}", shape.outputs());
        }
        ensure!(self.units.is_empty() || self.start.is_none(), "--units and --start exclude each other");
        ensure!(self.bytes.is_finite() && self.bytes > 0.0, "--bytes must be above 0");
        ensure!(
            (0.0..1.0).contains(&self.free) && (self.free..1.0).contains(&self.reached),
            "--free and --reached are shares of the run, the first no later"
        );
        ensure!((0.0..=1.0).contains(&self.settle), "--settle is a share of the run, from 0 to 1");
        ensure!(self.average > 0, "--average must be at least 1");
        ensure!(self.noise >= 0.0 && self.coarseness > 0.0, "--noise must be at least 0 and --coarseness above 0");
        Ok(self)
    }

    fn begin(&self, network: &Network) -> Result<Rate> {
        match self.start.as_deref() {
            None => Ok(Rate::initialise(network, self, &mut Noise::for_initialisation(self.common.seed))),
            Some(path) => {
                let mut rate = Rate::around(&methods::read_start(path, network, self.threshold)?, self);
                remove_dead(&mut rate);
                Ok(rate)
            }
        }
    }
}

impl RateOptions {
    /// The factor of noise and dropout at a moment of the run: 1, then falling linearly to 0 at the end of the run.
    pub fn disturbance_at(&self, progress: f64) -> f64 {
        if progress <= self.settle { 1.0 } else { (1.0 - progress) / (1.0 - self.settle) }
    }

    /// The bound on the bits of weights and biases at a moment of the run. It starts at `from`, the bits when it begins to fall. Its logarithm then
    /// falls ever more slowly, because weights pruned in excess by a fast end would not come back.
    pub fn bound_at(&self, progress: f64, from: f64) -> f64 {
        let left = 1.0 - ((progress - self.free) / (self.reached - self.free).max(1e-9)).clamp(0.0, 1.0);
        from * (8.0 * self.bytes / from).powf(1.0 - left * left)
    }
}
