//! Which kernel runs a layer.

use crate::base::error::Result;
use crate::exec::linear::LayerStep;
use crate::kernels::Kernels;
use crate::model::Model;

/// The step of layer `index` of [`Model::layers`], for kernel calls of up to `samples` inputs.
///
/// # Errors
/// `no_memory` when the weights cannot be prepared.
pub(super) fn choose(model: &Model, kernels: &Kernels, index: usize, samples: usize, relu: bool) -> Result<LayerStep> {
    let layer = &model.layers()[index];
    let kernel = kernels.linear(layer.linear.encoding, layer.linear.pattern);
    Ok(LayerStep {
        layer: index,
        kernel,
        prepared: kernel.prepare(&model.weights(index))?,
        scratch_len: kernel.scratch_len(layer.cols, samples),
        relu,
    })
}
