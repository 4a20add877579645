//! Dense twins of a model: the same network with 32-bit float weights, at the shrunk and at the original shape.
//!
//! They are models like any other, written and validated, so that a comparison measures the encoding and nothing else.

use crate::base::checked::{at_most, to_u64};
use crate::base::error::{Defect, Error, Result};
use crate::base::limits::Limits;
use crate::content::{Contents, LayerTables, Origin, OriginNode, OriginShape, Tables};
use crate::encoding::{Encoded, dense};
use crate::format::write;
use crate::graph::{Graph, GraphBuilder, InputSpec, Linear, Node, Op};
use crate::model::Model;
use crate::tensor::{Mask, Shape};

/// The most weights of an original network that is rebuilt, and of sparse layers that are expanded. Their shapes come from an untrusted
/// file, which must not size an allocation.
pub const MAX_WEIGHTS: u64 = 1 << 26;
/// Bytes that a weight takes while it is expanded: its code, the float, that of a twin and of its file, an f64.
const EXPANDED_BYTES: u64 = 32;

/// The most weights that are expanded within the limits of the model.
fn most_weights(model: &Model) -> u64 {
    MAX_WEIGHTS.min(model.limits().memory_bytes / EXPANDED_BYTES)
}

/// The weights of layer `index` as they act: row-major, each `decode() * row factor`, rounded once more where there is a factor.
#[must_use]
pub fn acting_weights(model: &Model, index: usize) -> Vec<f32> {
    let mut weights = model.weights(index).decode();
    if let Some(factors) = &model.tables().layers[index].row_factors {
        let cols = model.layers()[index].cols.max(1);
        for (row, factor) in weights.chunks_exact_mut(cols).zip(factors) {
            row.iter_mut().for_each(|weight| *weight *= factor);
        }
    }
    weights
}

/// Refuses a model whose sparse layers are too large to be expanded; a small file may declare them.
///
/// # Errors
/// `limit`.
pub fn check_expandable(model: &Model) -> Result<()> {
    let sparse = model.layers().iter().filter(|layer| layer.linear.encoding.lists(1) > 0);
    let weights = sparse.map(|layer| to_u64(layer.linear.rows).saturating_mul(to_u64(layer.cols)));
    let weights = weights.fold(0, u64::saturating_add);
    at_most(weights, most_weights(model), "the number of weights that sparse layers stand for, which are expanded,")?;
    Ok(())
}

/// The same graph with every layer dense.
///
/// # Errors
/// `non_finite` when a weight times its factor overflows; `limit`, `no_memory`.
pub fn shrunk(model: &Model) -> Result<Model> {
    check_expandable(model)?;
    let layers = model.layers().iter().enumerate();
    let layers = layers.map(|(i, layer)| dense::encode_f32(layer.linear.rows, layer.cols, &acting_weights(model, i)));
    let nodes = model.graph().nodes().iter().map(|node| Node { op: dense_op(node.op, None), inputs: node.inputs.clone() });
    let graph = build(model.graph().input(), nodes)?;
    let tables = Tables {
        layers: model.tables().layers.iter().map(|layer| biases(layer.bias.clone())).collect(),
        ..model.tables().clone()
    };
    load(Contents { graph, tables, layers: layers.collect(), origin: model.origin().cloned() })
}

/// Stands for a weight of zero where every weight must be multiplied: -2^-50. It is negative so that a unit without weights is still zero after
/// ReLU. Where there is no ReLU, such a unit is about 2^-50; the product of that and of this stays in the normal range: arithmetic below it is slow on
/// some processors.
const NEARLY_ZERO: f32 = -f32::from_bits((127 - 50) << 23);

/// A dense twin for timing alone: its weights of zero are -2^-50, so that no kernel leaves them out, as no dense runtime would.
///
/// # Errors
/// `no_memory`.
pub fn without_zeros(twin: &Model) -> Result<Model> {
    let fill = |weight: f32| if weight == 0.0 { NEARLY_ZERO } else { weight };
    let layers = twin.layers().iter().enumerate().map(|(i, layer)| {
        let weights: Vec<f32> = twin.weights(i).decode().into_iter().map(fill).collect();
        dense::encode_f32(layer.linear.rows, layer.cols, &weights)
    });
    let (graph, tables) = (twin.graph().clone(), twin.tables().clone());
    load(Contents { graph, tables, layers: layers.collect(), origin: twin.origin().cloned() })
}

/// The network at its original shape: every input is read, and pruned rows and columns are zeros. `None` when the file does
/// not say what the original was.
///
/// # Errors
/// Those of [`shrunk`]; `shape` when the original layers do not fit the input or each other.
pub fn original(model: &Model) -> Result<Option<Model>> {
    let Some(origin) = model.origin() else { return Ok(None) };
    // What these do to a pruned channel is not in the file.
    if model.graph().nodes().iter().zip(&origin.nodes).any(|(node, origin)| is_lost(&node.op, origin.shape.as_ref())) {
        return Ok(None);
    }
    let shapes: Vec<&OriginShape> = origin.nodes.iter().filter_map(|node| node.shape.as_ref()).collect();
    check_expandable(model)?;
    let ops: Vec<Op> = model.graph().linears().map(|(node, ..)| model.graph().nodes()[node].op).collect();
    let weights = shapes.iter().zip(&ops).fold(0u64, |sum, (shape, op)| sum.saturating_add(original_weights(shape, op)));
    at_most(weights, most_weights(model), "the number of weights of the original network, which is rebuilt,")?;
    let (graph, with_flatten) = original_graph(model, &shapes)?;
    let fits = graph.linears().zip(&shapes).all(|((node, _, cols), shape)| cols == shape.columns(&graph.nodes()[node].op));
    if !fits {
        return Err(Error::new(Defect::Shape, "the original layers of the origin section do not fit the input or each other"));
    }
    let mut layers = Vec::new();
    let mut tables = Tables { input_mask: None, layers: Vec::new(), ..model.tables().clone() };
    for (i, (shape, op)) in shapes.iter().zip(&ops).enumerate() {
        layers.push(scattered(&acting_weights(model, i), shape, op));
        let mut bias = vec![0.0; shape.rows.len()];
        shape.rows.indices().zip(&model.layers()[i].bias).for_each(|(row, &value)| bias[row] = value);
        tables.layers.push(biases(bias));
    }
    load(Contents { graph, tables, layers, origin: Some(full_origin(origin, with_flatten)) }).map(Some)
}

