//! A layer with weights: shapes, encoding, bytes and entropy.

use crate::base::checked::to_u64;
use crate::encoding::{Encoding, Weights};
use crate::format::layer_table_bytes;
use crate::model::Model;
use std::collections::HashMap;

/// A description of a layer with weights.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerReport {
    /// Its node's name.
    pub name: String,
    /// Its operator.
    pub op: &'static str,
    /// The original shape `[rows, cols]`, if the file describes it. The columns of a convolution are input channels times the window.
    pub original_shape: Option<(usize, usize)>,
    /// The kept shape `[rows, cols]`.
    pub kept_shape: (usize, usize),
    /// Kept weights that are not zero.
    pub nonzeros: u64,
    /// How the weights are stored.
    pub encoding: Encoding,
    /// Bytes of the weight array with its padding, and of its levels, counts and row factors; the biases are not included.
    pub stored_bytes: u64,
    /// The order-0 entropy in bits per kept weight: `-sum p log2 p` over the frequencies `p` of the symbols. It is 0 without weights.
    ///
    /// The symbol of a weight is its stored integer, digit or index, or the value itself in dense encodings; it is zero where a sparse encoding
    /// has no entry. The cost of coding the frequencies is not included.
    pub order0_entropy_bits: f64,
}

impl LayerReport {
    /// Describes layer `index` of [`Model::layers`]; `names` are the names of all nodes.
    pub(super) fn new(model: &Model, index: usize, names: &[String]) -> Self {
        let layer = &model.layers()[index];
        let (rows, cols, encoding) = (layer.linear.rows, layer.cols, layer.linear.encoding);
        let original = model.origin().and_then(|origin| origin.nodes[layer.node].shape.as_ref());
        let tables = &model.tables().layers[index];
        let array =
            encoding.array_bytes(layer.linear.pattern, rows, cols).expect("invariant: the layer was loaded with this size");
        let (weights, op) = (model.weights(index), &model.graph().nodes()[layer.node].op);
        let symbols = weights.codes().into_held();
        let absent = (to_u64(rows) * to_u64(cols)).saturating_sub(to_u64(symbols.len()));
        Self {
            name: names[layer.node].clone(),
            op: op.name(),
            original_shape: original.map(|shape| (shape.rows.len(), shape.columns(op))),
            kept_shape: (rows, cols),
            nonzeros: nonzeros(&weights),
            encoding,
            stored_bytes: array + layer_table_bytes(tables, cols),
            order0_entropy_bits: entropy_bits(&symbols, absent),
        }
    }

    /// The number of kept weights, zeros included.
    #[must_use]
    pub fn kept_weights(&self) -> u64 {
        to_u64(self.kept_shape.0) * to_u64(self.kept_shape.1)
    }

    /// The number that an architecture gives for a layer of shape `[rows, cols]`: the output maps of a convolution, the inputs of a linear
    /// layer.
    pub(super) fn in_architecture(&self, (rows, cols): (usize, usize)) -> String {
        if self.op == "conv2d" { rows.to_string() } else { cols.to_string() }
    }

    /// `8 * stored_bytes` per kept weight; `None` without kept weights.
    #[must_use]
    pub fn bits_per_kept_weight(&self) -> Option<f64> {
        let weights = self.kept_weights();
        (weights > 0).then(|| (8 * self.stored_bytes) as f64 / weights as f64)
    }

    /// `8 * stored_bytes` per kept weight that is not zero; `None` if all are zero.
    #[must_use]
    pub fn bits_per_nonzero(&self) -> Option<f64> {
        (self.nonzeros > 0).then(|| (8 * self.stored_bytes) as f64 / self.nonzeros as f64)
    }
}

/// The number of weights that are not zero.
fn nonzeros(weights: &Weights<'_>) -> u64 {
    to_u64(match weights {
        Weights::Sparse(view) => view.nonzeros(),
        Weights::Blocks(view) => view.entries().len(),
        _ => weights.decode().iter().filter(|&&weight| weight != 0.0).count(),
    })
}

/// `-sum p log2 p` over the frequencies of `symbols` and of `absent` further zeros.
fn entropy_bits(symbols: &[u32], absent: u64) -> f64 {
    let mut counts = HashMap::new();
    if absent > 0 {
        counts.insert(&0, absent);
    }
    symbols.iter().for_each(|symbol| *counts.entry(symbol).or_insert(0u64) += 1);
    let mut counts: Vec<u64> = counts.into_values().collect();
    counts.sort_unstable(); // the rounding of the sum depends on the order, and a hash map has none
    let total = (to_u64(symbols.len()) + absent) as f64;
    counts.iter().map(|&count| count as f64 / total).map(|p| -p * p.log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_is_that_of_the_frequencies() {
        assert_eq!(entropy_bits(&[], 0), 0.0);
        assert_eq!(entropy_bits(&[7, 7, 7], 0), 0.0);
        assert_eq!(entropy_bits(&[0, 1, 2, 3], 0), 2.0);
        assert!((entropy_bits(&[0, 0, 0, 1], 0) - 0.811_278_124_459_132_8).abs() < 1e-15);
        assert_eq!(entropy_bits(&[5], 3), entropy_bits(&[0, 0, 0, 5], 0));
    }
}
