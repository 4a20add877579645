//! The file of a compressed network, and the check that it says what was evaluated.

use super::masks::Compact;
use super::quantize::Quantized;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::limits::Limits;
use crate::format::{self, Contents, LayerTables, Origin, OriginNode, OriginShape, Tables};
use crate::graph::{Graph, GraphBuilder, InputSpec, Linear, Node, Op};
use crate::model::Model;
use crate::posterior::Posterior;
use crate::tensor::Shape;

/// The bytes of the network, and the model that they are. Errors: `internal` when the model differs from what was given.
pub(super) fn assemble(posterior: &Posterior, shrunk: &[Compact], layers: &[Quantized]) -> Result<(Vec<u8>, Model)> {
    let (graph, nodes) = graph(posterior, shrunk, layers)?;
    let input = posterior.input();
    let tables = Tables {
        input_scale: input.scale.clone(),
        input_offset: input.offset.clone(),
        input_mask: graph.input().kept.map(|_| shrunk[0].cols.clone()),
        layers: shrunk.iter().zip(layers).map(|(shrunk, layer)| tables(shrunk, layer)).collect(),
        affines: Vec::new(),
    };
    let origin = Origin { network: posterior.name().to_owned(), method: posterior.method().name().to_owned(), nodes };
    let encoded = layers.iter().map(|layer| layer.encoded.clone()).collect();
    let bytes = format::write(&Contents { graph, tables, layers: encoded, origin: Some(origin) })?;
    let model = Model::from_bytes(&bytes, &Limits::FORMAT)?;
    verify(&model, shrunk, layers)?;
    Ok((bytes, model))
}

fn tables(shrunk: &Compact, layer: &Quantized) -> LayerTables {
    LayerTables::of(&layer.encoded, bias(shrunk))
}

/// The biases as stored: rounded once, without negative zeros.
fn bias(shrunk: &Compact) -> Vec<f32> {
    shrunk.bias.iter().map(|&bias| bias as f32 + 0.0).collect()
}

/// The graph that remains. Inputs that are gathered, and those of a vector, need no flattening.
fn graph(posterior: &Posterior, shrunk: &[Compact], layers: &[Quantized]) -> Result<(Graph, Vec<OriginNode>)> {
    let cols = &shrunk[0].cols;
    let kept = Some(cols.kept()).filter(|&kept| kept < cols.len());
    let spec = InputSpec { dtype: posterior.input().dtype, shape: posterior.input().shape, kept };
    let mut builder = GraphBuilder::new(spec, &Limits::FORMAT)?;
    let mut origin = Vec::new();
    let mut shape = spec.value_shape();
    let mut stored = shrunk.iter().zip(layers);
    for (node, name) in posterior.graph().nodes().iter().zip(posterior.node_names()) {
        let name = name.clone();
        let (op, origin_shape) = match node.op {
            Op::Flatten if matches!(shape, Shape::Vector(_)) => continue,
            Op::Linear(_) => {
                let (shrunk, layer) = stored.next().expect("invariant: one layer for each linear node");
                let linear = Linear::of(&layer.encoded);
                (Op::Linear(linear), Some(OriginShape { rows: shrunk.rows.clone(), cols: shrunk.cols.clone() }))
            }
            op => (op, None),
        };
        shape = op.output_shape(&[shape]).map_err(|error| error.context(&name))?;
        builder.push(Node::new(op, origin.len()))?;
        origin.push(OriginNode { name, shape: origin_shape });
    }
    Ok((builder.finish()?, origin))
}

/// Whether the written model holds, bit for bit, the weights and biases that were evaluated.
fn verify(model: &Model, shrunk: &[Compact], layers: &[Quantized]) -> Result<()> {
    let same = |a: &[f32], b: &[f32]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits());
    for (i, (shrunk, layer)) in shrunk.iter().zip(layers).enumerate() {
        let stored = &model.layers()[i];
        if !same(&model.weights(i).decode(), &layer.weights) || !same(&stored.bias, &bias(shrunk)) {
            let message = format!("the written layer {i} ({}) is not the one evaluated", layer.encoded.encoding.name());
            return Err(Error::new(ErrorKind::Internal, message));
        }
    }
    Ok(())
}
