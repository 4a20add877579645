//! The nodes of the description: operators with their parameters, and names resolved to values.

use super::fail;
use super::json::{self, Object};
use crate::base::checked::to_u64;
use crate::base::error::Result;
use crate::base::limits::Limits;
use crate::graph::{Activation, Conv2d, Linear, Op, PoolKind, Window};
use serde_json::Value;
use std::collections::HashMap;

/// The name by which a node reads what the caller feeds.
const INPUT: &str = "input";
/// Values that one node reads at most.
const MAX_INPUTS: usize = 64;
/// A node; value 0 is the input, node `i` (from 0) makes value `i + 1`.
pub(super) struct Node {
    pub(super) name: String,
    /// What is computed; a layer has no rows yet.
    pub(super) op: Op,
    pub(super) inputs: Vec<usize>,
}

pub(super) fn parse(value: &Value) -> Result<Vec<Node>> {
    let list = value.as_array().ok_or_else(|| fail(format!("\"nodes\" is {value}, expected a list")))?;
    if list.is_empty() || to_u64(list.len()) > Limits::FORMAT.nodes {
        return Err(fail(format!("{} nodes, expected 1 to {}", list.len(), Limits::FORMAT.nodes)));
    }
    let mut values = HashMap::from([(INPUT.to_owned(), 0)]);
    let mut nodes = Vec::new();
    for (i, value) in list.iter().enumerate() {
        let what = format!("node {i}");
        let object = json::object(value, &what)?;
        let name = super::description::name(object, &what)?;
        let what = format!("node {name:?}");
        let op = op(object, &what)?;
        let inputs = inputs(object, &op, &values, &what)?;
        if values.insert(name.clone(), i.saturating_add(1)).is_some() {
            return Err(fail(format!("two values are named {name:?}, expected names of their own")));
        }
        nodes.push(Node { name, op, inputs });
    }
    Ok(nodes)
}

fn inputs(object: &Object, op: &Op, values: &HashMap<String, usize>, what: &str) -> Result<Vec<usize>> {
    let names = json::list(object, "inputs", what)?;
    let (expected, fits) = match op {
        Op::Add => ("two names", names.len() == 2),
        Op::Concat => ("2 to 64 names", (2..=MAX_INPUTS).contains(&names.len())),
        _ => ("one name", names.len() == 1),
    };
    let texts: Option<Vec<&str>> = names.iter().map(Value::as_str).collect();
    let texts = texts.filter(|_| fits);
    let texts = texts.ok_or_else(|| fail(format!("{what}: \"inputs\" has {} entries, expected {expected}", names.len())))?;
    let value = |name: &str| {
        let value = values.get(name).copied();
        value.ok_or_else(|| fail(format!("{what} reads {name:?}, expected {INPUT:?} or the name of an earlier node")))
    };
    texts.into_iter().map(value).collect()
}

