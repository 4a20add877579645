//! Plain networks: weights and biases, with a mask where training has pruned. Nothing more is pruned here.

use super::network::{Layer, Values};
use super::{Method, Prepared, mismatch};
use crate::base::error::Result;
use crate::posterior::{Layers, PlainLayer, Posterior};

/// Networks trained under a bound of bits (`trainer rate`): their weights are on a grid already.
pub(super) const RATE: Method = Method {
    name: "rate",
    about: "weights on a grid as trained: stored exactly, in the smallest encoding that holds them",
    prepare,
};

pub(super) const METHOD: Method =
    Method { name: "plain", about: "weights as trained; a mask in the file says what is pruned", prepare };

pub(super) fn prepare(posterior: &Posterior) -> Result<Prepared> {
    let Layers::Plain(layers) = posterior.layers() else { return Err(mismatch()) };
    Ok(Prepared { layers: layers.iter().map(masked).collect(), variances: None, pruning: None })
}

fn masked(layer: &PlainLayer) -> Layer {
    let mut weights = layer.weight.clone();
    let mask = layer.mask.iter().flatten();
    weights.iter_mut().zip(mask).filter(|(_, kept)| !**kept).for_each(|(weight, _)| *weight = 0.0);
    let bias = layer.bias.iter().map(|&b| f64::from(b)).collect();
    let values = layer.step.map_or(Values::Any, Values::Grid);
    Layer { rows: layer.rows, cols: layer.cols, weights, bias, values }
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
        let unmasked = masked(&PlainLayer { mask: None, ..layer.clone() });
        assert_eq!((masked(&layer).weights, unmasked.weights), (vec![1.0, 0.0, 3.0], vec![1.0, 2.0, 3.0]));
        assert_eq!(masked(&layer).bias, [0.25]);
    }
}
