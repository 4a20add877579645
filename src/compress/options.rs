//! What the caller of the compressor decides: the error budget, thresholds and encodings.

use crate::base::error::{Error, ErrorKind, Result};
use crate::encoding::Encoding;
use crate::posterior::Posterior;
use std::collections::BTreeMap;

/// The options of a compression: the error budget, thresholds and encodings.
///
/// # Examples
///
/// ```
/// use curt::compress::CompressOptions;
/// use curt::encoding::Encoding;
///
/// let options = CompressOptions::new().max_error_increase(0.1).encodings([Encoding::Ternary]).threshold("fc1", -3.0);
/// assert_eq!(options.max_error_increase, 0.1);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CompressOptions {
    /// How much the validation error may rise above that of the full posterior mean, in percentage points. Default 0.2.
    pub max_error_increase: f64,
    /// How much the validation loss (mean cross-entropy) may rise above that of the full posterior mean, in percent of it. Default 2.
    ///
    /// A few thousand samples resolve a loss far better than an error rate. So this bound keeps the error on other samples from rising.
    pub max_loss_increase: f64,
    /// How far the outputs may be from those of the full network on calibration samples: the mean divergence, in nats. Default 0.01.
    ///
    /// `max_error_increase` then bounds the answers that differ, and `max_loss_increase` nothing.
    pub max_divergence: f64,
    /// The part of both bounds that pruning may use, 0 to 1. Quantization may use what pruning leaves. Default 0.5.
    pub pruning_share: f64,
    /// The Lagrange multiplier of the rate in `fixed_point` and `codebook` encodings: the price of a bit, in mean squared errors of a weight
    /// (`docs/compression.md`, section 4). Default 0: every weight takes its nearest level. Above 0, the squared error is greater and
    /// the packed file smaller.
    pub rate_weight: f64,
    /// The most passes of fine-tuning over all levels and biases (`docs/compression.md`, section 8). Default 0: no fine-tuning.
    pub fine_tune: u32,
    /// Thresholds by layer name: a group is kept when its statistic is below. The thresholds of other layers are searched.
    pub thresholds: BTreeMap<String, f64>,
    /// The encodings that may be chosen. Default: all.
    pub encodings: Vec<Encoding>,
    /// Encodings by layer name, instead of `encodings`.
    pub layer_encodings: BTreeMap<String, Vec<Encoding>>,
}

impl Default for CompressOptions {
    fn default() -> Self {
        Self {
            max_error_increase: 0.2,
            max_loss_increase: 2.0,
            max_divergence: 0.01,
            pruning_share: 0.5,
            rate_weight: 0.0,
            fine_tune: 0,
            thresholds: BTreeMap::new(),
            encodings: all_encodings(),
            layer_encodings: BTreeMap::new(),
        }
    }
}

/// The encodings that are tried by default. A sparse one comes after the dense one that holds the same values.
fn all_encodings() -> Vec<Encoding> {
    let codebooks = [256, 128, 64, 32, 16, 8, 4].map(|levels| Encoding::Codebook { levels });
    let fixed = (2..=8).rev().map(|bits| Encoding::FixedPoint { bits });
    let dense = [Encoding::DenseF32, Encoding::DenseF16];
    let sparse_fixed = (2..=8).rev().map(|bits| Encoding::SparseFixedPoint { bits });
    let sparse_codebooks = [15, 7, 3].map(|levels| Encoding::SparseCodebook { levels });
    let floats = [Encoding::SparseF32, Encoding::BlockF32 { height: 16 }, Encoding::BlockF32 { height: 8 }];
    let sparse = floats.into_iter().chain(sparse_fixed).chain(sparse_codebooks);
    dense.into_iter().chain(fixed).chain(codebooks).chain([Encoding::Ternary]).chain(sparse).collect()
}

