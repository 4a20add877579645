//! The report of a compression: the same fields for programs that link the library and for those that read JSON.

use super::accounting::{self, LayerCount};
use super::layer::{CompressedLayer, Outcome};
use crate::compress::evaluate::Score;
use crate::compress::search::FineTuning;
use serde::Serialize;
use serde_json::Value;

/// The report of a compression. `docs/compression.md` says how to read it.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct CompressionReport {
    /// The network's name.
    pub network: String,
    /// The method's name.
    pub method: String,
    /// The layers with weights, in order.
    pub layers: Vec<CompressedLayer>,
    /// The network as a whole.
    pub totals: Totals,
    /// Error and loss on the validation samples.
    pub validation: ValidationScores,
    /// What fine-tuning changed, if it was asked for.
    pub fine_tuning: Option<FineTuning>,
    /// The trainer's own record, or null.
    pub training: Value,
}

/// Counts of all layers, and the papers' accounting.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Totals {
    /// Bytes of the whole file.
    pub file_bytes: u64,
    /// Bytes of the original weights and biases as 32-bit floats.
    pub original_bytes: u64,
    /// Original bytes divided by the bytes of the file.
    pub original_over_file: f64,
    /// Weights of the original layers.
    pub original_weights: u64,
    /// Weights stored.
    pub kept_weights: u64,
    /// Stored weights that are not zero.
    pub nonzero_weights: u64,
    /// Bytes of weight arrays and levels.
    pub weight_bytes: u64,
    /// Bytes of biases.
    pub bias_bytes: u64,
    /// The order-0 entropy of the stored weights, layer by layer, bits.
    pub entropy_bits: f64,
    /// The exponent bits that the reference rule charges for every weight, if there is a posterior.
    pub exponent_bits: Option<u32>,
    /// Original weights divided by weights charged, if there is a posterior.
    pub accounted_pruning_rate: Option<f64>,
    /// 32 bits for each original weight, divided by the bits that the reference rule charges, if there is a posterior.
    pub accounted_fast_rate: Option<f64>,
}

impl Totals {
    pub(crate) fn new(layers: &[CompressedLayer], file_bytes: u64, outcome: &Outcome<'_>) -> Self {
        let sum = |count: fn(&CompressedLayer) -> u64| layers.iter().map(count).sum::<u64>();
        let original_bytes = 4 * sum(|layer| layer.original.0 * (layer.original.1 + 1));
        let count = |layer: &CompressedLayer| {
            Some(LayerCount { original: layer.original_weights(), kept: layer.accounted, bits: layer.reference_bits? })
        };
        let counts: Option<Vec<LayerCount>> = layers.iter().map(count).collect();
        Self {
            file_bytes,
            original_bytes,
            original_over_file: original_bytes as f64 / file_bytes as f64,
            original_weights: sum(CompressedLayer::original_weights),
            kept_weights: sum(CompressedLayer::weights),
            nonzero_weights: sum(|layer| layer.nonzero),
            weight_bytes: sum(|layer| layer.weight_bytes),
            bias_bytes: sum(|layer| layer.bias_bytes),
            entropy_bits: layers.iter().map(|layer| layer.entropy_bits).sum(),
            exponent_bits: outcome.exponent_bits(),
            accounted_pruning_rate: counts.as_deref().map(accounting::pruning_rate),
            accounted_fast_rate: counts.as_deref().map(accounting::fast_rate),
        }
    }
}

/// Scores on the validation samples, and the rise that was allowed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ValidationScores {
    /// What the answers are compared with: `labels`, or those of the full network, by the objective `classify`, `binary` or `regress`.
    pub objective: &'static str,
    /// The number of validation samples.
    pub samples: u64,
    /// The full posterior mean: nothing is pruned except what the file of a plain network masks.
    #[serde(rename = "full_posterior_mean")]
    pub full: Score,
    /// The masked posterior mean, in 32-bit floats.
    #[serde(rename = "masked_posterior_mean")]
    pub masked: Score,
    /// The written file.
    pub compressed: Score,
    /// The rise of the error that the budget allows, percentage points.
    pub max_error_increase: f64,
    /// The rise of the loss that the budget allows, percent.
    pub max_loss_increase: f64,
    /// The divergence from the full network that the budget allows, nats.
    pub max_divergence: f64,
    /// The largest difference of an output of the written file from the full network's, where that is the objective.
    pub largest_deviation: Option<f64>,
    /// Whether the written file is within both bounds. Thresholds and encodings given by the caller may exceed them.
    pub within_budget: bool,
}

impl CompressionReport {
    /// The report for programs.
    ///
    /// # Panics
    ///
    /// Never: every key of the report is a string.
    #[must_use]
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).expect("invariant: every key of the report is a string")
    }
}
