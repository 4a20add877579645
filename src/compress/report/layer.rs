//! What was kept of each layer, and what it costs.

use super::accounting;
use crate::compress::quantize::Quantized;
use crate::compress::shrink::{OriginalNetwork, ShrunkLayer};
use serde::Serialize;

/// A layer in the report of a compression.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CompressedLayer {
    /// The node's name.
    pub name: String,
    /// The operator.
    pub op: &'static str,
    /// `[rows, cols]` of the original layer. Rows are outputs. Columns are inputs; of a convolution, input channels times the window.
    pub original: (u64, u64),
    /// `[rows, cols]` of the layer stored.
    pub kept: (u64, u64),
    /// Stored columns in which a weight is not zero. The others are pruned elements of a map that is kept.
    pub used: u64,
    /// Stored weights that are not zero.
    pub nonzero: u64,
    /// Their share of the stored weights; 0 for a layer without weights.
    pub nonzero_share: f64,
    /// A group or a single weight is kept when its statistic is below; `None` when nothing was pruned.
    pub threshold: Option<f64>,
    /// The encoding, with its parameter.
    pub encoding: String,
    /// Bits of array and levels per weight stored; 0 for a layer without weights.
    pub bits_per_weight: f64,
    /// Bytes of the weight array, padding included, of the levels and of the lists' counts.
    pub weight_bytes: u64,
    /// Bytes of the biases.
    pub bias_bytes: u64,
    /// The order-0 entropy of all stored weights together, bits: a lower bound for any code that takes each weight by itself.
    pub entropy_bits: f64,
    /// Sign, exponent and significand by the reference rule.
    pub reference_bits: Option<u32>,
    /// Sign and magnitude of a fixed-point integer by the variance-matched rule.
    pub variance_matched_bits: Option<u32>,
    /// Weights that the papers' accounting charges: those of the rows and used columns. Where single weights were pruned, twice the number of
    /// weights that are not zero, because an index costs as much as a weight.
    #[serde(skip)]
    pub accounted: u64,
}

impl CompressedLayer {
    /// Weights of the original layer.
    #[must_use]
    pub fn original_weights(&self) -> u64 {
        self.original.0 * self.original.1
    }

    /// Weights stored.
    #[must_use]
    pub fn weights(&self) -> u64 {
        self.kept.0 * self.kept.1
    }
}

/// The result of a compression, one entry for each layer.
pub(crate) struct Outcome<'a> {
    pub(crate) network: &'a OriginalNetwork<'a>,
    pub(crate) names: &'a [&'a str],
    pub(crate) shrunk: &'a [ShrunkLayer],
    pub(crate) quantized: &'a [Quantized],
    pub(crate) thresholds: &'a [Option<f64>],
    /// The posterior variance of each weight kept, if there is a posterior.
    pub(crate) variances: Option<&'a [Vec<f64>]>,
    /// Whether single weights were pruned.
    pub(crate) prunes_weights: bool,
}

impl Outcome<'_> {
    /// The report of each layer.
    pub(crate) fn layers(&self) -> Vec<CompressedLayer> {
        let exponent = self.exponent_bits();
        (0..self.quantized.len()).map(|l| self.layer(l, exponent)).collect()
    }

    /// The exponent bits that the reference rule charges for every weight, if there is a posterior.
    pub(crate) fn exponent_bits(&self) -> Option<u32> {
        self.variances.map(|_| accounting::exponent(self.shrunk.iter().map(greatest).fold(0.0, f64::max)))
    }

    fn layer(&self, l: usize, exponent: Option<u32>) -> CompressedLayer {
        let (shrunk, quantized) = (&self.shrunk[l], &self.quantized[l]);
        let nonzero = quantized.weights.iter().filter(|&&weight| weight != 0.0).count() as u64;
        let (rows, cols, used) = (shrunk.rows.kept() as u64, shrunk.columns.len() as u64, shrunk.columns_used() as u64);
        let (weights, weight_bytes) = ((rows * cols).max(1) as f64, quantized.bytes());
        CompressedLayer {
            name: self.names[l].to_owned(),
            op: self.network.graph.nodes()[self.network.places[l].output - 1].op.name(),
            original: (shrunk.rows.len() as u64, shrunk.original_columns as u64),
            kept: (rows, cols),
            used,
            nonzero,
            nonzero_share: nonzero as f64 / weights,
            threshold: self.thresholds[l],
            encoding: quantized.encoded.encoding.to_string(),
            bits_per_weight: 8.0 * weight_bytes as f64 / weights,
            weight_bytes,
            bias_bytes: 4 * rows,
            entropy_bits: entropy_bits(&quantized.weights),
            reference_bits: exponent.and_then(|exponent| Some(1 + exponent + self.bits(l, accounting::reference)?)),
            variance_matched_bits: self
                .bits(l, accounting::variance_matched)
                .map(|bits| accounting::fixed_point(greatest(shrunk), bits)),
            accounted: if self.prunes_weights { 2 * nonzero } else { rows * used },
        }
    }

    /// The bits by a rule for those weights of a layer that are not zero, if there is a posterior.
    fn bits(&self, l: usize, rule: fn(f64) -> u32) -> Option<u32> {
        let weights = self.variances?[l].iter().zip(&self.shrunk[l].weights);
        Some(accounting::of_layer(weights.filter(|(_, weight)| **weight != 0.0).map(|(&variance, _)| variance), rule))
    }
}

fn greatest(layer: &ShrunkLayer) -> f64 {
    layer.weights.iter().map(|&weight| f64::from(weight).abs()).fold(0.0, f64::max)
}

/// The order-0 entropy of a layer's weights, bits in all.
fn entropy_bits(weights: &[f32]) -> f64 {
    let mut symbols: Vec<u32> = weights.iter().map(|weight| weight.to_bits()).collect();
    symbols.sort_unstable();
    let n = symbols.len() as f64;
    symbols.chunk_by(|a, b| a == b).map(|run| run.len() as f64 * (n / run.len() as f64).log2()).sum()
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
