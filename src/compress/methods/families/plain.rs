//! Plain networks: weights and biases, and a mask where training has pruned. Compression prunes nothing more.

use crate::base::error::Result;
use crate::compress::methods::prepared::{Prepared, mismatch};
use crate::compress::shrink::{OriginalLayer, WeightValues};
use crate::posterior::{LayerTensors, PlainLayer, Posterior};

/// The masked weights; `values` says which values the weights of a layer take.
pub(crate) fn prepare(posterior: &Posterior, values: fn(&PlainLayer) -> WeightValues) -> Result<Prepared> {
    let LayerTensors::Plain(layers) = posterior.layers() else { return Err(mismatch()) };
    let masked = |layer: &PlainLayer| masked(layer, values(layer));
    Ok(Prepared { layers: layers.iter().map(masked).collect(), variances: None, pruning: None })
}

fn masked(layer: &PlainLayer, values: WeightValues) -> OriginalLayer {
    let mut weights = layer.weight.clone();
    let mask = layer.mask.iter().flatten();
    weights.iter_mut().zip(mask).filter(|(_, kept)| !**kept).for_each(|(weight, _)| *weight = 0.0);
    let bias = layer.bias.iter().map(|&b| f64::from(b)).collect();
    OriginalLayer { rows: layer.rows, cols: layer.cols, weights, bias, values }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_sets_weights_to_zero_and_leaves_biases() {
        let layer = PlainLayer {
            rows: 1,
            cols: 3,
            weight: vec![1.0, 2.0, 3.0],
            mask: Some(vec![true, false, true]),
            bias: vec![0.25],
            step: None,
        };
        let unmasked = masked(&PlainLayer { mask: None, ..layer.clone() }, WeightValues::Any);
        assert_eq!((masked(&layer, WeightValues::Any).weights, unmasked.weights), (vec![1.0, 0.0, 3.0], vec![1.0, 2.0, 3.0]));
        assert_eq!(masked(&layer, WeightValues::Any).bias, [0.25]);
    }
}
