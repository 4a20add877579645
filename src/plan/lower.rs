//! From the nodes of the graph to steps.

use super::choose::choose;
use super::fuse::Fusion;
use super::images::images;
use super::place::Slots;
use crate::base::error::Result;
use crate::base::memory::MemoryBudget;
use crate::exec::convolution::ConvStep;
use crate::exec::linear::LayerStep;
use crate::exec::pointwise::{ActivationStep, AddStep, AffineStep, ConcatStep, CopyStep, SoftmaxStep};
use crate::exec::pooling::PoolStep;
use crate::exec::{AnyAction, Step};
use crate::graph::{Op, Pool, PoolKind, Window};
use crate::kernels::Kernels;
use crate::kernels::direct::DirectConv;
use crate::model::Model;
use crate::tensor::Shape;

/// What runs for a node.
#[allow(clippy::large_enum_variant)] // it is taken apart at once
#[derive(Debug)]
pub(super) enum Lowered {
    /// A step.
    Step(Step),
    /// Nothing: the value lies already where the step before has put it.
    Alias,
}

/// What lowering needs to know besides the node.
pub(super) struct Lowering<'a> {
    pub(super) model: &'a Model,
    pub(super) kernels: &'a Kernels,
    pub(super) fusions: &'a [Fusion],
    pub(super) slots: &'a Slots,
    pub(super) batch: usize,
}

impl Lowering<'_> {
    /// What runs for node `i`. A layer comes with its number in [`Model::layers`] and with what convolves it directly, if anything does.
    ///
    /// # Errors
    /// `limit`, `no_memory`; `internal` when a value has not the shape that the operator reads.
    pub(super) fn lower(
        &self,
        i: usize,
        layer: Option<(usize, Option<DirectConv>)>,
        memory: &mut MemoryBudget,
    ) -> Result<Lowered> {
        let (number, direct) = layer.unwrap_or_default();
        let graph = self.model.graph();
        let node = &graph.nodes()[i];
        let fusion = self.fusions[i];
        let to = self.slots.of(fusion.last + 1);
        if fusion.is_absorbed {
            return Ok(Lowered::Alias);
        }
        let from = node.inputs.iter().map(|&input| self.slots.of(input));
        let from = memory.collect(node.inputs.len(), from, "the values that a step reads")?;
        let shapes = [graph.shape(node.input()), graph.shape(i + 1)];
        let action = match node.op {
            Op::Linear(_) => AnyAction::Layer(self.layer(i, [number, self.batch], memory)?),
            Op::Conv2d(conv) => {
                let [input, [_, rows, cols]] = images(node, shapes)?;
                // A kernel call of im2col maps a batch of patches, however many samples there are.
                let layer = self.layer(i, [number, if direct.is_some() { 0 } else { usize::MAX }], memory)?;
                let pool = fusion.pool.map(|node| self.pooling(node)).transpose()?;
                AnyAction::Convolution(ConvStep { layer, conv, input, positions: [rows, cols], direct, pool })
            }
            Op::Pool(_) | Op::GlobalAveragePool => AnyAction::Pool(self.pooling(i)?),
            Op::Affine => AnyAction::Affine(self.affine(i, shapes[0])),
            Op::Activation(activation) => AnyAction::Activation(ActivationStep(activation)),
            Op::Softmax => AnyAction::Softmax(SoftmaxStep),
            Op::Flatten | Op::Reshape(_) if from[0].start == to.start => return Ok(Lowered::Alias),
            Op::Flatten | Op::Reshape(_) => AnyAction::Copy(CopyStep),
            Op::Add => AnyAction::Add(AddStep),
            Op::Concat => AnyAction::Concat(ConcatStep),
        };
        Ok(Lowered::Step(Step { action, from, to }))
    }

    /// The layer of node `i`: its number, and the samples of a call.
    fn layer(&self, i: usize, call: [usize; 2], memory: &mut MemoryBudget) -> Result<LayerStep> {
        choose(self.model, self.kernels, call, self.fusions[i].relu, memory)
    }

    /// The pooling of node `i`; that of whole maps is one window.
    fn pooling(&self, i: usize) -> Result<PoolStep> {
        let graph = self.model.graph();
        let node = &graph.nodes()[i];
        let [[_, height, width], [_, rows, cols]] = images(node, [graph.shape(node.input()), graph.shape(i + 1)])?;
        let pool = match node.op {
            Op::Pool(pool) => pool,
            _ => Pool { kind: PoolKind::Average, window: Window::new([height, width], [1, 1]) },
        };
        Ok(PoolStep::new(pool, [height, width], [rows, cols], self.kernels.values))
    }

    /// The affine node `i`.
    fn affine(&self, i: usize, input: Shape) -> AffineStep {
        let number = self.model.graph().nodes()[..i].iter().filter(|node| node.op == Op::Affine).count();
        AffineStep { number, channel_elements: input.elements() / input.affine_channels().max(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::limits::Limits;
    use crate::content::{AffineTables, Contents, LayerTables, Tables};
    use crate::encoding::dense;
    use crate::format::write;
    use crate::graph::{GraphBuilder, InputSpec, Linear, Node, Reshape};
    use crate::kernels::Isa;
    use crate::plan::Plan;
    use crate::tensor::Dtype;

    const IMAGE: Shape = Shape::Image { channels: 2, height: 3, width: 3 };
    const VECTOR: Shape = Shape::Vector(18);

    /// A model of `op` alone, with fields that fit one of the two shapes.
    fn model(op: Op) -> Model {
        let op = if let Op::Reshape(_) = op { Op::Reshape(Reshape(VECTOR)) } else { op.with_linear(Linear::dense(4)) };
        let inputs = vec![0; *op.inputs().start()];
        let fits = |shape: &Shape| op.output_shape(&vec![*shape; inputs.len()]).is_ok();
        let shape = [IMAGE, VECTOR].into_iter().find(fits).expect("one of the shapes");
        let mut builder = GraphBuilder::new(InputSpec { dtype: Dtype::F32, shape, kept: None }, &Limits::DEFAULT).unwrap();
        builder.push(Node { op, inputs }).unwrap();
        let graph = builder.finish().unwrap();
        let layers: Vec<_> = graph
            .linears()
            .map(|(_, linear, cols)| dense::encode_f32(linear.rows, cols, &vec![0.5; linear.rows * cols]))
            .collect();
        let affine = AffineTables { scale: vec![2.0; shape.affine_channels()], offset: vec![1.0; shape.affine_channels()] };
        let tables = Tables {
            input_scale: vec![1.0; shape.channels()],
            input_offset: vec![0.0; shape.channels()],
            input_mask: None,
            layers: layers.iter().map(|layer| LayerTables::of(layer, vec![0.5; layer.rows])).collect(),
            affines: if op == Op::Affine { vec![affine] } else { Vec::new() },
        };
        Model::from_bytes(&write(&Contents { graph, tables, layers, origin: None }).unwrap(), &Limits::DEFAULT).unwrap()
    }

    #[test]
    fn every_operator_becomes_a_step_or_an_alias() {
        for op in Op::kinds() {
            let plan = Plan::new(&model(op), &Kernels::of(Isa::Scalar).unwrap(), 2, &mut MemoryBudget::unlimited()).unwrap();
            let is_alias = matches!(op, Op::Flatten | Op::Reshape(_));
            assert_eq!(plan.steps.len(), usize::from(!is_alias), "{}", op.name());
            assert_eq!(plan.output == plan.input, op.in_place(), "{}", op.name());
        }
    }
}