/// Whether the file does not say what an operator did in the original network. An affine or concat node has no mask of its own, and the
/// file does not say which group of a convolution a pruned channel belonged to.
fn is_lost(op: &Op, shape: Option<&OriginShape>) -> bool {
    match op {
        Op::Affine | Op::Concat => true,
        Op::Conv2d(conv) if conv.groups > 1 => {
            shape.is_some_and(|shape| shape.rows.kept() < shape.rows.len() || shape.cols.kept() < shape.cols.len())
        }
        _ => false,
    }
}

/// Weights of the original layer.
#[must_use]
pub fn original_weights(shape: &OriginShape, op: &Op) -> u64 {
    to_u64(shape.rows.len()).saturating_mul(to_u64(shape.columns(op)))
}

fn dense_op(op: Op, rows: Option<usize>) -> Op {
    let Some(&linear) = op.linear() else { return op };
    op.with_linear(Linear::dense(rows.unwrap_or(linear.rows)))
}

fn biases(bias: Vec<f32>) -> LayerTables {
    LayerTables { levels: Vec::new(), counts: Vec::new(), row_factors: None, bias }
}

fn build(input: InputSpec, nodes: impl Iterator<Item = Node>) -> Result<Graph> {
    let mut builder = GraphBuilder::new(input, &Limits::FORMAT)?;
    for node in nodes {
        builder.push(node)?;
    }
    builder.finish()
}

/// The graph at original shapes, and whether a flatten was inserted in front, because the gather had made a vector of the image.
fn original_graph(model: &Model, shapes: &[&OriginShape]) -> Result<(Graph, bool)> {
    let graph = model.graph();
    let input = graph.input();
    let is_flat = matches!(input.shape, Shape::Vector(_)) || graph.nodes().first().is_some_and(|node| node.op == Op::Flatten);
    let with_flatten = input.kept.is_some() && !is_flat;
    let mut rows = shapes.iter().map(|shape| shape.rows.len());
    let shift = usize::from(with_flatten);
    let nodes = graph.nodes().iter().map(|node| {
        let original = if node.op.linear().is_some() { rows.next() } else { None };
        Node { op: dense_op(node.op, original), inputs: node.inputs.iter().map(|input| input + shift).collect() }
    });
    let flatten = with_flatten.then_some(Node::new(Op::Flatten, 0));
    let graph = build(InputSpec { kept: None, ..input }, flatten.into_iter().chain(nodes))?;
    Ok((graph, with_flatten))
}

/// The shrunk weights at the places that the masks name, zeros elsewhere. A convolution's mask is of channels, each of which has the columns
/// of a window; one in groups has all of its columns.
fn scattered(weights: &[f32], shape: &OriginShape, op: &Op) -> Encoded {
    let (rows, cols, area) = (shape.rows.len(), shape.columns(op), op.columns_per_input());
    let columns: Vec<usize> = match op {
        Op::Conv2d(conv) if conv.groups > 1 => (0..cols).collect(),
        _ => shape.cols.indices().flat_map(|input| input * area..(input + 1) * area).collect(),
    };
    let mut full = vec![0.0; rows * cols];
    let mut weights = weights.iter();
    for row in shape.rows.indices() {
        columns.iter().zip(&mut weights).for_each(|(&col, &weight)| full[row * cols + col] = weight);
    }
    dense::encode_f32(rows, cols, &full)
}

/// The origin of the original: the same names, and everything kept.
fn full_origin(origin: &Origin, with_flatten: bool) -> Origin {
    let full = |shape: &OriginShape| OriginShape { rows: Mask::full(shape.rows.len()), cols: Mask::full(shape.cols.len()) };
    let nodes = origin.nodes.iter().map(|node| OriginNode { name: node.name.clone(), shape: node.shape.as_ref().map(full) });
    let unused = |name: &String| origin.nodes.iter().all(|node| node.name != *name);
    let flatten = with_flatten.then(|| {
        let mut names = std::iter::once("flatten".to_owned()).chain((1..).map(|i| format!("flatten{i}")));
        OriginNode { name: names.find(unused).expect("invariant: a graph has fewer nodes than there are names"), shape: None }
    });
    Origin { nodes: flatten.into_iter().chain(nodes).collect(), ..origin.clone() }
}

fn load(contents: Contents) -> Result<Model> {
    let bytes = write(&contents).map_err(|error| error.context("the dense twin"))?;
    Model::from_bytes(&bytes, &Limits::FORMAT)
}
