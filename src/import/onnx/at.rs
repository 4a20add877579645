//! A node of the file among what was made of the nodes before it.

use super::external::ExternalData;
use super::message::{Node, TensorMessage, is_default};
use super::shape;
use super::tensor::{Budget, Tensor};
use crate::base::error::Result;
use crate::import::draft::Draft;
use crate::import::error::{damaged, unsupported};
use crate::import::view::View;
use crate::tensor::Shape;
use std::collections::HashMap;
use std::rc::Rc;

/// A value of the file.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// The same for every sample.
    Constant(Rc<Tensor>),
    /// A value of the network.
    Data(View),
}

/// The network so far, and what the names of the file stand for.
pub(super) struct Lower<'a> {
    pub(super) draft: Draft,
    /// The version of the operators.
    pub(super) opset: i64,
    /// The batch that the file is written for, if it is fixed and not one.
    pub(super) batch: Option<usize>,
    pub(super) budget: Budget,
    pub(super) values: HashMap<&'a str, Value>,
    pub(super) initializers: HashMap<&'a str, &'a TensorMessage<'a>>,
    pub(super) external: ExternalData<'a>,
}

/// A node, and the network that it is added to.
pub(super) struct At<'n, 'a> {
    pub(super) lower: &'n mut Lower<'a>,
    pub(super) node: &'n Node<'a>,
}

impl<'a> At<'_, 'a> {
    /// The node's name, or that of its first output.
    pub(super) fn name(&self) -> &'a str {
        let first = self.node.outputs.first().copied().unwrap_or_default();
        if self.node.name.is_empty() { first } else { self.node.name }
    }

    /// The node's first output is `value`.
    pub(super) fn make(&mut self, value: Value) -> Result<()> {
        let name = self.node.outputs.first().copied().unwrap_or_default();
        match self.lower.values.insert(name, value) {
            None => Ok(()),
            Some(_) => Err(damaged(format!("the value {name:?} is made twice"))),
        }
    }

    /// Input `i`, if it is there.
    pub(super) fn optional(&mut self, i: usize) -> Result<Option<Value>> {
        let Some(&name) = self.node.inputs.get(i).filter(|name| !name.is_empty()) else { return Ok(None) };
        if let Some(value) = self.lower.values.get(name) {
            return Ok(Some(value.clone()));
        }
        let Some(message) = self.lower.initializers.get(name).copied() else {
            return Err(damaged(format!("it reads {name:?}, which no node before it makes and no constant is")));
        };
        let value = Value::Constant(Rc::new(message.decode(&mut self.lower.external, &mut self.lower.budget)?));
        self.lower.values.insert(name, value.clone());
        Ok(Some(value))
    }

    /// Input `i`.
    pub(super) fn input(&mut self, i: usize) -> Result<Value> {
        self.optional(i)?.ok_or_else(|| damaged(format!("it has no input {i}")))
    }

    /// Input `i`, which depends on the sample and has no zeros to be added.
    pub(super) fn data(&mut self, i: usize) -> Result<View> {
        let view = self.padded_data(i)?;
        if view.is_padded() {
            return Err(unsupported("it reads a padded value; only convolutions and pooling pad"));
        }
        Ok(view)
    }

    /// Input `i`, which depends on the sample.
    pub(super) fn padded_data(&mut self, i: usize) -> Result<View> {
        match self.input(i)? {
            Value::Data(view) => Ok(view),
            Value::Constant(_) => Err(unsupported(format!("its input {i} is a constant where a computed value is expected"))),
        }
    }

    /// Input `i`, if it is there, which must be a constant.
    pub(super) fn optional_constant(&mut self, i: usize) -> Result<Option<Rc<Tensor>>> {
        match self.optional(i)? {
            None => Ok(None),
            Some(Value::Constant(tensor)) => Ok(Some(tensor)),
            Some(Value::Data(_)) => {
                Err(unsupported(format!("its input {i} depends on the sample; only constants are read there")))
            }
        }
    }

    /// Input `i`, which must be a constant.
    pub(super) fn constant(&mut self, i: usize) -> Result<Rc<Tensor>> {
        self.optional_constant(i)?.ok_or_else(|| damaged(format!("it has no input {i}")))
    }

    /// Axes as the file spells them: input `i`, or the attribute of older versions.
    pub(super) fn axes(&mut self, i: usize) -> Result<Option<Vec<i64>>> {
        match self.optional_constant(i)? {
            Some(tensor) => Ok(tensor.as_integers().map(<[i64]>::to_vec)),
            None => self.node.integers("axes"),
        }
    }

    /// The shape of a view's value.
    pub(super) fn shape(&self, view: &View) -> Shape {
        self.lower.draft.shape(view.value)
    }

    /// Whether the operator is one of the standard.
    pub(super) fn is_standard(&self) -> bool {
        is_default(self.node.domain)
    }

    /// The attribute `perm`: reversed when it is absent.
    pub(super) fn permutation(&self, rank: usize) -> Result<Vec<usize>> {
        let Some(list) = self.node.integers("perm")? else { return Ok((0..rank).rev().collect()) };
        let permutation: Option<Vec<usize>> = list.iter().map(|&i| usize::try_from(i).ok()).collect();
        let permutation = permutation.filter(|permutation| permutation.len() == rank && shape::is_permutation(permutation));
        permutation.ok_or_else(|| damaged(format!("{list:?} is no permutation of {rank} axes")))
    }
}
