//! Sparse layers, which store only the weights that are not zero: the same weights as a dense encoding, in fewer bytes if most are zero.

use super::codebook::Clusters;
use super::layer::{Quantized, Weighted};
use super::{dense, fixed_point};
use crate::encoding::{Encoding, Values};

/// The layer in a sparse or block encoding, with the pattern of fewest bytes; `None` when no such encoding can hold the layer.
pub(super) fn quantize(layer: &Weighted<'_>, encoding: Encoding, clusters: Option<&Clusters>) -> Option<Quantized> {
    match encoding.values() {
        Values::F32 => Some(Quantized::new(layer, encoding, &[], dense::f32(layer).weights)),
        Values::FixedPoint { bits } => {
            let dense = fixed_point::quantize(layer, bits)?;
            Some(Quantized::new(layer, encoding, &dense.encoded.levels, dense.weights))
        }
        Values::Codebook { levels } => {
            let dense = clusters?.quantize(layer, levels + 1)?;
            let table: Vec<f32> = dense.encoded.levels.iter().copied().filter(|&level| level != 0.0).collect();
            if table.is_empty() || table.len() > levels {
                return None; // a layer without zeros needs one level more than the encoding has
            }
            Some(Quantized::new(layer, Encoding::SparseCodebook { levels: table.len() }, &table, dense.weights))
        }
        Values::F16 | Values::Ternary => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compress::quantize::candidates;
    use crate::compress::quantize::testing::{numbers, weighted};

    /// A layer in which one weight in `nth` is not zero.
    fn scattered(nth: usize) -> Vec<f32> {
        let (mut weights, _) = numbers(3, 64 * 100);
        weights.iter_mut().enumerate().filter(|(i, _)| (i * 7 + i / 100 * 3) % nth != 0).for_each(|(_, weight)| *weight = 0.0);
        weights
    }

    #[test]
    fn a_layer_of_few_weights_takes_fewer_bytes_and_a_full_one_is_not_tried() {
        let encodings = crate::compress::CompressOptions::default().encodings;
        for (nth, expected) in [(1, false), (20, true)] {
            let weights = scattered(nth);
            let layer = weighted(64, 100, &weights, None);
            let all = candidates(&layer, &encodings);
            let sparse: Vec<_> = all.iter().filter(|c| c.encoded.encoding.name().starts_with("sparse")).collect();
            assert_eq!(!sparse.is_empty(), expected, "one weight in {nth}");
            for candidate in sparse {
                let same = all.iter().filter(|other| other.weights == candidate.weights);
                assert!(same.clone().count() > 1, "{:?} has a dense counterpart", candidate.encoded.encoding);
                let mut dense = same.filter(|other| other.encoded.encoding.lists(1) == 0);
                assert!(dense.all(|other| other.bytes() > candidate.bytes()), "{:?}", candidate.encoded.encoding);
            }
        }
    }

    #[test]
    fn whole_groups_of_rows_are_stored_as_blocks() {
        // Of 64 x 100 weights, only those of columns 3 and 70 in the rows 16 to 31.
        let (mut weights, _) = numbers(5, 64 * 100);
        let kept = |i: usize| (16..32).contains(&(i / 100)) && [3, 70].contains(&(i % 100));
        weights.iter_mut().enumerate().filter(|(i, _)| !kept(*i)).for_each(|(_, weight)| *weight = 0.0);
        let layer = weighted(64, 100, &weights, None);
        let blocks = quantize(&layer, Encoding::BlockF32 { height: 16 }, None).unwrap();
        let list = quantize(&layer, Encoding::SparseF32, None).unwrap();
        assert_eq!(blocks.encoded.pattern.listed, 2);
        assert_eq!((blocks.weights == weights, list.weights == weights), (true, true));
        assert!(blocks.bytes() < list.bytes());
    }
}
