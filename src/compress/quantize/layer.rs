//! A layer before and after quantization: the codes, and the weights that they stand for.

use crate::base::error::Result;
use crate::compress::shrink::WeightValues;
use crate::content::LayerTables;
use crate::encoding::{Encoded, Encoding, encode_weights};
use crate::format::layer_table_bytes;

/// A layer to be quantized, row-major, and the inverse posterior variance of each weight if there is a posterior.
#[derive(Clone, Copy)]
pub(crate) struct Weighted<'a> {
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) weights: &'a [f32],
    pub(crate) precision: Option<&'a [f64]>,
    pub(crate) values: WeightValues,
    /// The price of a bit, in mean squared errors of a weight; with 0, every weight takes its nearest level.
    pub(crate) rate_weight: f64,
}

impl Weighted<'_> {
    /// Each weight with its precision (1 without a posterior).
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (f64, f64)> + Clone {
        self.weights.iter().enumerate().map(|(i, &w)| (f64::from(w), self.precision.map_or(1.0, |precision| precision[i])))
    }
}

/// A quantized layer.
#[derive(Clone, Debug)]
pub(crate) struct Quantized {
    /// The codes and levels that the file stores.
    pub(crate) encoded: Encoded,
    /// The weights that they stand for, row-major.
    pub(crate) weights: Vec<f32>,
}

impl Quantized {
    /// The layer with these row-major weights; each must be one that `encoding` with `levels` can hold.
    pub(super) fn new(layer: &Weighted<'_>, encoding: Encoding, levels: &[f32], weights: Vec<f32>) -> Self {
        Self { encoded: encode_weights(encoding, levels, [layer.rows, layer.cols], &weights), weights }
    }

    /// Bytes of the array, of the levels and of the lists' counts.
    pub(crate) fn bytes(&self) -> u64 {
        self.encoded.bytes.len() as u64 + layer_table_bytes(&LayerTables::of(&self.encoded, Vec::new()), self.encoded.cols)
    }

    /// Changes a level; the codes stay.
    ///
    /// # Errors
    ///
    /// `codebook` when the encoding has no such level; `no_memory`.
    pub(crate) fn set_level(&mut self, level: usize, value: f32) -> Result<()> {
        self.encoded.levels[level] = value;
        self.weights = self.encoded.decode()?;
        Ok(())
    }
}
