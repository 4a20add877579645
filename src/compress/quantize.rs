//! A layer in any encoding: the codes, and the weights that they stand for.

use super::codebook::Clusters;
use super::masks::Compacted;
use super::network::Values;
use super::{fixed_point, sparse, ternary};
use crate::base::align::AlignedVec;
use crate::base::error::Result;
use crate::encoding::{Encoded, Encoding, Weights, dense};
use crate::format::LayerTables;
use half::f16;

/// A layer to be quantized, row-major, with the inverse posterior variance of each weight where there is one.
#[derive(Clone, Copy)]
pub(super) struct Weighted<'a> {
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) weights: &'a [f32],
    pub(super) precision: Option<&'a [f64]>,
    pub(super) values: Values,
    /// What a bit may cost, in mean squared errors of a weight; 0 takes the nearest level.
    pub(super) rate_weight: f64,
}

impl Weighted<'_> {
    /// Each weight with its precision, 1 without a posterior.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (f64, f64)> + Clone {
        self.weights.iter().enumerate().map(|(i, &w)| (f64::from(w), self.precision.map_or(1.0, |precision| precision[i])))
    }
}

/// A quantized layer.
#[derive(Clone, Debug)]
pub(super) struct Quantized {
    /// What the file stores.
    pub(super) encoded: Encoded,
    /// What it stands for, row-major.
    pub(super) weights: Vec<f32>,
}

impl Quantized {
    /// Bytes of the array, of the levels and of the lists' counts.
    pub(super) fn bytes(&self) -> u64 {
        self.encoded.bytes.len() as u64 + LayerTables::of(&self.encoded, Vec::new()).stored_bytes(self.encoded.cols)
    }

    /// Changes a level; the codes stay. Errors: `codebook` when the encoding has no such level; `no_memory`.
    pub(super) fn set_level(&mut self, level: usize, value: f32) -> Result<()> {
        self.encoded.levels[level] = value;
        let Encoded { encoding, rows, cols, .. } = self.encoded;
        let mut bytes = AlignedVec::zeroed(self.encoded.bytes.len())?;
        bytes.copy_from_slice(&self.encoded.bytes);
        self.weights = Weights::new(encoding, rows, cols, &bytes, &self.encoded.lookup())?.decode();
        Ok(())
    }
}

/// The layer in each of `encodings` that can hold it, in their order. Weights that are to be kept as they are: in the smallest that does.
pub(super) fn candidates(layer: &Weighted<'_>, encodings: &[Encoding]) -> Vec<Quantized> {
    let level_counts = encodings.iter().filter_map(|encoding| match encoding {
        Encoding::Codebook { levels } => Some(*levels),
        Encoding::SparseCodebook { levels } => Some(*levels + 1), // and zero
        _ => None,
    });
    let clusters = level_counts.max().map(|levels| Clusters::new(layer, levels));
    let quantized = encodings.iter().filter_map(|&encoding| match encoding {
        Encoding::DenseF32 => Some(dense_f32(layer)),
        Encoding::DenseF16 => Some(dense_f16(layer)),
        Encoding::FixedPoint { bits } => fixed_point::quantize(layer, bits),
        Encoding::Ternary => Some(ternary::quantize(layer)),
        Encoding::Codebook { levels } => clusters.as_ref().and_then(|clusters| clusters.quantize(layer, levels)),
        Encoding::SparseF32 | Encoding::SparseFixedPoint { .. } | Encoding::SparseCodebook { .. } | Encoding::BlockF32 { .. } => {
            sparse::quantize(layer, encoding, clusters.as_ref())
        }
    });
    let mut all: Vec<Quantized> = Vec::new();
    if layer.values != Values::Any {
        return quantized
            .filter(|quantized| quantized.weights == layer.weights)
            .min_by_key(Quantized::bytes)
            .into_iter()
            .collect();
    }
    for quantized in quantized {
        // Sparse encodings come after the dense ones that hold the same weights, and are of use only where they are smaller.
        let is_no_smaller = |other: &Quantized| other.bytes() <= quantized.bytes() && other.weights == quantized.weights;
        if encoded_sparsely(&quantized) && all.iter().any(is_no_smaller) {
            continue;
        }
        all.push(quantized);
    }
    all
}

