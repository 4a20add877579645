//! Which kernel runs a layer.

use super::images::images;
use crate::base::align::AlignedVec;
use crate::base::error::Result;
use crate::base::memory::MemoryBudget;
use crate::exec::convolution::ConvStep;
use crate::exec::linear::LayerStep;
use crate::graph::Op;
use crate::kernels::Kernels;
use crate::kernels::direct::DirectConv;
use crate::model::Model;

/// The step of layer `index` of [`Model::layers`], for kernel calls of up to `samples` inputs; of none, where another kernel runs the layer.
///
/// # Errors
/// `limit`, `no_memory` when the weights cannot be prepared.
pub(super) fn choose(
    model: &Model,
    kernels: &Kernels,
    [index, samples]: [usize; 2],
    relu: bool,
    memory: &mut MemoryBudget,
) -> Result<LayerStep> {
    let layer = &model.layers()[index];
    let kernel = kernels.linear(layer.linear.encoding, layer.linear.pattern);
    Ok(LayerStep {
        layer: index,
        kernel,
        prepared: if samples > 0 {
            kernel.prepare(&model.weights(index), kernels.preference, memory)?
        } else {
            AlignedVec::zeroed(0)?
        },
        scratch_len: if samples > 0 { kernel.scratch_len(layer.cols, samples) } else { 0 },
        relu,
    })
}

/// For each layer of [`Model::layers`], its direct convolution: `None` for linear layers and where im2col serves better.
///
/// # Errors
/// `limit`, `no_memory`; `internal` when a value of a convolution is no image.
pub(super) fn direct(model: &Model, kernels: &Kernels, memory: &mut MemoryBudget) -> Result<Vec<Option<DirectConv>>> {
    let graph = model.graph();
    let mut all = memory.list(model.layers().len(), "direct convolutions")?;
    for (index, layer) in model.layers().iter().enumerate() {
        let node = &graph.nodes()[layer.node];
        let mut direct = None;
        if let (Op::Conv2d(conv), Some(kernel)) = (node.op, kernels.direct) {
            let [input, [_, rows, cols]] = images(node, [graph.shape(node.input()), graph.shape(layer.node + 1)])?;
            let shape = ConvStep::shape(&conv, input, [rows, cols]);
            direct = DirectConv::new(kernel, &model.weights(index), shape, kernels.preference, memory)?;
        }
        all.push(direct);
    }
    Ok(all)
}
