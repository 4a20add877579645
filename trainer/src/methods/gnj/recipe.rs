//! The options of the posterior's training.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};

use super::{Gnj, GnjTraining};
use crate::methods::{self, Options};
use crate::network::Network;
use crate::noise::Noise;
use crate::posterior::Stored;
use crate::recipe::{Recipe, ramp};

/// Log-alpha threshold above which a group is removed in every run: a dropout rate above 0.95.
pub const CERTAIN_NOISE: f64 = 3.0;

/// What the posterior's training adds.
#[derive(Clone, Debug, PartialEq, Args, Serialize, Deserialize)]
pub struct GnjRecipe {
    #[command(flatten)]
    #[serde(flatten)]
    pub common: Recipe,
    /// Learning rate of the scales z, relative to that of the weights
    #[arg(long, default_value_t = 10.0)]
    pub scale_rate: f64,
    /// Learning rate of the log variances of weights and biases, relative to that of their means
    #[arg(long, default_value_t = 1.0)]
    pub variance_rate: f64,
    /// Weight beta of the KL; 1 is the evidence bound, less keeps more and errs less
    #[arg(long, default_value_t = 1.0)]
    pub beta: f64,
    /// Epochs over which the weight of the KL rises from 0
    #[arg(long, default_value_t = 0)]
    pub warm_up: usize,
    /// Log-alpha thresholds above which groups are removed at the end of their fall from 3, one
    /// for all layers or one per layer; 3 removes only certain noise [default: the network's own]
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true)]
    pub shed: Vec<f64>,
    /// Epochs between which the thresholds fall [default: from 8 % to 60 % of the run]
    #[arg(long, value_delimiter = ',', num_args = 1..=2)]
    pub shed_between: Vec<usize>,
    /// Bound of the weights' variance in the first layer
    #[arg(long, default_value_t = 0.04)]
    pub max_variance: f32,
    /// Posterior file to begin from: a plain network, whose weights are the first means, or a posterior
    #[arg(long)]
    pub start: Option<PathBuf>,
}

impl Options for GnjRecipe {
    type Method = GnjTraining;

    fn common(&self) -> &Recipe {
        &self.common
    }

    fn complete(mut self, network: &Network) -> Result<Self> {
        let layers = network.layers.len();
        self.common.check()?;
        if self.shed.is_empty() {
            self.shed = network.shed_thresholds.clone();
        }
        if self.shed_between.is_empty() {
            let epochs = self.common.epochs;
            self.shed_between = vec![epochs * 8 / 100, (epochs * 60 / 100).max(1)];
        }
        ensure!(
            self.shed.len() <= 1 || self.shed.len() == layers,
            "--shed takes one threshold or one for each of the {layers} layers"
        );
        ensure!(
            self.shed_between.len() == 2 && self.shed_between[0] < self.shed_between[1],
            "--shed-between takes two epochs, the first before the second"
        );
        ensure!(self.scale_rate.is_finite() && self.scale_rate > 0.0, "--scale-rate must be above 0");
        ensure!(self.max_variance.is_finite() && self.max_variance > 0.0, "--max-variance must be above 0");
        Ok(self)
    }

    /// A fresh posterior, around a plain network where one is given, or an earlier posterior without the groups that are certain noise.
    fn begin(&self, network: &Network) -> Result<GnjTraining> {
        let mut gnj = match self.start.as_deref() {
            None => Gnj::initialise(network, None, &mut Noise::for_initialisation(self.common.seed)),
            Some(path) => self.begin_from(path, network)?,
        };
        gnj.layers[0].max_variance = Some(self.max_variance);
        Ok(GnjTraining { gnj, recipe: self.clone() })
    }
}

impl GnjRecipe {
    fn begin_from(&self, path: &Path, network: &Network) -> Result<Gnj> {
        let stored = Stored::open(path)?;
        if stored.method != "gnj" {
            let plain = methods::read_start(path, network, CERTAIN_NOISE)?;
            return Ok(Gnj::initialise(network, Some(&plain), &mut Noise::for_initialisation(self.common.seed)));
        }
        ensure!(stored.network == *network, "{} is of another network than {}", path.display(), network.name);
        let mut gnj = Gnj::read(&stored).with_context(|| format!("{} is not usable", path.display()))?;
        gnj.shed(&vec![CERTAIN_NOISE; gnj.layers.len()]);
        Ok(gnj)
    }

    /// Weight beta of the KL in an epoch, counted from 0.
    pub fn beta_at(&self, epoch: usize) -> f64 {
        if self.warm_up == 0 {
            return self.beta;
        }
        self.beta * ramp(epoch, 0, self.warm_up)
    }

    /// Log-alpha thresholds of the layers at the end of an epoch, counted from 0.
    pub fn thresholds_at(&self, epoch: usize, layers: usize) -> Vec<f64> {
        let progress = ramp(epoch, self.shed_between[0], self.shed_between[1]);
        let end = |layer: usize| match *self.shed {
            [shared] => shared,
            _ => self.shed[layer],
        };
        (0..layers).map(|layer| CERTAIN_NOISE + progress * (end(layer) - CERTAIN_NOISE)).collect()
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::recipe;

    /// A recipe of a few epochs.
    pub fn short(epochs: usize) -> GnjRecipe {
        GnjRecipe {
            common: recipe::tests::short(epochs),
            scale_rate: 1.0,
            variance_rate: 1.0,
            beta: 1.0,
            warm_up: 0,
            shed: vec![CERTAIN_NOISE],
            shed_between: vec![20, 150],
            max_variance: 0.04,
            start: None,
        }
    }

    #[test]
    fn thresholds_fall_between_their_epochs() {
        let mut recipe = short(100);
        assert_eq!(recipe.thresholds_at(99, 2), [3.0, 3.0]);
        recipe.shed = vec![-3.0];
        recipe.shed_between = vec![10, 20];
        assert_eq!(recipe.thresholds_at(10, 2), [3.0, 3.0]);
        assert_eq!(recipe.thresholds_at(15, 2), [0.0, 0.0]);
        recipe.shed = vec![-3.0, -5.0];
        assert_eq!(recipe.thresholds_at(50, 2), [-3.0, -5.0]);
        assert!(recipe.complete(&Network::lenet_300_100()).is_err());
    }

    #[test]
    fn what_is_not_given_follows_from_network_and_length() {
        let network = Network::lenet_300_100();
        let mut recipe = short(100);
        recipe.shed = Vec::new();
        recipe.shed_between = Vec::new();
        let recipe = recipe.complete(&network).unwrap();
        assert_eq!(recipe.shed_between, [8, 60]);
        assert_eq!(recipe.thresholds_at(99, 3), network.shed_thresholds);
    }

    #[test]
    fn beta_rises_over_the_warm_up() {
        let mut recipe = short(100);
        assert_eq!(recipe.beta_at(0), 1.0);
        recipe.warm_up = 4;
        assert_eq!([0, 1, 4].map(|epoch| recipe.beta_at(epoch)), [0.0, 0.25, 1.0]);
    }
}
