//! From a file to a posterior: the description, then each node's tensors, then whether anything is left over.

use super::description::{self, Description, OpName};
use super::file::File;
use super::{Layers, Posterior, fail};
use crate::base::error::Result;
use crate::base::limits::Limits;
use crate::graph::{GraphBuilder, InputSpec, Linear, Node, Op};
use std::collections::BTreeSet;

/// The key of the file's metadata.
const KEY: &str = "curt";

pub(super) fn build(bytes: &[u8]) -> Result<Posterior> {
    let mut file = File::parse(bytes)?;
    let Description { name, method, input, nodes, training } = description::parse(file.text(KEY)?)?;
    let spec = InputSpec { dtype: input.dtype, shape: input.shape, kept: None };
    let mut builder = GraphBuilder::new(spec, &Limits::DEFAULT).map_err(|error| fail(format!("\"input\": {error}")))?;
    let mut shapes = vec![input.shape];
    let mut layers = Layers::new(method);
    let mut node_names = Vec::new();
    let mut read = BTreeSet::new();
    for description::Node { name, op, input } in nodes {
        let shape = *shapes.get(input).ok_or_else(|| fail(format!("node {name:?} reads a value that is not made before it")))?;
        let op = match op {
            OpName::Linear => {
                let rows = layers.read(&mut file, &name, shape.elements())?;
                Op::Linear(Linear::dense(rows))
            }
            OpName::Relu => Op::RELU,
            OpName::Softmax => Op::Softmax,
            OpName::Flatten => Op::Flatten,
        };
        let refuse = |error| fail(format!("node {name:?}: {error}"));
        shapes.push(op.output_shape(&[shape]).map_err(refuse)?);
        builder.push(Node::new(op, input)).map_err(refuse)?;
        node_names.push(name);
        read.insert(input);
    }
    let mut values = node_names.iter().zip(1..node_names.len()); // the last one is the output
    if let Some((name, _)) = values.find(|(_, value)| !read.contains(value)) {
        return Err(fail(format!("no node reads the value of node {name:?}, and it is not the last")));
    }
    let graph = builder.finish().map_err(|error| fail(format!("\"nodes\": {error}")))?;
    if graph.linears().next().is_none() {
        return Err(fail("\"nodes\" has no linear node: there is nothing to compress"));
    }
    if let Some(name) = file.left_over() {
        return Err(fail(format!("tensor {name:?} is not expected: no node of the graph has it")));
    }
    Ok(Posterior { name, input, graph, node_names, layers, training })
}