fn encoded_sparsely(quantized: &Quantized) -> bool {
    quantized.encoded.encoding.lists(1) > 0
}

/// Every layer as 32-bit floats: nothing is lost.
pub(super) fn exact(network: &Compacted) -> Vec<Quantized> {
    let weighted = network.layers.iter().map(|layer| Weighted {
        rows: layer.rows.kept(),
        cols: layer.columns.len(),
        weights: &layer.weights,
        precision: None,
        values: Values::Any,
        rate_weight: 0.0,
    });
    weighted.map(|layer| dense_f32(&layer)).collect()
}

fn dense_f32(layer: &Weighted<'_>) -> Quantized {
    let weights: Vec<f32> = layer.weights.iter().map(|w| w + 0.0).collect(); // -0 is stored as +0
    Quantized { encoded: dense::encode_f32(layer.rows, layer.cols, &weights), weights }
}

fn dense_f16(layer: &Weighted<'_>) -> Quantized {
    let largest = f16::MAX.to_f32();
    let weights = layer.weights.iter().map(|w| f16::from_f32(w.clamp(-largest, largest)).to_f32() + 0.0).collect();
    Quantized { encoded: dense::encode_f16(layer.rows, layer.cols, layer.weights), weights }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::encoding::Weights;

    /// A layer whose weights go to their nearest levels.
    pub(crate) fn weighted<'a>(rows: usize, cols: usize, weights: &'a [f32], precision: Option<&'a [f64]>) -> Weighted<'a> {
        Weighted { rows, cols, weights, precision, values: Values::Any, rate_weight: 0.0 }
    }

    /// Weights in (-1, 1) and precisions in (0.5, 1.5), the same for a seed in every run.
    pub(crate) fn numbers(seed: u64, n: usize) -> (Vec<f32>, Vec<f64>) {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / f64::from(1 << 24)
        };
        (0..n).map(|_| ((next() * 2.0 - 1.0) as f32, next() + 0.5)).unzip()
    }

    /// The weighted squared error that quantizers minimise.
    pub(crate) fn distortion(layer: &Weighted<'_>, quantized: &[f32]) -> f64 {
        layer.pairs().zip(quantized).map(|((w, p), &q)| p * (w - f64::from(q)).powi(2)).sum()
    }

    #[test]
    fn codes_stand_for_the_weights_that_are_evaluated() {
        let encodings = crate::compress::Options::default().encodings;
        for (rows, cols) in [(1, 1), (3, 7), (20, 19), (0, 4), (4, 0)] {
            let (mut weights, precision) = numbers(5, rows * cols);
            weights.iter_mut().step_by(5).for_each(|w| *w = -0.0);
            let layer = weighted(rows, cols, &weights, Some(&precision));
            let all = candidates(&layer, &encodings);
            let dense = encodings.iter().filter(|encoding| encoding.lists(1) == 0).count();
            assert!(all.len() >= if rows * cols > 1 { dense } else { 10 });
            for Quantized { encoded, weights } in all {
                let lookup = encoded.lookup();
                let mut aligned = crate::base::align::AlignedVec::zeroed(encoded.bytes.len()).unwrap();
                aligned.copy_from_slice(&encoded.bytes);
                let view = Weights::new(encoded.encoding, rows, cols, &aligned, &lookup).unwrap();
                view.check(0).unwrap();
                let same = view.decode().iter().zip(&weights).all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(same && weights.len() == rows * cols, "{:?} of {rows} x {cols}", encoded.encoding);
            }
        }
    }
}
