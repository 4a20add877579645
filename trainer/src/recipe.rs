//! The options of a run, and what they mean epoch by epoch.

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::data::Scaling;

/// How pixels are scaled before they reach the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pixels {
    /// [0, 1]
    Unit,
    /// [-1, 1]
    Signed,
}

impl Pixels {
    pub fn scaling(self) -> Scaling {
        match self {
            Self::Unit => Scaling::UNIT,
            Self::Signed => Scaling::SIGNED,
        }
    }
}

/// Log-alpha threshold above which a group is removed in every run: a dropout rate above 0.95.
pub const CERTAIN_NOISE: f64 = 3.0;

/// Everything that decides the result of a run.
#[derive(Clone, Debug, PartialEq, Args, Serialize, Deserialize)]
pub struct Recipe {
    /// Network to train: lenet-300-100 or lenet-5-caffe
    #[arg(long, default_value = "lenet-300-100")]
    pub network: String,
    /// Passes over the training images
    #[arg(long, default_value_t = 200)]
    pub epochs: usize,
    /// Seed of the start, the order of the images and the noise
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Images per step
    #[arg(long, default_value_t = 128)]
    pub batch: usize,
    /// Last training images kept apart for validation
    #[arg(long, default_value_t = 5000)]
    pub validation: usize,
    /// Range of the scaled pixels
    #[arg(long, value_enum, default_value_t = Pixels::Unit)]
    pub pixels: Pixels,
    /// Learning rate of Adam
    #[arg(long, default_value_t = 1e-3)]
    pub rate: f64,
    /// Epoch from which the learning rate falls linearly to 0 [default: three quarters of the run]
    #[arg(long)]
    pub decay_from: Option<usize>,
}

/// What the posterior's training adds.
#[derive(Clone, Debug, PartialEq, Args, Serialize, Deserialize)]
pub struct GnjRecipe {
    #[command(flatten)]
    #[serde(flatten)]
    pub common: Recipe,
    /// Learning rate of the scales z, relative to that of the weights
    #[arg(long, default_value_t = 1.0)]
    pub scale_rate: f64,
    /// Epochs over which the weight of the KL rises from 0 to 1
    #[arg(long, default_value_t = 0)]
    pub warm_up: usize,
    /// Log-alpha thresholds above which groups are removed at the end of the fall, one for all
    /// layers or one per layer; without them only groups above 3 are removed
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true)]
    pub shed: Vec<f64>,
    /// Epochs between which the thresholds fall from 3 to those of --shed
    #[arg(long, value_delimiter = ',', default_values_t = [20, 150])]
    pub shed_between: Vec<usize>,
    /// Bound of the weights' variance in the first layer
    #[arg(long, default_value_t = 0.04)]
    pub max_variance: f32,
    /// Posterior file of a plain network whose weights are the starting means
    #[arg(long)]
    pub start: Option<std::path::PathBuf>,
}

impl Recipe {
    pub fn check(&self) -> Result<()> {
        ensure!(self.epochs > 0, "--epochs must be at least 1");
        ensure!(self.batch > 0, "--batch must be at least 1");
        ensure!(self.validation > 0, "--validation must be at least 1");
        ensure!(
            self.rate.is_finite() && self.rate > 0.0,
            "--rate must be above 0"
        );
        Ok(())
    }

    /// Learning rate of an epoch, counted from 0.
    pub fn rate_at(&self, epoch: usize) -> f64 {
        let from = self.decay_from.unwrap_or(self.epochs * 3 / 4);
        self.rate * (1.0 - ramp(epoch, from, self.epochs))
    }
}

impl GnjRecipe {
    /// The recipe of a method without posterior.
    pub fn plain(common: Recipe) -> Self {
        Self {
            common,
            scale_rate: 1.0,
            warm_up: 0,
            shed: Vec::new(),
            shed_between: vec![0, 1],
            max_variance: 1.0,
            start: None,
        }
    }

    pub fn check(&self, layers: usize) -> Result<()> {
        self.common.check()?;
        ensure!(
            self.shed.len() <= 1 || self.shed.len() == layers,
            "--shed takes one threshold or one for each of the {layers} layers"
        );
        ensure!(
            self.shed_between.len() == 2 && self.shed_between[0] < self.shed_between[1],
            "--shed-between takes two epochs, the first before the second"
        );
        ensure!(
            self.scale_rate.is_finite() && self.scale_rate > 0.0,
            "--scale-rate must be above 0"
        );
        ensure!(
            self.max_variance.is_finite() && self.max_variance > 0.0,
            "--max-variance must be above 0"
        );
        Ok(())
    }

    /// Weight beta of the KL in an epoch, counted from 0.
    pub fn beta_at(&self, epoch: usize) -> f64 {
        if self.warm_up == 0 {
            return 1.0;
        }
        ramp(epoch, 0, self.warm_up)
    }

    /// Log-alpha thresholds of the layers at the end of an epoch, counted from 0.
    pub fn thresholds_at(&self, epoch: usize, layers: usize) -> Vec<f64> {
        let progress = ramp(epoch, self.shed_between[0], self.shed_between[1]);
        let end = |layer: usize| match *self.shed {
            [] => CERTAIN_NOISE,
            [shared] => shared,
            _ => self.shed[layer],
        };
        (0..layers)
            .map(|layer| CERTAIN_NOISE + progress * (end(layer) - CERTAIN_NOISE))
            .collect()
    }
}

/// 0 up to `from`, 1 from `to` on, linear between.
fn ramp(epoch: usize, from: usize, to: usize) -> f64 {
    if epoch <= from {
        0.0
    } else if epoch >= to {
        1.0
    } else {
        (epoch - from) as f64 / (to - from) as f64
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A recipe of a few epochs.
    pub fn short(epochs: usize) -> GnjRecipe {
        GnjRecipe {
            common: Recipe {
                network: "lenet-300-100".to_owned(),
                epochs,
                seed: 7,
                batch: 8,
                validation: 1,
                pixels: Pixels::Unit,
                rate: 1e-2,
                decay_from: None,
            },
            scale_rate: 1.0,
            warm_up: 0,
            shed: Vec::new(),
            shed_between: vec![20, 150],
            max_variance: 0.04,
            start: None,
        }
    }

    #[test]
    fn the_rate_falls_over_the_last_quarter() {
        let recipe = short(100).common;
        assert_eq!(recipe.rate_at(75), 1e-2);
        assert!((recipe.rate_at(90) - 4e-3).abs() < 1e-12);
        assert!(recipe.rate_at(99) > 0.0);
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
        assert!(recipe.check(3).is_err());
        assert!(recipe.check(2).is_ok());
    }

    #[test]
    fn beta_rises_over_the_warm_up() {
        let mut recipe = short(100);
        assert_eq!(recipe.beta_at(0), 1.0);
        recipe.warm_up = 4;
        assert_eq!(
            [0, 1, 4].map(|epoch| recipe.beta_at(epoch)),
            [0.0, 0.25, 1.0]
        );
    }
}
