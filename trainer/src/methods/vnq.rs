//! Variational network quantization (Achterhold et al. 2018). The prior has a peak at each value of a small codebook. It draws the weights of a
//! trained network to these values. Weights that are not needed become noise around zero.

use anyhow::{Result, ensure};
use clap::Args;
use curt::posterior::Method as FileMethod;
use serde::Serialize;

use super::MethodOptions;
use super::normal::{NormalLayer, NormalOptions, NormalTraining, Prior, Shares, Slopes};
use crate::kl;
use crate::network::Network;
use crate::options::{CommonOptions, check_per_layer, of_layer};
use crate::parameter::Parameter;
use crate::posterior::Stored;

/// The paper's distance between neighbouring codebook values, for which the approximation was made, and the width of its windows.
const SPACING: f64 = 0.2;
const WIDTH: f64 = 0.075;
/// Bounds during training: on a layer's greatest value, so its codebook does not collapse, and on log variances.
const LEAST_LEVEL: f32 = 0.05;
const LOG_VARIANCES: [f32; 2] = [-10.0, 1.0];
/// A mean exceeds the greatest value by at most this many standard deviations (e^-1.5). There its log alpha around that value is 3.
const OVERSHOOT: f32 = 0.22313016;

/// The number of values that a codebook may have.
const LEVELS: std::ops::RangeInclusive<usize> = 3..=255;

/// The prior of a layer: `levels` equally spaced peaks, symmetric about 0.
#[derive(Clone, Debug)]
pub struct Codebook {
    /// `[1]`: the greatest value of the codebook
    pub level: Parameter,
    /// The number of values of the codebook, odd
    pub levels: usize,
}

/// A function of a weight's posterior, and its derivatives with respect to mean and log variance.
#[derive(Clone, Copy)]
struct Traced {
    value: f64,
    by_mean: f64,
    by_log_variance: f64,
}

/// Minus the KL to the log-uniform prior, up to a constant (F_LU of the paper). At a mean of 0 it is the supremum.
fn about_zero(mean: f64, log_variance: f64) -> Traced {
    let log_alpha = log_variance - (mean * mean).ln();
    let (kl, slope) = kl::log_uniform_and_slope(log_alpha);
    let by_mean = if mean == 0.0 { 0.0 } else { 2.0 * slope / mean };
    Traced { value: kl::K1 - kl, by_mean, by_log_variance: -slope }
}

/// The approximation of minus the KL in the codebook of spacing [`SPACING`] (Achterhold et al. 2018, eq. 16 and 17). Near each value it is that of
/// the log-uniform prior around this value, elsewhere that around 0.
fn windowed(mean: f64, log_variance: f64, levels: usize) -> Traced {
    let zero = about_zero(mean, log_variance);
    let mut sum = zero;
    let half = (levels / 2) as i32;
    for value in (-half..=half).filter(|&value| value != 0) {
        let distance = mean - f64::from(value) * SPACING;
        let window = (-0.5 * (distance / WIDTH).powi(2)).exp();
        // A window this small adds nothing that f64 resolves.
        if window < 1e-18 {
            continue;
        }
        let near = about_zero(distance, log_variance);
        let by_distance = -distance / (WIDTH * WIDTH) * window;
        sum.value += window * (near.value - zero.value);
        sum.by_mean += by_distance * (near.value - zero.value) + window * (near.by_mean - zero.by_mean);
        sum.by_log_variance += window * (near.by_log_variance - zero.by_log_variance);
    }
    sum
}

/// Minus the KL of a weight, up to a constant, for a codebook with the greatest value `level`. Weight and codebook are scaled to [`SPACING`]. The
/// last number is the derivative with respect to `level`.
fn scaled(mean: f64, log_variance: f64, level: f64, levels: usize) -> (Traced, f64) {
    let scale = level / ((levels / 2) as f64 * SPACING);
    let mean = mean / scale;
    let Traced { value, by_mean, by_log_variance } = windowed(mean, log_variance - 2.0 * scale.ln(), levels);
    // The scaled mean falls with the level as 1 / level, the scaled variance as 1 / level^2.
    let by_level = -(mean * by_mean + 2.0 * by_log_variance) / level;
    (Traced { value, by_mean: by_mean / scale, by_log_variance }, by_level)
}

