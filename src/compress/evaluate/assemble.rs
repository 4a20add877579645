//! The file of a compressed network, and the check that it holds what was evaluated.

use crate::base::error::{Error, ErrorKind, Result};
use crate::base::limits::Limits;
use crate::compress::quantize::Quantized;
use crate::compress::shrink::{OriginalNetwork, ShrunkLayer, ShrunkNetwork};
use crate::content::{AffineTables, Contents, LayerTables, Origin, OriginNode, OriginShape, Tables};
use crate::format;
use crate::graph::{Graph, GraphBuilder, InputSpec, Linear, Node, Op};
use crate::model::Model;
use crate::posterior::Posterior;
use crate::tensor::{Mask, Shape};

/// Writes the network as a file and loads it: the bytes and the model.
///
/// # Errors
///
/// `non_finite` when a bias is not finite in 32 bits, `internal` when the model differs from what was given; `limit`, `no_memory`.
pub(super) fn assemble(
    posterior: &Posterior,
    network: &OriginalNetwork<'_>,
    shrunk: &ShrunkNetwork,
    layers: &[&Quantized],
) -> Result<(Vec<u8>, Model)> {
    let (graph, nodes) = graph(posterior, network, shrunk, layers)?;
    let input = posterior.input();
    let tables = Tables {
        input_scale: input.scale.clone(),
        input_offset: input.offset.clone(),
        input_mask: graph.input().kept.map(|_| network.units.mask(0, &shrunk.kept)),
        layers: shrunk
            .layers
            .iter()
            .zip(layers)
            .map(|(left, layer)| LayerTables::of(&layer.encoded, left.stored_bias()))
            .collect(),
        affines: affines(network, shrunk),
    };
    let origin = Origin { network: posterior.name().to_owned(), method: posterior.method().name().to_owned(), nodes };
    let encoded = layers.iter().map(|layer| layer.encoded.clone()).collect();
    let bytes = format::write(&Contents { graph, tables, layers: encoded, origin: Some(origin) })?;
    let model = Model::from_bytes(&bytes, &Limits::FORMAT)?;
    verify(&model, &shrunk.layers, layers)?;
    Ok((bytes, model))
}

/// The tables of the affine nodes, reduced to the units kept.
fn affines(network: &OriginalNetwork<'_>, shrunk: &ShrunkNetwork) -> Vec<AffineTables> {
    let nodes = network.graph.nodes().iter().filter(|node| node.op == Op::Affine);
    let select = |values: &[f32], mask: &Mask| mask.indices().map(|unit| values[unit] + 0.0).collect();
    let tables = |(node, affine): (&Node, &crate::posterior::AffineTensors)| {
        let mask = network.units.mask(node.input(), &shrunk.kept);
        AffineTables { scale: select(&affine.scale, &mask), offset: select(&affine.offset, &mask) }
    };
    nodes.zip(network.affines).map(tables).collect()
}

/// The graph that remains. A flatten of the input is dropped where the input is a vector or is gathered as one.
fn graph(
    posterior: &Posterior,
    network: &OriginalNetwork<'_>,
    shrunk: &ShrunkNetwork,
    layers: &[&Quantized],
) -> Result<(Graph, Vec<OriginNode>)> {
    let input = network.units.mask(0, &shrunk.kept);
    let kept = Some(input.kept()).filter(|&kept| network.units.gathers_input() && kept < input.len());
    let spec = InputSpec { dtype: posterior.input().dtype, shape: posterior.input().shape, kept };
    let mut builder = GraphBuilder::new(spec, &Limits::FORMAT)?;
    let mut origin: Vec<OriginNode> = Vec::new();
    // For each value of the original graph: its number and its shape in the new graph.
    let mut values = vec![(0, spec.value_shape())];
    let mut stored = shrunk.layers.iter().zip(layers);
    for (node, name) in network.graph.nodes().iter().zip(posterior.node_names()) {
        let (inputs, shapes): (Vec<usize>, Vec<Shape>) = node.inputs.iter().map(|&input| values[input]).unzip();
        if node.op == Op::Flatten && matches!(shapes[0], Shape::Vector(_)) {
            values.push(values[node.input()]);
            continue;
        }
        let (mut op, mut shape) = (node.op, None);
        if op.linear().is_some() {
            let (left, layer) = stored.next().expect("invariant: one for each layer of the graph");
            op = op.with_linear(Linear::of(&layer.encoded));
            shape = Some(OriginShape { rows: left.rows.clone(), cols: left.units.clone() });
        }
        let output = op.output_shape(&shapes).map_err(|error| error.context(name))?;
        builder.push(Node { op, inputs })?;
        origin.push(OriginNode { name: name.clone(), shape });
        values.push((origin.len(), output));
    }
    Ok((builder.finish()?, origin))
}

/// Checks that the written model holds, bit for bit, the weights and biases that were evaluated.
fn verify(model: &Model, shrunk: &[ShrunkLayer], layers: &[&Quantized]) -> Result<()> {
    let same = |a: &[f32], b: &[f32]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits());
    for (i, (left, layer)) in shrunk.iter().zip(layers).enumerate() {
        let stored = &model.layers()[i];
        if !same(&model.weights(i).decode(), &layer.weights) || !same(&stored.bias, &left.stored_bias()) {
            let message = format!("the written layer {i} ({}) is not the one quantized", layer.encoded.encoding.name());
            return Err(Error::new(ErrorKind::Internal, message));
        }
    }
    Ok(())
}
