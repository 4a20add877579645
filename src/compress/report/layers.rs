//! What was kept, what it costs, and what it did to the error.

use super::accounting::{self, LayerCount};
use crate::compress::evaluate::Score;
use crate::compress::quantize::Quantized;
use crate::compress::search::FineTuning;
use crate::compress::shrink::{Compact, Network};
use serde_json::{Value, json};
use std::fmt;

/// The report of a compression. `docs/compression.md` says how to read it.
#[derive(Clone, Debug)]
pub struct Report {
    /// The network's name.
    pub network: String,
    /// The method's name.
    pub method: String,
    /// The layers with weights in order.
    pub layers: Vec<LayerReport>,
    /// Bytes of the whole file.
    pub file_bytes: u64,
    /// The full posterior mean: nothing pruned but what the file of a plain network masks.
    pub full: Score,
    /// The masked posterior mean, in 32-bit floats.
    pub masked: Score,
    /// The written file.
    pub compressed: Score,
    /// What moving levels and biases changed, where that was asked for.
    pub fine_tuning: Option<FineTuning>,
    /// The rise of the validation error that was allowed, percentage points.
    pub max_error_increase: f64,
    /// The rise of the validation loss that was allowed, percent.
    pub max_loss_increase: f64,
    /// Whether the written file keeps both; forced thresholds and encodings may break them.
    pub within_budget: bool,
    /// Exponent bits that the reference rule charges every weight, where there is a posterior.
    pub exponent_bits: Option<u32>,
    /// The trainer's own record.
    pub training: Value,
}

fn fine_tuning_json(tuning: FineTuning) -> Value {
    let part = |[before, after]: [Score; 2]| json!({ "samples": before.samples, "before": score_json(before), "after": score_json(after) });
    json!({
        "passes": tuning.passes,
        "moves": tuning.moves,
        "tuned_on": part(tuning.tuned_on),
        "checked_on": part(tuning.checked_on),
    })
}

impl fmt::Display for FineTuning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "fine-tuning: passes kept {}, moves of levels and biases kept {}", self.passes, self.moves)?;
        for (what, [before, after]) in [("tuned on", self.tuned_on), ("checked on", self.checked_on)] {
            let (from, to, samples) = (before.percent(), after.percent(), before.samples);
            let (loss_from, loss_to) = (before.loss, after.loss);
            writeln!(f, "  {samples} samples {what}: error {from:.2} % to {to:.2} %, loss {loss_from:.4} to {loss_to:.4}")?;
        }
        Ok(())
    }
}

/// A layer of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerReport {
    /// The node's name.
    pub name: String,
    /// The operator.
    pub op: &'static str,
    /// Outputs and weights of an output (inputs; of a convolution, input channels times the window) before.
    pub original: (u64, u64),
    /// Outputs and weights of an output stored.
    pub kept: (u64, u64),
    /// Weights of an output that are not zero in every output: what is stored besides are columns of zeros, of inputs that are pruned while the
    /// map that they belong to is kept.
    pub used: u64,
    /// Stored weights that are not zero.
    pub nonzero: u64,
    /// A group, or a single weight, is kept when its statistic is below; none when nothing was pruned.
    pub threshold: Option<f64>,
    /// The encoding, with its parameter.
    pub encoding: String,
    /// Bytes of the weight array, padding included, of the levels and of the lists' counts.
    pub weight_bytes: u64,
    /// Bytes of the biases.
    pub bias_bytes: u64,
    /// Weights that the papers' accounting charges: those of the rows and columns kept; where single weights were pruned, twice those that are
    /// not zero, because an index costs as much as a weight.
    pub accounted: u64,
    /// The order-0 entropy of all stored weights together, bits: no code that takes each weight by itself gets below.
    pub entropy_bits: f64,
    /// Sign, exponent and significand by the reference rule.
    pub reference_bits: Option<u32>,
    /// Sign and magnitude of a fixed-point integer by the variance-matched rule.
    pub variance_matched_bits: Option<u32>,
}

impl LayerReport {
    /// Weights stored.
    #[must_use]
    pub fn weights(&self) -> u64 {
        self.kept.0 * self.kept.1
    }

    /// Bits of array and levels per weight stored; 0 for a layer without weights.
    #[must_use]
    pub fn bits_per_weight(&self) -> f64 {
        8.0 * self.weight_bytes as f64 / self.weights().max(1) as f64
    }
}

/// Exponent bits of a network by the reference rule.
pub(crate) fn exponent_bits(shrunk: &[Compact]) -> u32 {
    accounting::exponent(shrunk.iter().map(greatest).fold(0.0, f64::max))
}