impl CompressOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how much the validation error may rise, in percentage points.
    #[must_use]
    pub fn max_error_increase(self, points: f64) -> Self {
        Self { max_error_increase: points, ..self }
    }

    /// Sets how much the validation loss may rise, in percent.
    #[must_use]
    pub fn max_loss_increase(self, percent: f64) -> Self {
        Self { max_loss_increase: percent, ..self }
    }

    /// Sets how far the outputs may be from those of the full network, in nats.
    #[must_use]
    pub fn max_divergence(self, nats: f64) -> Self {
        Self { max_divergence: nats, ..self }
    }

    /// Sets the part of the budget that pruning may use, 0 to 1.
    #[must_use]
    pub fn pruning_share(self, share: f64) -> Self {
        Self { pruning_share: share, ..self }
    }

    /// Sets the price of a bit, in mean squared errors of a weight.
    #[must_use]
    pub fn rate_weight(self, rate_weight: f64) -> Self {
        Self { rate_weight, ..self }
    }

    /// Sets the most passes of fine-tuning.
    #[must_use]
    pub fn fine_tune(self, passes: u32) -> Self {
        Self { fine_tune: passes, ..self }
    }

    /// Sets the threshold of one layer.
    #[must_use]
    pub fn threshold(mut self, layer: impl Into<String>, threshold: f64) -> Self {
        self.thresholds.insert(layer.into(), threshold);
        self
    }

    /// Sets the encodings that may be chosen.
    #[must_use]
    pub fn encodings(self, encodings: impl IntoIterator<Item = Encoding>) -> Self {
        Self { encodings: encodings.into_iter().collect(), ..self }
    }

    /// Adds encodings for one layer. Only the encodings added here may then be chosen for it.
    #[must_use]
    pub fn layer_encodings(mut self, layer: impl Into<String>, encodings: impl IntoIterator<Item = Encoding>) -> Self {
        self.layer_encodings.entry(layer.into()).or_default().extend(encodings);
        self
    }

    /// # Errors
    ///
    /// `input` when a layer is unknown or a number is out of range.
    pub(crate) fn check(&self, posterior: &Posterior) -> Result<()> {
        let refuse = |message: String| Err(Error::new(ErrorKind::Input, message));
        let known: Vec<&str> = posterior.layer_names().collect();
        for name in self.thresholds.keys().chain(self.layer_encodings.keys()) {
            if !known.contains(&name.as_str()) {
                return refuse(format!("there is no layer {name:?}; the layers are {}", known.join(", ")));
            }
        }
        if !(self.max_error_increase >= 0.0 && self.max_error_increase.is_finite()) {
            return refuse(format!("the error budget is {} points, expected a number from 0 up", self.max_error_increase));
        }
        if self.max_loss_increase.is_nan() || self.max_loss_increase < 0.0 {
            return refuse(format!("the loss budget is {} percent, expected a number from 0 up", self.max_loss_increase));
        }
        if self.max_divergence.is_nan() || self.max_divergence < 0.0 {
            return refuse(format!("the budget of divergence is {} nats, expected a number from 0 up", self.max_divergence));
        }
        if !(0.0..=1.0).contains(&self.pruning_share) {
            return refuse(format!("the share of pruning is {}, expected 0 to 1", self.pruning_share));
        }
        if !(self.rate_weight >= 0.0 && self.rate_weight.is_finite()) {
            return refuse(format!("the weight of the rate is {}, expected a number from 0 up", self.rate_weight));
        }
        if let Some((name, _)) = self.thresholds.iter().find(|(_, threshold)| threshold.is_nan()) {
            return refuse(format!("the threshold of {name:?} is not a number"));
        }
        let lists = self.layer_encodings.values().chain([&self.encodings]);
        for encoding in lists.clone().flatten() {
            let (id, parameter) = encoding.to_fields();
            Encoding::from_fields(id, parameter, 0).map_err(|error| Error::new(ErrorKind::Input, error.to_string()))?;
        }
        if lists.clone().any(Vec::is_empty) {
            return refuse("a list of encodings is empty".to_owned());
        }
        Ok(())
    }

    /// The encodings allowed for layer `name`.
    pub(crate) fn encodings_of(&self, name: &str) -> &[Encoding] {
        self.layer_encodings.get(name).unwrap_or(&self.encodings)
    }
}
