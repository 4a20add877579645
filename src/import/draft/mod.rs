//! The network that an import builds: nodes with their tensors, before its names and its input are settled.
//!
//! `fold` merges what a runtime need not compute by itself; `finish` makes the description and the tensors of a posterior.

mod finish;
mod fold;
mod node;

use super::error::damaged;
use crate::base::error::Result;
use crate::graph::{Activation, Linear, Op};
use crate::tensor::{Dtype, Shape};
use node::DraftNode;
pub(super) use node::{Layer, Tensors};

/// A network in the making. Value 0 is the input, node `i` (from 0) makes value `i + 1`.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) dtype: Dtype,
    nodes: Vec<DraftNode>,
    shapes: Vec<Shape>,
}

impl Draft {
    pub(super) fn new(shape: Shape, dtype: Dtype) -> Self {
        Self { dtype, nodes: Vec::new(), shapes: vec![shape] }
    }

    /// The shape of a value.
    pub(super) fn shape(&self, value: usize) -> Shape {
        self.shapes.get(value).copied().expect("invariant: values are numbered by the draft")
    }

    /// Adds a node; returns its value.
    ///
    /// # Errors
    /// `shape`, `limit` when the operator does not fit the shapes of its inputs.
    pub(super) fn push(&mut self, name: &str, op: Op, inputs: &[usize], tensors: Tensors) -> Result<usize> {
        let rows = if let Tensors::Layer(layer) = &tensors { layer.rows } else { 0 };
        let op = op.linear().map_or(op, |&linear| op.with_linear(Linear { rows, ..linear }));
        let from: Vec<Shape> = inputs.iter().map(|&input| self.shape(input)).collect();
        let shape = op.output_shape(&from)?;
        self.nodes.push(DraftNode { name: name.to_owned(), op, inputs: inputs.to_vec(), tensors });
        self.shapes.push(shape);
        Ok(self.nodes.len())
    }

    /// Adds a node without tensors that reads one value.
    ///
    /// # Errors
    /// As [`Draft::push`].
    pub(super) fn plain(&mut self, name: &str, op: Op, input: usize) -> Result<usize> {
        self.push(name, op, &[input], Tensors::None)
    }

    /// Adds `scale * x + offset`, one of each for every unit.
    ///
    /// # Errors
    /// `import` when there are not as many as the value has units.
    pub(super) fn affine(&mut self, name: &str, input: usize, scale: Vec<f32>, offset: Vec<f32>) -> Result<usize> {
        let units = self.shape(input).affine_channels();
        if scale.len() != units || offset.len() != units {
            return Err(damaged(format!("{} factors and {} offsets for {units} channels", scale.len(), offset.len())));
        }
        self.push(name, Op::Affine, &[input], Tensors::Affine { scale, offset })
    }

    /// Adds `scale * x + offset` with one factor and one offset for all units.
    ///
    /// # Errors
    /// As [`Draft::push`].
    pub(super) fn uniform(&mut self, name: &str, input: usize, scale: f32, offset: f32) -> Result<usize> {
        let units = self.shape(input).affine_channels();
        self.affine(name, input, vec![scale; units], vec![offset; units])
    }

    fn node(&self, value: usize) -> Option<&DraftNode> {
        value.checked_sub(1).and_then(|node| self.nodes.get(node))
    }

    /// If a value is `scale * x + offset` with one factor and one offset for all units: both, and `x`.
    pub(super) fn as_uniform(&self, value: usize) -> Option<(f32, f32, usize)> {
        let node = self.node(value)?;
        let Tensors::Affine { scale, offset } = &node.tensors else { return None };
        let same = |list: &[f32]| list.first().copied().filter(|first| list.iter().all(|other| other == first));
        Some((same(scale)?, same(offset)?, node.inputs.first().copied()?))
    }

    /// If a value is an activation of `x`: it, and `x`.
    pub(super) fn as_activation(&self, value: usize) -> Option<(Activation, usize)> {
        match self.node(value)? {
            DraftNode { op: Op::Activation(activation), inputs, .. } => Some((*activation, inputs.first().copied()?)),
            _ => None,
        }
    }
}
