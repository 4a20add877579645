//! The tables of a model: everything in it that is small, unlike the weights (SPEC section 5).

use crate::base::error::Result;
use crate::base::memory::MemoryBudget;
use crate::encoding::{Encoded, Lookup};
use crate::graph::Linear;
use crate::tensor::Mask;

/// The small arrays of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Tables {
    /// The factor of each input channel.
    pub input_scale: Vec<f32>,
    /// The offset of each input channel, added after the factor.
    pub input_offset: Vec<f32>,
    /// The inputs that are kept, if the graph gathers them.
    pub input_mask: Option<Mask>,
    /// One for each layer with weights, in order.
    pub layers: Vec<LayerTables>,
    /// One for each affine node, in order.
    pub affines: Vec<AffineTables>,
}

/// The arrays of an affine node: `scale_c * x + offset_c` for each channel `c`.
#[derive(Clone, Debug, PartialEq)]
pub struct AffineTables {
    /// The factor of each channel.
    pub scale: Vec<f32>,
    /// The offset of each channel.
    pub offset: Vec<f32>,
}

/// The small arrays of a layer with weights.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerTables {
    /// The levels, not padded.
    pub levels: Vec<f32>,
    /// The number of entries of each list: the residue of each row, or the blocks of each strip of rows.
    pub counts: Vec<u32>,
    /// The factor of each output, if there are factors.
    pub row_factors: Option<Vec<f32>>,
    /// The bias of each output.
    pub bias: Vec<f32>,
}

impl LayerTables {
    /// The tables of an encoded layer without row factors.
    #[must_use]
    pub fn of(layer: &Encoded, bias: Vec<f32>) -> Self {
        Self { levels: layer.levels.clone(), counts: layer.counts.clone(), row_factors: None, bias }
    }

    /// The small arrays that the view of the layer's weights needs.
    ///
    /// # Errors
    /// `limit`, `no_memory`.
    pub fn lookup(&self, linear: &Linear, memory: &mut MemoryBudget) -> Result<Lookup> {
        Lookup::new(linear.encoding, &self.levels, linear.pattern, &self.counts, memory)
    }
}
