//! Layers stored as floats of 32 or 16 bits.

use super::layer::{Quantized, Weighted};
use crate::compress::shrink::{ShrunkNetwork, WeightValues};
use crate::encoding::Encoding;

/// Every layer as 32-bit floats, without loss.
pub(crate) fn exact(network: &ShrunkNetwork) -> Vec<Quantized> {
    let weighted = network.layers.iter().map(|layer| Weighted {
        rows: layer.rows.kept(),
        cols: layer.columns.len(),
        weights: &layer.weights,
        precision: None,
        values: WeightValues::Any,
        rate_weight: 0.0,
    });
    weighted.map(|layer| self::f32(&layer)).collect()
}

pub(super) fn f32(layer: &Weighted<'_>) -> Quantized {
    let weights: Vec<_> = layer.weights.iter().map(|w| w + 0.0).collect(); // -0 is stored as +0
    Quantized::new(layer, Encoding::DenseF32, &[], weights)
}

pub(super) fn f16(layer: &Weighted<'_>) -> Quantized {
    let largest = half::f16::MAX.to_f32();
    let weights = layer.weights.iter().map(|w| half::f16::from_f32(w.clamp(-largest, largest)).to_f32() + 0.0).collect();
    Quantized::new(layer, Encoding::DenseF16, &[], weights)
}