impl Codebook {
    pub fn new(level: f32, levels: usize) -> Self {
        Self { level: Parameter::new(vec![1], vec![level]), levels }
    }

    fn greatest(&self) -> f32 {
        self.level.value[0]
    }

    fn scaled(&self, mean: f64, log_variance: f64) -> (Traced, f64) {
        scaled(mean, log_variance, f64::from(self.greatest()), self.levels)
    }
}

fn is_codebook(levels: usize) -> bool {
    LEVELS.contains(&levels) && levels % 2 == 1
}

impl Prior for Codebook {
    const FILE_METHOD: FileMethod = FileMethod::Vnq;
    const PRUNED: Option<f64> = Some(kl::CERTAIN_NOISE);

    fn read(stored: &Stored, layer: &str) -> Result<Self> {
        let level = stored.scalar(&format!("{layer}.level"))?;
        let name = format!("{layer}.levels");
        let levels = if stored.contains(&name) { stored.scalar(&name)? } else { 3.0 };
        Ok(Self::new(level, levels as usize)) // the library has checked both
    }

    fn thresholds() -> Vec<f64> {
        kl::log_alpha_thresholds()
    }

    fn statistic(mean: f64, log_variance: f64) -> f64 {
        kl::log_alpha(mean, log_variance)
    }

    fn kl(&self, mean: f64, log_variance: f64) -> f64 {
        kl::K1 - self.scaled(mean, log_variance).0.value
    }

    fn gradient(&self, mean: f64, log_variance: f64) -> Slopes {
        let (traced, by_level) = self.scaled(mean, log_variance);
        Slopes { by_mean: -traced.by_mean, by_log_variance: -traced.by_log_variance, by_level: -by_level }
    }

    fn level(&mut self) -> Option<&mut Parameter> {
        Some(&mut self.level)
    }

    fn constrain(&mut self, layer: &mut NormalLayer) {
        let greatest = self.greatest().max(LEAST_LEVEL);
        self.level.value[0] = greatest;
        for (mean, log_variance) in layer.mean.value.iter_mut().zip(&mut layer.log_variance.value) {
            *log_variance = log_variance.clamp(LOG_VARIANCES[0], LOG_VARIANCES[1]);
            if mean.abs() > greatest {
                let bound = greatest + OVERSHOOT * (0.5 * *log_variance).exp();
                *mean = mean.clamp(-bound, bound);
            }
        }
    }

    /// The nearest value of the codebook (eq. 15). Of two at the same distance it is the one at an even multiple of the spacing.
    fn value(&self, mean: f32) -> f32 {
        let half = self.levels / 2;
        let spacing = self.greatest() / half as f32;
        let integer = (f64::from(mean) / f64::from(spacing)).round_ties_even().clamp(-(half as f64), half as f64);
        integer as f32 * spacing
    }

    fn arrays(&self) -> Vec<(&'static str, f32)> {
        let mut arrays = vec![("level", self.greatest())];
        if self.levels != 3 {
            arrays.push(("levels", self.levels as f32));
        }
        arrays
    }
}

/// The options for variational network quantization.
#[derive(Clone, Debug, PartialEq, Args, Serialize)]
pub struct VnqOptions {
    #[command(flatten)]
    #[serde(flatten)]
    pub normal: NormalOptions,
    /// Values of the codebook, an odd number from 3 to 255, one for all layers or one per layer
    #[arg(long, value_delimiter = ',', default_value = "3")]
    pub levels: Vec<usize>,
    /// Greatest value of the codebook at the start, one for all layers or one per layer
    #[arg(long, value_delimiter = ',', default_value = "0.2")]
    pub level: Vec<f32>,
}

impl MethodOptions for VnqOptions {
    type Method = NormalTraining<Codebook>;

    fn common(&self) -> &CommonOptions {
        &self.normal.common
    }

    /// The published schedule has 195 epochs. The weight of the KL rises over 15, and the learning rate falls from the first.
    fn complete(self, network: &Network) -> Result<Self> {
        let layers = network.layers.len();
        ensure!(self.normal.start.is_some(), "--start is missing: the posterior of a trained network, as of `trainer dense`");
        ensure!(self.levels.iter().all(|&levels| is_codebook(levels)), "--levels takes odd numbers from 3 to 255");
        check_per_layer(&self.levels, layers, "--levels")?;
        check_per_layer(&self.level, layers, "--level")?;
        let is_level = |level: &f32| level.is_finite() && *level >= LEAST_LEVEL;
        ensure!(self.level.iter().all(is_level), "--level must be at least {LEAST_LEVEL}");
        let shares = Shares { warm_up: [0.0, 15.0 / 195.0], decay_from: 0.0 };
        Ok(Self { normal: self.normal.complete(shares)?, ..self })
    }

