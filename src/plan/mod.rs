//! What a session runs: the steps, the kernel of each layer, and one arena for all values.

mod arena;

use crate::base::align::AlignedVec;
use crate::base::checked::{at_most, to_u64};
use crate::base::error::Result;
use crate::base::limits::Limits;
use crate::graph::{Graph, Node, Op, PoolKind, Window};
use crate::kernels::{Isa, Kernels};
use crate::model::{Layer, Model};
use crate::ops::{Action, ConvGeometry, Converter, LayerStep, PoolGeometry, Slot, Step};
use crate::tensor::Shape;

/// A plan of one model for batches of up to `batch` samples.
#[derive(Debug)]
pub struct Plan {
    /// The instruction set.
    pub isa: Isa,
    /// Raw input to value 0.
    pub converter: Converter,
    /// In execution order.
    pub steps: Vec<Step>,
    /// Where value 0 is written.
    pub input: Slot,
    /// Where the output lies in the end.
    pub output: Slot,
    /// Floats of the arena.
    pub arena_len: usize,
    /// Floats that convolutions gather patches in.
    pub patches_len: usize,
    /// The prepared weights of each layer; empty for kernels that read the stored layout.
    pub prepared: Vec<AlignedVec<u32>>,
}

impl Plan {
    /// Plans `model` on the kernels of one instruction set. Errors: `limit` when a batch of values is too large for this machine, `no_memory`.
    pub fn new(model: &Model, kernels: &Kernels, batch: usize) -> Result<Self> {
        let graph = model.graph();
        let total: u64 = graph.shapes().iter().map(|shape| to_u64(Slot::stride_of(shape.elements()))).sum();
        at_most(total.saturating_mul(to_u64(batch)), Limits::FORMAT.activations, "the activations of a batch")?;
        let fused = fused_relus(graph);
        let slots = arena::assign(graph, &fused, batch);
        let mut steps = Vec::new();
        for (i, node) in graph.nodes().iter().enumerate() {
            let (from, to) = (node.inputs.iter().map(|&input| slots.of(input)).collect::<Vec<_>>(), slots.of(i + 1));
            let by_layer = i > 0 && fused[i - 1] && node.input() == i;
            if let Some(action) = lower(model, kernels, i, node, fused[i]).filter(|_| !by_layer) {
                let nothing = matches!(action, Action::Copy) && from.iter().all(|slot| slot.start == to.start);
                if !nothing {
                    steps.push(Step { action, from, to });
                }
            }
        }
        let prepare = |(i, layer): (usize, &Layer)| (kernels.linear(layer.linear.encoding).prepare)(&model.weights(i));
        let prepared = model.layers().iter().enumerate().map(prepare).collect::<Result<_>>()?;
        let patches = steps.iter().map(|step| match &step.action {
            Action::Conv(_, geometry) => geometry.floats(),
            _ => 0,
        });
        Ok(Self {
            isa: kernels.isa,
            converter: Converter::new(graph.input(), model.tables()),
            patches_len: patches.max().unwrap_or(0),
            steps,
            input: slots.of(0),
            output: slots.of(graph.nodes().len()),
            arena_len: slots.floats(),
            prepared,
        })
    }

    /// Bytes of weights in a layout other than the stored one.
    #[must_use]
    pub fn prepared_bytes(&self) -> usize {
        self.prepared.iter().map(|words| words.len() * 4).sum()
    }
}

/// What node `i` does when it runs.
fn lower(model: &Model, kernels: &Kernels, i: usize, node: &Node, relu: bool) -> Option<Action> {
    let graph = model.graph();
    let input = graph.shape(node.input());
    let output = graph.shape(i + 1);
    let layer = |encoding| {
        let layer =
            model.layers().iter().position(|layer| layer.node == i).expect("invariant: every layer of the graph is in the model");
        LayerStep { layer, kernel: *kernels.linear(encoding), relu }
    };
    Some(match (node.op, input, output) {
        (Op::Linear(linear), ..) => Action::Linear(layer(linear.encoding)),
        (Op::Conv2d(conv), Shape::Image { channels, height, width }, Shape::Image { height: rows, width: cols, .. }) => {
            let geometry = ConvGeometry { conv, input: [channels, height, width], positions: [rows, cols] };
            Action::Conv(layer(conv.linear.encoding), geometry)
        }
        (Op::Pool { kind, window }, Shape::Image { height, width, .. }, Shape::Image { height: rows, width: cols, .. }) => {
            Action::Pool(PoolGeometry { kind, window, size: [height, width], positions: [rows, cols] })
        }
        (Op::GlobalAveragePool, Shape::Image { height, width, .. }, _) => {
            let window = Window::new([height, width], [1, 1]);
            Action::Pool(PoolGeometry { kind: PoolKind::Average, window, size: [height, width], positions: [1, 1] })
        }
        (Op::Affine, ..) => {
            let affine = graph.nodes()[..i].iter().filter(|node| node.op == Op::Affine).count();
            Action::Affine { affine, channel_elements: input.elements() / input.affine_channels().max(1) }
        }
        (Op::Activation(activation), ..) => Action::Activation(activation),
        (Op::Softmax, ..) => Action::Softmax,
        (Op::Flatten | Op::Reshape(_), ..) => Action::Copy,
        (Op::Add, ..) => Action::Add,
        (Op::Concat, ..) => Action::Concat,
        (Op::Conv2d(_) | Op::Pool { .. } | Op::GlobalAveragePool, ..) => return None, // the graph builder refuses these shapes
    })
}

/// For each node: whether it is a layer whose only consumer is the ReLU right after it.
fn fused_relus(graph: &Graph) -> Vec<bool> {
    let nodes = graph.nodes();
    let mut uses = vec![0usize; nodes.len() + 1];
    nodes.iter().flat_map(|node| &node.inputs).for_each(|&input| uses[input] += 1);
    let fused = |(i, node): (usize, &Node)| {
        let next = nodes.get(i + 1);
        node.op.linear().is_some() && uses[i + 1] == 1 && next.is_some_and(|n| n.op == Op::RELU && n.input() == i + 1)
    };
    nodes.iter().enumerate().map(fused).collect()
}
