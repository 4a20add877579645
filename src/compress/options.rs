//! What the caller of the compressor decides: the error budget, and choices of his own.

use crate::base::error::{Error, ErrorKind, Result};
use crate::encoding::Encoding;
use crate::posterior::Posterior;
use std::collections::BTreeMap;

/// What may be chosen, and at what price.
#[derive(Clone, Debug)]
pub struct Options {
    /// How much the validation error may rise over that of the full posterior mean, in percentage points.
    pub max_error_increase: f64,
    /// How much the validation loss (mean cross-entropy) may rise over that of the full posterior mean, in percent of it. A few thousand
    /// samples resolve a loss far better than an error rate, so that this is what keeps the error on other samples from rising.
    pub max_loss_increase: f64,
    /// The part of both that pruning may use, 0 to 1; quantization may use what pruning leaves.
    pub pruning_share: f64,
    /// What a bit of a weight may cost in `fixed_point` and `codebook` encodings, in mean squared errors of a weight (`docs/compression.md`, section
    /// 4). 0 takes the nearest level; above, files are larger in squared error, and smaller once packed.
    pub rate_weight: f64,
    /// Passes at most over all levels and biases, which are moved to where the loss on some of the validation samples is least
    /// (`docs/compression.md`, section 8). 0 leaves them as they are.
    pub fine_tune: u32,
    /// Thresholds by layer name: a group is kept when its statistic is below. Other layers get one chosen.
    pub thresholds: BTreeMap<String, f64>,
    /// The encodings that may be chosen.
    pub encodings: Vec<Encoding>,
    /// Encodings by layer name, instead of `encodings`.
    pub layer_encodings: BTreeMap<String, Vec<Encoding>>,
}

impl Default for Options {
    fn default() -> Self {
        let codebooks = [256, 128, 64, 32, 16, 8, 4].map(|levels| Encoding::Codebook { levels });
        let fixed = (2..=8).rev().map(|bits| Encoding::FixedPoint { bits });
        let dense = [Encoding::DenseF32, Encoding::DenseF16];
        let sparse_fixed = (2..=8).rev().map(|bits| Encoding::SparseFixedPoint { bits });
        let sparse_codebooks = [15, 7, 3].map(|levels| Encoding::SparseCodebook { levels });
        let floats = [Encoding::SparseF32, Encoding::BlockF32 { height: 16 }, Encoding::BlockF32 { height: 8 }];
        let sparse = floats.into_iter().chain(sparse_fixed).chain(sparse_codebooks);
        Self {
            max_error_increase: 0.2,
            max_loss_increase: 2.0,
            pruning_share: 0.5,
            rate_weight: 0.0,
            fine_tune: 0,
            thresholds: BTreeMap::new(),
            encodings: dense.into_iter().chain(fixed).chain(codebooks).chain([Encoding::Ternary]).chain(sparse).collect(),
            layer_encodings: BTreeMap::new(),
        }
    }
}

impl Options {
    /// Error: `input` when a layer is not known or a number is out of range.
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
        if !(0.0..=1.0).contains(&self.pruning_share) {
            return refuse(format!("the share of pruning is {}, expected 0 to 1", self.pruning_share));
        }
        if !(self.rate_weight >= 0.0 && self.rate_weight.is_finite()) {
            return refuse(format!("the weight of the rate is {}, expected a number from 0 up", self.rate_weight));
        }
        if let Some((name, _)) = self.thresholds.iter().find(|(_, threshold)| threshold.is_nan()) {
            return refuse(format!("the threshold of {name:?} is no number"));
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

/// Called with a stage, the steps done and the steps in all (an upper bound).
pub type Progress<'a> = &'a mut dyn FnMut(&str, u64, u64);

/// The encodings that a label means; `fixed_point` and `codebook` without a parameter mean all that are tried by default.
/// Error: `input`.
pub fn parse_encodings(label: &str) -> Result<Vec<Encoding>> {
    let all = Options::default().encodings;
    let named: Vec<Encoding> = all.iter().copied().filter(|encoding| encoding.name() == label).collect();
    if !named.is_empty() {
        return Ok(named);
    }
    Ok(vec![label.parse()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_parameter_means_all_that_are_tried() {
        assert_eq!(parse_encodings("fixed_point").unwrap().len(), 7);
        assert_eq!(parse_encodings("codebook:3").unwrap(), [Encoding::Codebook { levels: 3 }]);
        assert_eq!(parse_encodings("codebook:1").unwrap_err().kind(), ErrorKind::Input);
    }
}