    fn begin(&self, network: &Network) -> Result<Self::Method> {
        let mut training = self.normal.begin(network, Codebook::new(LEAST_LEVEL, 3), false)?;
        let layers = 0..network.layers.len();
        let codebooks = layers.map(|layer| Codebook::new(of_layer(&self.level, layer), of_layer(&self.levels, layer)));
        training.posterior.priors = codebooks.collect();
        Ok(training)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Scaling;
    use crate::methods::check::close;
    use crate::methods::normal::tests::{check_file, check_gradients, check_training, short};
    use crate::methods::plain::Plain;
    use crate::noise::Noise;
    use crate::posterior;

    #[test]
    fn the_approximation_has_its_known_values() {
        let small = (-4.0_f64).exp();
        for (mean, deviation, level, expected) in [
            (0.2, 0.01, 0.2, 0.635759539),
            (0.1, 0.01, 0.2, -2.303564353),
            (0.15, 0.01, 0.2, -1.818026703),
            (-0.21, 0.01, 0.2, 0.175762680),
            (0.05, 0.05, 0.2, 0.031172622),
            (0.3, 0.1, 0.2, -0.519480984),
            (0.1, 0.005, 0.1, 0.635759539),
            (0.25, 0.02, 0.1, -2.526491194),
            (0.01, small, 0.2, 0.317113319),
        ] {
            close(scaled(mean, 2.0 * f64::ln(deviation), level, 3).0.value, expected, 1e-6);
        }
        assert_eq!(about_zero(0.0, -9.0).value, kl::K1);
        assert_eq!(about_zero(0.0, -9.0).by_mean, 0.0);
    }

    /// At the values and the midpoints of codebooks of 3, 5 and 9, and past the ends, for wide and narrow posteriors.
    #[test]
    fn derivatives_match_finite_differences() {
        const STEP: f64 = 1e-6;
        for levels in [3, 5, 9] {
            for mean in [-0.31, -0.201, -0.11, -0.02, 0.004, 0.06, 0.15, 0.19, 0.26, 0.5] {
                for (log_variance, level) in [(-9.5, 0.2), (-6.0, 0.13), (-2.0, 0.3), (0.9, 0.21)] {
                    let at = |mean: f64, log_variance: f64, level: f64| scaled(mean, log_variance, level, levels).0.value;
                    let (traced, by_level) = scaled(mean, log_variance, level, levels);
                    let difference = |step: [f64; 3]| {
                        let moved = |sign: f64| at(mean + sign * step[0], log_variance + sign * step[1], level + sign * step[2]);
                        (moved(1.0) - moved(-1.0)) / (2.0 * STEP)
                    };
                    close(traced.by_mean, difference([STEP, 0.0, 0.0]), 1e-5);
                    close(traced.by_log_variance, difference([0.0, STEP, 0.0]), 1e-5);
                    close(by_level, difference([0.0, 0.0, STEP]), 1e-5);
                }
            }
        }
    }

    #[test]
    fn weights_are_pruned_or_go_to_the_nearest_value() {
        let codebook = Codebook::new(0.2, 3);
        for (mean, deviation, expected) in
            [(0.19, 0.01, 0.2), (0.05, 0.01, 0.0), (0.05, 0.3, 0.0), (-0.12, 0.02, -0.2), (-0.099, 0.02, 0.0), (0.9, 0.01, 0.2)]
        {
            assert_eq!(codebook.value(mean), expected);
            let pruned = Codebook::statistic(f64::from(mean), 2.0 * f64::ln(deviation)) >= kl::CERTAIN_NOISE;
            assert_eq!(pruned, deviation == 0.3);
        }
        close(Codebook::statistic(0.05, 2.0 * f64::ln(0.3)), 3.5835, 1e-5);
        let seven = Codebook::new(0.75, 7);
        for (mean, expected) in [(0.74, 0.75), (5.0, 0.75), (-0.3, -0.25), (-0.9, -0.75), (0.1, 0.0), (0.4, 0.5)] {
            assert_eq!(seven.value(mean), expected);
        }
    }

    #[test]
    fn the_bounds_hold_after_a_step() {
        use crate::methods::normal::Normal;
        use crate::network::Step;

        let network = Network::new("one", [1, 1, 4], &[Step::Flatten, Step::Linear(4, 1)]);
        let plain = Plain::initialise(&network, &mut Noise::for_initialisation(1));
        let mut layer = Normal::around(&plain, -8.0, Codebook::new(0.2, 3)).layers.remove(0);
        layer.mean.value = vec![0.6, -0.205, 0.1, -7.0];
        layer.log_variance.value = vec![-2.0, -8.0, -12.0, 3.0];
        let mut codebook = Codebook::new(0.01, 3);
        codebook.constrain(&mut layer);
        assert_eq!(codebook.greatest(), 0.05);
        assert_eq!(layer.log_variance.value, [-2.0, -8.0, -10.0, 1.0]);
        // 0.05 + 0.223 s, by hand.
        for (mean, expected) in layer.mean.value.iter().zip([0.132085, -0.0540868, 0.0515034, -0.417879]) {
            assert!((mean - expected).abs() < 1e-6, "{mean} instead of {expected}");
        }
    }

    #[test]
    fn gradients_of_codebooks_match_finite_differences() {
        check_gradients(Codebook::new(0.2, 3));
        check_gradients(Codebook::new(0.4, 7));
    }

    #[test]
    fn a_posterior_comes_back_from_its_file() {
        check_file(Codebook::new(0.11, 3));
        check_file(Codebook::new(0.13, 5));
    }

    #[test]
    fn each_layer_has_a_codebook_of_its_own() {
        let network = Network::lenet_300_100();
        let path = std::env::temp_dir().join(format!("curt-levels-{}.safetensors", std::process::id()));
        let plain = Plain::initialise(&network, &mut Noise::for_initialisation(2));
        posterior::write(&path, &plain, Scaling::UNIT, serde_json::Value::Null).unwrap();
        let normal = NormalOptions { start: Some(path.clone()), ..short(1, 1.0) };
        let options = VnqOptions { normal, levels: vec![15, 3, 5], level: vec![0.1, 0.2, 0.6] };
        let training = options.complete(&network).unwrap().begin(&network).unwrap();
        let greatest: Vec<f32> = training.posterior.priors.iter().map(Codebook::greatest).collect();
        assert_eq!(greatest, [0.1, 0.2, 0.6]);
        let levels: Vec<usize> = training.posterior.priors.iter().map(|codebook| codebook.levels).collect();
        assert_eq!(levels, [15, 3, 5]);
        std::fs::remove_file(path).unwrap();
    }

    /// The greatest value is far from the weights, so some become noise in few epochs.
    #[test]
    fn a_resumed_run_equals_a_straight_one() {
        check_training(&short(12, 0.3), &Codebook::new(1.0, 3));
    }

    #[test]
    fn options_that_cannot_be_are_refused_by_name() {
        let options = |start: Option<&str>, levels: &[usize], level: &[f32]| VnqOptions {
            normal: NormalOptions { start: start.map(Into::into), ..short(195, 1.0) },
            levels: levels.to_vec(),
            level: level.to_vec(),
        };
        for (options, option) in [
            (options(None, &[3], &[0.2]), "--start"),
            (options(Some("file"), &[4], &[0.2]), "--levels"),
            (options(Some("file"), &[3, 3, 1], &[0.2]), "--levels takes odd numbers"),
            (options(Some("file"), &[3, 3], &[0.2]), "--levels takes one value or one for each of the 3 layers"),
            (options(Some("file"), &[3], &[f32::NAN]), "--level"),
            (options(Some("file"), &[3], &[0.2, 0.3]), "--level takes one value or one for each of the 3 layers"),
        ] {
            let error = options.complete(&Network::lenet_300_100()).unwrap_err().to_string();
            assert!(error.contains(option), "{error}");
        }
        let mut published = options(Some("file"), &[3], &[0.2]);
        published.normal.warm_up = Vec::new();
        let published = published.complete(&Network::lenet_300_100()).unwrap();
        assert_eq!((published.normal.warm_up, published.normal.common.decay_from), (vec![0, 15], Some(0)));
    }
}