fn greatest(shrunk: &Compact) -> f64 {
    shrunk.weights.iter().map(|&weight| f64::from(weight).abs()).fold(0.0, f64::max)
}

/// The report of each layer.
pub(crate) fn layers(
    network: &Network<'_>,
    names: &[&str],
    shrunk: &[Compact],
    quantized: &[Quantized],
    thresholds: &[Option<f64>],
    variances: Option<&[Vec<f64>]>,
    scattered: bool,
) -> Vec<LayerReport> {
    let exponent = exponent_bits(shrunk);
    let layer = |(l, layer): (usize, &Quantized)| {
        let compact = &shrunk[l];
        let of_rule = |rule| {
            let kept = |variances: &[Vec<f64>]| {
                let kept = variances[l].iter().zip(&compact.weights).filter(|(_, weight)| **weight != 0.0);
                accounting::of_layer(kept.map(|(&variance, _)| variance), rule)
            };
            variances.map(kept)
        };
        let nonzero = layer.weights.iter().filter(|&&weight| weight != 0.0).count() as u64;
        let (rows, used) = (compact.rows.kept() as u64, compact.columns_used() as u64);
        LayerReport {
            name: names[l].to_owned(),
            op: network.graph.nodes()[network.places[l].output - 1].op.name(),
            original: (compact.rows.len() as u64, compact.original_columns as u64),
            kept: (rows, compact.columns.len() as u64),
            used,
            nonzero,
            threshold: thresholds[l],
            encoding: layer.encoded.encoding.to_string(),
            weight_bytes: layer.bytes(),
            bias_bytes: 4 * rows,
            accounted: if scattered { 2 * nonzero } else { rows * used },
            entropy_bits: entropy_bits(&layer.weights),
            reference_bits: of_rule(accounting::reference).map(|significand| 1 + exponent + significand),
            variance_matched_bits: of_rule(accounting::variance_matched).map(|t| accounting::fixed_point(greatest(compact), t)),
        }
    };
    quantized.iter().enumerate().map(layer).collect()
}

/// The order-0 entropy of a layer's weights, bits in all.
pub(crate) fn entropy_bits(weights: &[f32]) -> f64 {
    let mut symbols: Vec<u32> = weights.iter().map(|weight| weight.to_bits()).collect();
    symbols.sort_unstable();
    let n = symbols.len() as f64;
    symbols.chunk_by(|a, b| a == b).map(|run| run.len() as f64 * (n / run.len() as f64).log2()).sum()
}

impl Report {
    /// Bytes of the original network's weights and biases as 32-bit floats.
    #[must_use]
    pub fn original_bytes(&self) -> u64 {
        4 * self.layers.iter().map(|layer| layer.original.0 * (layer.original.1 + 1)).sum::<u64>()
    }

    /// The papers' accounting with the bits of the reference rule, where there is a posterior.
    fn counts(&self) -> Option<Vec<LayerCount>> {
        let count = |layer: &LayerReport| {
            let original = layer.original.0 * layer.original.1;
            Some(LayerCount { original, kept: layer.accounted, bits: layer.reference_bits? })
        };
        self.layers.iter().map(count).collect()
    }

    /// The report for programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let layers = self.layers.iter().map(layer_json).collect::<Vec<_>>();
        let counts = self.counts();
        json!({
            "network": self.network,
            "method": self.method,
            "layers": layers,
            "totals": {
                "file_bytes": self.file_bytes,
                "original_bytes": self.original_bytes(),
                "original_over_file": self.original_bytes() as f64 / self.file_bytes as f64,
                "original_weights": self.sum(|layer| layer.original.0 * layer.original.1),
                "kept_weights": self.sum(LayerReport::weights),
                "nonzero_weights": self.sum(|layer| layer.nonzero),
                "weight_bytes": self.sum(|layer| layer.weight_bytes),
                "bias_bytes": self.sum(|layer| layer.bias_bytes),
                "entropy_bits": self.layers.iter().map(|layer| layer.entropy_bits).sum::<f64>(),
                "exponent_bits": self.exponent_bits,
                "accounted_pruning_rate": counts.as_deref().map(accounting::pruning_rate),
                "accounted_fast_rate": counts.as_deref().map(accounting::fast_rate),
            },
            "validation": {
                "samples": self.full.samples,
                "full_posterior_mean": score_json(self.full),
                "masked_posterior_mean": score_json(self.masked),
                "compressed": score_json(self.compressed),
                "max_error_increase": self.max_error_increase,
                "max_loss_increase": self.max_loss_increase,
                "within_budget": self.within_budget,
            },
            "fine_tuning": self.fine_tuning.map(fine_tuning_json),
            "training": self.training,
        })
    }

    fn sum(&self, count: impl Fn(&LayerReport) -> u64) -> u64 {
        self.layers.iter().map(count).sum()
    }
}

