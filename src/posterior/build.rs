//! Reads a posterior from a file: the description, then each node's tensors. A tensor that no node has is an error.

use super::description::{self, Description};
use super::error::fail;
use super::file::{KEY, MAX_FILE_BYTES, TensorFile};
use super::layers::{AffineTensors, Groups, LayerTensors};
use super::method::Method;
use super::network::Posterior;
use super::nodes;
use crate::base::checked::to_u64;
use crate::base::environment::Environment;
use crate::base::error::{Defect, Error, Result};
use crate::base::limits::{Limits, MAX_ELEMENTS};
use crate::bytes::Storage;
use crate::graph::{Conv2d, GraphBuilder, InputSpec, Linear, Node, Op};
use crate::tensor::Shape;
use std::collections::BTreeSet;
use std::path::Path;

impl Posterior {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// `io`, `not_a_file`, `limit`, `no_memory`; `posterior` when the file violates `docs/posteriors.md`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = Storage::read(path, MAX_FILE_BYTES)?;
        Self::from_bytes(file.bytes()).map_err(|error| error.context(path.display()))
    }

    /// Reads a posterior file's bytes.
    ///
    /// # Errors
    /// `posterior`; the message names the tensor or the node, and what was expected.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let _modes = Environment::set();
        build(bytes)
    }
}

fn build(bytes: &[u8]) -> Result<Posterior> {
    let mut file = TensorFile::parse(bytes)?;
    let Description { name, method, input, nodes, training } = description::parse(file.text(KEY)?)?;
    let spec = InputSpec { dtype: input.dtype, shape: input.shape, kept: None };
    let mut builder = GraphBuilder::new(spec, &Limits::DEFAULT).map_err(|error| fail(format!("\"input\": {error}")))?;
    let mut shapes = vec![input.shape];
    let (mut layers, mut affines) = (LayerTensors::new(method), Vec::new());
    let mut node_names = Vec::new();
    let mut read = BTreeSet::new();
    for nodes::NamedNode { name, op, inputs } in nodes {
        let refuse = |error| fail(format!("node {name:?}: {error}"));
        let from: Option<Vec<Shape>> = inputs.iter().map(|&input| shapes.get(input).copied()).collect();
        let from = from.ok_or_else(|| fail(format!("node {name:?} reads a value that no earlier node makes")))?;
        check_groups(&op, &from).and_then(|()| op.output_shape(&from)).map_err(refuse)?; // before tensors are compared with this shape
        let op = with_tensors(op, &from, &name, method, &mut file, &mut layers, &mut affines)?;
        shapes.push(op.output_shape(&from).map_err(refuse)?);
        read.extend(inputs.iter().copied());
        builder.push(Node { op, inputs }).map_err(refuse)?;
        node_names.push(name);
    }
    let mut values = node_names.iter().zip(1..node_names.len()); // the last one is the output
    if let Some((name, _)) = values.find(|(_, value)| !read.contains(value)) {
        return Err(fail(format!("no node reads the value of node {name:?}, and it is not the last")));
    }
    let graph = builder.finish().map_err(|error| fail(format!("\"nodes\": {error}")))?;
    if graph.linears().next().is_none() {
        return Err(fail("\"nodes\" has no linear or conv2d node: there is nothing to compress"));
    }
    if let Some(name) = file.left_over() {
        return Err(fail(format!("tensor {name:?} is not expected: no node of the graph has it")));
    }
    Ok(Posterior { name, method, input, graph, node_names, layers, affines, training })
}

/// Checks that the channel groups of a convolution divide its input channels. Its output channels are not known yet.
fn check_groups(op: &Op, from: &[Shape]) -> Result<()> {
    match (op, from) {
        (Op::Conv2d(conv), [input @ Shape::Image { .. }]) if input.channels().checked_rem(conv.groups) != Some(0) => {
            let message = format!("{} channel groups do not divide {} input channels", conv.groups, input.channels());
            Err(Error::new(Defect::Shape, message))
        }
        _ => Ok(()),
    }
}

/// Reads the tensors of a node, if it has any. Sets the rows of a layer to those of its weights.
fn with_tensors(
    op: Op,
    from: &[Shape],
    name: &str,
    method: Method,
    file: &mut TensorFile<'_>,
    layers: &mut LayerTensors,
    affines: &mut Vec<AffineTensors>,
) -> Result<Op> {
    let rows = match (op, from) {
        (Op::Linear(_), [input]) => layers.read(method, file, name, &[input.elements()], Groups::Inputs)?,
        (Op::Conv2d(Conv2d { window, groups, .. }), [input]) => {
            let channels = input.channels().checked_div(groups).unwrap_or(0);
            let [height, width] = window.kernel;
            if to_u64(channels).saturating_mul(to_u64(window.area())) > MAX_ELEMENTS {
                return Err(fail(format!("node {name:?}: an output of {channels}x{height}x{width} weights is above the limits")));
            }
            layers.read(method, file, name, &[channels, height, width], Groups::Maps)?
        }
        (Op::Affine, [input]) => {
            affines.push(AffineTensors::read(file, name, input.affine_channels())?);
            return Ok(op);
        }
        _ => return Ok(op),
    };
    Ok(op.linear().map_or(op, |&linear| op.with_linear(Linear { rows, ..linear })))
}
