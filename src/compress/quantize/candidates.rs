//! A layer in every encoding that can hold it.

use super::codebook::Clusters;
use super::layer::{Quantized, Weighted};
use super::{dense, fixed_point, sparse, ternary};
use crate::compress::shrink::WeightValues;
use crate::encoding::Encoding;

/// The layer in each of `encodings` that can hold it, in their order. A layer to be stored exactly comes only in the smallest encoding.
pub(crate) fn candidates(layer: &Weighted<'_>, encodings: &[Encoding]) -> Vec<Quantized> {
    let level_counts = encodings.iter().filter_map(|encoding| match encoding {
        Encoding::Codebook { levels } => Some(*levels),
        Encoding::SparseCodebook { levels } => Some(*levels + 1), // and zero
        _ => None,
    });
    let clusters = level_counts.max().map(|levels| Clusters::new(layer, levels));
    let quantized = encodings.iter().filter_map(|&encoding| match encoding {
        Encoding::DenseF32 => Some(dense::f32(layer)),
        Encoding::DenseF16 => Some(dense::f16(layer)),
        Encoding::FixedPoint { bits } => fixed_point::quantize(layer, bits),
        Encoding::Ternary => Some(ternary::quantize(layer)),
        Encoding::Codebook { levels } => clusters.as_ref().and_then(|clusters| clusters.quantize(layer, levels)),
        Encoding::SparseF32 | Encoding::SparseFixedPoint { .. } | Encoding::SparseCodebook { .. } | Encoding::BlockF32 { .. } => {
            sparse::quantize(layer, encoding, clusters.as_ref())
        }
    });
    let mut all: Vec<Quantized> = Vec::new();
    if layer.values != WeightValues::Any {
        return quantized
            .filter(|quantized| quantized.weights == layer.weights)
            .min_by_key(Quantized::bytes)
            .into_iter()
            .collect();
    }
    for quantized in quantized {
        // A sparse encoding comes after the dense one with the same weights, and is useful only where it is smaller.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compress::quantize::testing::{numbers, weighted};
    use crate::encoding::Weights;

    #[test]
    fn codes_stand_for_the_weights_that_are_evaluated() {
        let encodings = crate::compress::CompressOptions::default().encodings;
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
                let view = Weights::new(rows, cols, &aligned, &lookup).unwrap();
                view.check(0).unwrap();
                let same = view.decode().iter().zip(&weights).all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(same && weights.len() == rows * cols, "{:?} of {rows} x {cols}", encoded.encoding);
            }
        }
    }
}