/// The operator and its parameters, and that there are no others.
fn op(object: &Object, what: &str) -> Result<Op> {
    let number = |key| json::number(object, key, what);
    let (op, keys): (Op, &[&str]) = match json::text(object, "op", what)? {
        "linear" => (Op::Linear(Linear::dense(0)), &[]),
        "conv2d" => (Op::Conv2d(conv(object, what)?), &["kernel", "stride", "padding", "dilation", "groups"]),
        "max_pool" => (Op::Pool { kind: PoolKind::Max, window: window(object, what)? }, &["kernel", "stride", "padding"]),
        "average_pool" => (
            Op::Pool { kind: average(object, what)?, window: window(object, what)? },
            &["kernel", "stride", "padding", "include_padding"],
        ),
        "global_average_pool" => (Op::GlobalAveragePool, &[]),
        "affine" => (Op::Affine, &[]),
        "relu" => (Op::RELU, &[]),
        "leaky_relu" => (Op::Activation(Activation::LeakyRelu { slope: number("slope")? }), &["slope"]),
        "sigmoid" => (Op::Activation(Activation::Sigmoid), &[]),
        "tanh" => (Op::Activation(Activation::Tanh), &[]),
        "clip" => (clip(number("min")?, number("max")?, what)?, &["min", "max"]),
        "hard_sigmoid" => {
            (Op::Activation(Activation::HardSigmoid { alpha: number("alpha")?, beta: number("beta")? }), &["alpha", "beta"])
        }
        "hard_swish" => (Op::Activation(Activation::HardSwish), &[]),
        "softmax" => (Op::Softmax, &[]),
        "flatten" => (Op::Flatten, &[]),
        "reshape" => (Op::Reshape(json::shape(object, what)?), &["shape"]),
        "add" => (Op::Add, &[]),
        "concat" => (Op::Concat, &[]),
        other => {
            let known = "linear, conv2d, max_pool, average_pool, global_average_pool, affine, relu, leaky_relu, sigmoid, tanh, clip, \
                         hard_sigmoid, hard_swish, softmax, flatten, reshape, add or concat";
            return Err(fail(format!("{what}: \"op\" is {other:?}, expected {known}")));
        }
    };
    json::only(object, what, &[&["name", "op", "inputs"], keys].concat())?;
    Ok(op)
}

fn conv(object: &Object, what: &str) -> Result<Conv2d> {
    let groups = match object.get("groups") {
        None => 1,
        Some(value) => {
            let groups = json::integer(value, 1);
            groups.ok_or_else(|| fail(format!("{what}: \"groups\" is {value}, expected an integer from 1 to 2^24")))?
        }
    };
    let dilation = object.get("dilation").map_or(Ok([1, 1]), |value| pair(value, 1, "dilation", what))?;
    Ok(Conv2d { linear: Linear::dense(0), window: Window { dilation, ..window(object, what)? }, groups })
}

/// `kernel` and `stride`, each (height, width); `padding`, (height, width) or (top, left, bottom, right), zero when absent.
fn window(object: &Object, what: &str) -> Result<Window> {
    let pair_of = |key| pair(json::get(object, key, what)?, 1, key, what);
    let window = Window::new(pair_of("kernel")?, pair_of("stride")?);
    let Some(padding) = object.get("padding") else { return Ok(window) };
    let sides: Option<Vec<usize>> = padding.as_array().and_then(|sides| sides.iter().map(|n| json::integer(n, 0)).collect());
    let (padding_before, padding_after) = match sides.as_deref() {
        Some(&[height, width]) => ([height, width], [height, width]),
        Some(&[top, left, bottom, right]) => ([top, left], [bottom, right]),
        _ => {
            let expected = "[height, width] or [top, left, bottom, right], integers from 0 to 2^24";
            return Err(fail(format!("{what}: \"padding\" is {padding}, expected {expected}")));
        }
    };
    Ok(Window { padding_before, padding_after, ..window })
}

fn pair(value: &Value, least: u64, key: &str, what: &str) -> Result<[usize; 2]> {
    let numbers: Option<Vec<usize>> = value.as_array().and_then(|list| list.iter().map(|n| json::integer(n, least)).collect());
    match numbers.as_deref() {
        Some(&[height, width]) => Ok([height, width]),
        _ => Err(fail(format!("{what}: {key:?} is {value}, expected [height, width], integers from {least} to 2^24"))),
    }
}

/// Whether the mean is of the elements inside the map (the default) or of the whole window.
fn average(object: &Object, what: &str) -> Result<PoolKind> {
    match object.get("include_padding") {
        None | Some(Value::Bool(false)) => Ok(PoolKind::Average),
        Some(Value::Bool(true)) => Ok(PoolKind::AverageIncludingPadding),
        Some(other) => Err(fail(format!("{what}: \"include_padding\" is {other}, expected true or false"))),
    }
}

fn clip(min: f32, max: f32, what: &str) -> Result<Op> {
    if min > max {
        return Err(fail(format!("{what}: \"min\" is {min}, above \"max\", which is {max}")));
    }
    Ok(Op::Activation(Activation::Clip { min, max }))
}
