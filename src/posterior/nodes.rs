//! The nodes of the description: operators with their parameters, and names resolved to values.

use super::error::fail;
use super::fields::JsonFields;
use super::json::{self, Object};
use crate::base::checked::to_u64;
use crate::base::error::Result;
use crate::base::limits::Limits;
use crate::graph::Op;
use serde_json::Value;
use std::collections::HashMap;

/// The name by which a node reads the input of the network.
pub(super) const INPUT: &str = "input";

/// A node; value 0 is the input, node `i` (from 0) makes value `i + 1`.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedNode {
    /// A name, unique in the graph.
    pub name: String,
    /// What is computed. The rows of a layer are not known here; they follow from its tensors.
    pub op: Op,
    /// The values read.
    pub inputs: Vec<usize>,
}

pub(super) fn parse(value: &Value) -> Result<Vec<NamedNode>> {
    let list = value.as_array().ok_or_else(|| fail(format!("\"nodes\" is {value}, expected a list")))?;
    if list.is_empty() || to_u64(list.len()) > Limits::FORMAT.nodes {
        return Err(fail(format!("{} nodes, expected 1 to {}", list.len(), Limits::FORMAT.nodes)));
    }
    let mut values = HashMap::from([(INPUT.to_owned(), 0)]);
    let mut nodes = Vec::new();
    for (i, value) in list.iter().enumerate() {
        let what = format!("node {i}");
        let object = json::object(value, &what)?;
        let name = json::name(object, &what)?;
        let what = format!("node {name:?}");
        let op = op(object, &what)?;
        let inputs = inputs(object, &op, &values, &what)?;
        if values.insert(name.clone(), i.saturating_add(1)).is_some() {
            return Err(fail(format!("duplicate name {name:?}")));
        }
        nodes.push(NamedNode { name, op, inputs });
    }
    Ok(nodes)
}

fn inputs(object: &Object, op: &Op, values: &HashMap<String, usize>, what: &str) -> Result<Vec<usize>> {
    let names = json::list(object, "inputs", what)?;
    let range = op.inputs();
    let expected = match (range.start(), range.end()) {
        (1, 1) => "one name".to_owned(),
        (2, 2) => "two names".to_owned(),
        (least, most) => format!("{least} to {most} names"),
    };
    let texts: Option<Vec<&str>> = names.iter().map(Value::as_str).collect();
    let texts = texts.filter(|names| range.contains(&names.len()));
    let texts = texts.ok_or_else(|| fail(format!("{what}: \"inputs\" has {} entries, expected {expected}", names.len())))?;
    let value = |name: &str| {
        let value = values.get(name).copied();
        value.ok_or_else(|| fail(format!("{what} reads {name:?}, expected {INPUT:?} or the name of an earlier node")))
    };
    texts.into_iter().map(value).collect()
}

/// The operator and its fields.
///
/// # Errors
/// `posterior` when the operator is not known, a field is missing or wrong, or a key is no field.
fn op(object: &Object, what: &str) -> Result<Op> {
    let name = json::text(object, "op", what)?;
    let unknown = || {
        let known: Vec<&str> = Op::kinds().map(|op| op.name()).collect();
        fail(format!("{what}: \"op\" is {name:?}, expected one of {}", known.join(", ")))
    };
    let mut op = Op::of_name(name).ok_or_else(unknown)?;
    let mut fields = JsonFields::new(object, what);
    op.fields(&mut fields)?;
    fields.finish()?;
    Ok(op)
}
