//! The options that every method has, and the values that follow from them for each epoch.

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::data::{HeldOut, Scaling};
use crate::methods::Moment;

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

/// The greatest `--shift`: digits of MNIST have a border of four pixels.
const MOST_SHIFT: usize = 4;

/// Checks an option that takes one value for all layers, or one for each layer.
///
/// # Errors
/// When the number of values is wrong. The error names the option.
pub fn check_per_layer<T>(values: &[T], layers: usize, option: &str) -> Result<()> {
    let count = values.len();
    ensure!(count == 1 || count == layers, "{option} takes one value or one for each of the {layers} layers, not {count}");
    Ok(())
}

/// The value of such an option for a layer.
pub fn of_layer<T: Copy>(values: &[T], layer: usize) -> T {
    if let [shared] = *values { shared } else { values[layer] }
}

/// Everything that determines the result of a run.
#[derive(Clone, Debug, PartialEq, Args, Serialize, Deserialize)]
pub struct CommonOptions {
    /// Network to train: lenet-300-100, lenet-5-caffe or lenet-5-relu
    #[arg(long, default_value = "lenet-300-100")]
    pub network: String,
    /// Passes over the training images
    #[arg(long, default_value_t = 250)]
    pub epochs: usize,
    /// Seed of the start, the order of the images and the noise
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Images per step
    #[arg(long, default_value_t = 128)]
    pub batch: usize,
    #[command(flatten)]
    #[serde(flatten)]
    pub held_out: HeldOut,
    /// Greatest random shift of each training image along either axis, in pixels, anew in each epoch; 0 shifts none
    #[arg(long, default_value_t = 0)]
    pub shift: usize,
    /// Range of the scaled pixels
    #[arg(long, value_enum, default_value_t = Pixels::Unit)]
    pub pixels: Pixels,
    /// Learning rate of Adam
    #[arg(long, default_value_t = 1e-3)]
    pub rate: f64,
    /// How the learning rate falls
    #[arg(long, value_enum, default_value_t = Schedule::Linear)]
    pub schedule: Schedule,
    /// Epoch from which a linear schedule falls to 0 [default: at 70 % of the run]
    #[arg(long)]
    pub decay_from: Option<usize>,
}

/// How the learning rate falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// Constant, then linearly to 0, in steps of an epoch
    Linear,
    /// By a cosine from the first step on, after a short rise
    Cosine,
}

impl CommonOptions {
    pub fn check(&self) -> Result<()> {
        ensure!(self.epochs > 0, "--epochs must be at least 1");
        ensure!(self.batch > 0, "--batch must be at least 1");
        ensure!(self.shift <= MOST_SHIFT, "--shift is at most {MOST_SHIFT}, not {}", self.shift);
        ensure!(self.rate.is_finite() && self.rate > 0.0, "--rate must be above 0");
        Ok(())
    }

    /// The learning rate at a moment of the run.
    pub fn rate_at(&self, at: Moment) -> f64 {
        /// Steps over which a cosine schedule rises.
        const RISE: f64 = 300.0;
        match self.schedule {
            Schedule::Linear => {
                let from = self.decay_from.unwrap_or(self.epochs * 7 / 10);
                self.rate * (1.0 - ramp(at.epoch, from, self.epochs))
            }
            Schedule::Cosine => {
                let steps = at.images.div_ceil(self.batch) * self.epochs;
                let rise = ((at.progress * steps as f64 + 1.0) / RISE).min(1.0);
                let fall = 0.5 * (1.0 + (std::f64::consts::PI * at.progress).cos());
                self.rate * rise * (0.99 * fall + 0.01)
            }
        }
    }
}

/// 0 up to `from`, 1 from `to` on, linear between.
pub fn ramp(epoch: usize, from: usize, to: usize) -> f64 {
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

    /// Options of a few epochs.
    pub fn short(epochs: usize) -> CommonOptions {
        CommonOptions {
            network: "lenet-300-100".to_owned(),
            epochs,
            seed: 7,
            batch: 8,
            held_out: HeldOut::last(1),
            shift: 0,
            pixels: Pixels::Unit,
            rate: 1e-2,
            schedule: Schedule::Linear,
            decay_from: None,
        }
    }

    fn at(epoch: usize) -> Moment {
        Moment { epoch, progress: epoch as f64 / 100.0, images: 800 }
    }

    #[test]
    fn a_value_is_for_all_layers_or_there_is_one_per_layer() {
        assert!(check_per_layer(&[1], 3, "--option").is_ok() && check_per_layer(&[1, 2, 3], 3, "--option").is_ok());
        for values in [&[][..], &[1, 2], &[1, 2, 3, 4]] {
            let error = check_per_layer(values, 3, "--option").unwrap_err().to_string();
            assert!(error.contains("--option takes one value or one for each of the 3 layers"), "{error}");
        }
        assert_eq!([of_layer(&[5], 2), of_layer(&[5, 6, 7], 2)], [5, 7]);
    }

    #[test]
    fn a_shift_beyond_the_border_is_refused() {
        assert!(CommonOptions { shift: 4, ..short(1) }.check().is_ok());
        let error = CommonOptions { shift: 5, ..short(1) }.check().unwrap_err().to_string();
        assert!(error.contains("--shift"), "{error}");
    }

    #[test]
    fn a_linear_rate_falls_over_the_last_part() {
        let options = short(100);
        assert_eq!(options.rate_at(at(70)), 1e-2);
        assert!((options.rate_at(at(88)) - 4e-3).abs() < 1e-12);
        assert!(options.rate_at(at(99)) > 0.0);
    }

    #[test]
    fn a_cosine_rate_rises_for_three_hundred_steps_then_falls_to_a_hundredth() {
        let options = CommonOptions { schedule: Schedule::Cosine, ..short(100) };
        // 100 epochs of 100 steps: epoch 0 is step 0, the first of the rise.
        assert!((options.rate_at(at(0)) - 1e-2 / 300.0).abs() < 1e-9);
        assert!((options.rate_at(at(50)) - 1e-2 * (0.99 * 0.5 + 0.01)).abs() < 1e-9);
        assert!((options.rate_at(at(100)) - 1e-4).abs() < 1e-9);
    }
}
