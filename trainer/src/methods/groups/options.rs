//! The options of the posterior's training.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::network::Network;
use crate::options::{CommonOptions, check_per_layer, of_layer, ramp};

/// The options for training a posterior with scales.
#[derive(Clone, Debug, PartialEq, Args, Serialize, Deserialize)]
pub struct GroupOptions {
    #[command(flatten)]
    #[serde(flatten)]
    pub common: CommonOptions,
    /// Learning rate of the scales z, relative to that of the weights
    #[arg(long, default_value_t = 10.0)]
    pub scale_rate: f64,
    /// Learning rate of the log variances of weights and biases, relative to that of their means
    #[arg(long, default_value_t = 1.0)]
    pub variance_rate: f64,
    /// Weight beta of the KL; 1 is the evidence lower bound; a smaller beta keeps more weights and makes fewer errors
    #[arg(long, default_value_t = 1.0)]
    pub beta: f64,
    /// Epochs over which the weight of the KL rises from 0
    #[arg(long, default_value_t = 0)]
    pub warm_up: usize,
    /// Last thresholds of the statistic above which groups are removed, one for all layers or one per layer. GNJ: log alpha, falling from 3
    /// [default: the network's own]. GHS: the negative log mode, falling from 8 [default: 8]
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

impl GroupOptions {
    /// Fills in the options whose default depends on the network, then checks every option.
    ///
    /// # Errors
    /// Names the option whose value is not allowed.
    pub fn complete(mut self, network: &Network) -> Result<Self> {
        let layers = network.layers.len();
        self.common.check()?;
        if self.shed_between.is_empty() {
            let epochs = self.common.epochs;
            self.shed_between = vec![epochs * 8 / 100, (epochs * 60 / 100).max(1)];
        }
        check_per_layer(&self.shed, layers, "--shed")?;
        ensure!(
            self.shed_between.len() == 2 && self.shed_between[0] < self.shed_between[1],
            "--shed-between takes two epochs, the first before the second"
        );
        ensure!(self.scale_rate.is_finite() && self.scale_rate > 0.0, "--scale-rate must be above 0");
        ensure!(self.max_variance.is_finite() && self.max_variance > 0.0, "--max-variance must be above 0");
        Ok(self)
    }

    /// The weight beta of the KL in an epoch. Epochs count from 0.
    pub fn beta_at(&self, epoch: usize) -> f64 {
        if self.warm_up == 0 {
            return self.beta;
        }
        self.beta * ramp(epoch, 0, self.warm_up)
    }

    /// The thresholds of the layers at the end of an epoch, counted from 0. They fall from `certain`.
    pub fn thresholds_at(&self, epoch: usize, layers: usize, certain: f64) -> Vec<f64> {
        let progress = ramp(epoch, self.shed_between[0], self.shed_between[1]);
        (0..layers).map(|layer| certain + progress * (of_layer(&self.shed, layer) - certain)).collect()
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::options;

    /// Options of a few epochs.
    pub fn short(epochs: usize) -> GroupOptions {
        GroupOptions {
            common: options::tests::short(epochs),
            scale_rate: 1.0,
            variance_rate: 1.0,
            beta: 1.0,
            warm_up: 0,
            shed: vec![3.0],
            shed_between: vec![20, 150],
            max_variance: 0.04,
            start: None,
        }
    }

    #[test]
    fn thresholds_fall_between_their_epochs() {
        let mut options = short(100);
        assert_eq!(options.thresholds_at(99, 2, 3.0), [3.0, 3.0]);
        options.shed = vec![-3.0];
        options.shed_between = vec![10, 20];
        assert_eq!(options.thresholds_at(10, 2, 3.0), [3.0, 3.0]);
        assert_eq!(options.thresholds_at(15, 2, 3.0), [0.0, 0.0]);
        options.shed = vec![-3.0, -5.0];
        assert_eq!(options.thresholds_at(50, 2, 3.0), [-3.0, -5.0]);
        assert!(options.complete(&Network::lenet_300_100()).is_err());
    }

    #[test]
    fn what_is_not_given_follows_from_the_length() {
        let network = Network::lenet_300_100();
        let mut options = short(100);
        options.shed_between = Vec::new();
        let options = options.complete(&network).unwrap();
        assert_eq!(options.shed_between, [8, 60]);
    }

    #[test]
    fn beta_rises_over_the_warm_up() {
        let mut options = short(100);
        assert_eq!(options.beta_at(0), 1.0);
        options.warm_up = 4;
        assert_eq!([0, 1, 4].map(|epoch| options.beta_at(epoch)), [0.0, 0.25, 1.0]);
    }
}