fn score_json(score: Score) -> Value {
    json!({ "errors": score.errors, "error_percent": score.percent(), "loss_nats": score.loss })
}

fn layer_json(layer: &LayerReport) -> Value {
    json!({
        "name": layer.name,
        "op": layer.op,
        "original": [layer.original.0, layer.original.1],
        "kept": [layer.kept.0, layer.kept.1],
        "used": layer.used,
        "nonzero": layer.nonzero,
        "nonzero_share": layer.nonzero as f64 / layer.weights().max(1) as f64,
        "threshold": layer.threshold.filter(|t| t.is_finite()),
        "encoding": layer.encoding,
        "bits_per_weight": layer.bits_per_weight(),
        "weight_bytes": layer.weight_bytes,
        "bias_bytes": layer.bias_bytes,
        "entropy_bits": layer.entropy_bits,
        "reference_bits": layer.reference_bits,
        "variance_matched_bits": layer.variance_matched_bits,
    })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, {}", self.network, self.method)?;
        let columns = [
            "layer",
            "original",
            "kept",
            "used",
            "nonzero",
            "threshold",
            "encoding",
            "bits/w",
            "bytes",
            "entropy B",
            "ref",
            "var",
        ];
        let mut rows = vec![columns.map(str::to_owned)];
        let optional = |bits: Option<u32>| bits.map_or_else(|| "-".to_owned(), |bits| bits.to_string());
        for layer in &self.layers {
            let share = 100.0 * layer.nonzero as f64 / layer.weights().max(1) as f64;
            rows.push([
                layer.name.clone(),
                format!("{}x{}", layer.original.0, layer.original.1),
                format!("{}x{}", layer.kept.0, layer.kept.1),
                layer.used.to_string(),
                format!("{share:.1} %"),
                layer.threshold.map_or_else(|| "-".to_owned(), |t| format!("{t:.2}")),
                layer.encoding.clone(),
                format!("{:.2}", layer.bits_per_weight()),
                (layer.weight_bytes + layer.bias_bytes).to_string(),
                format!("{:.0}", layer.entropy_bits / 8.0),
                optional(layer.reference_bits),
                optional(layer.variance_matched_bits),
            ]);
        }
        let width = |i: usize| rows.iter().map(|row| row[i].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns.len()).map(width).collect();
        for row in &rows {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}")).collect();
            writeln!(f, "  {}", cells.join("  "))?;
        }
        let ratio = self.original_bytes() as f64 / self.file_bytes as f64;
        writeln!(f, "file {} bytes, original {} bytes, ratio {ratio:.1}", self.file_bytes, self.original_bytes())?;
        if let Some(counts) = self.counts() {
            let (pruning, fast) = (accounting::pruning_rate(&counts), accounting::fast_rate(&counts));
            writeln!(f, "accounted as in the papers (weights only): pruning {pruning:.1}, fast prediction {fast:.1}")?;
        }
        for (what, score) in [("full posterior mean", self.full), ("masked", self.masked), ("compressed", self.compressed)] {
            let (percent, errors, samples) = (score.percent(), score.errors, score.samples);
            writeln!(f, "validation error, {what}: {percent:.2} % ({errors} of {samples}), loss {:.4}", score.loss)?;
        }
        if let Some(tuning) = &self.fine_tuning {
            write!(f, "{tuning}")?;
        }
        if !self.within_budget {
            let (points, percent) = (self.max_error_increase, self.max_loss_increase);
            writeln!(f, "more was lost than the {points} points of error and {percent} % of loss allowed")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_counts_equal_weights() {
        assert_eq!(entropy_bits(&[1.0, 1.0, 2.0, 2.0]), 4.0);
        assert_eq!(entropy_bits(&[1.0, 2.0, 3.0, 4.0]), 8.0);
        assert_eq!((entropy_bits(&[5.0; 9]), entropy_bits(&[])), (0.0, 0.0));
        // Density 1/8: 8 H(1/8) = 8 (3/8 + 7/8 log2(8/7)) = 4.3485 bits.
        assert!((entropy_bits(&[0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]) - 4.348_515_5).abs() < 1e-6);
    }
}
