//! The JSON text of a posterior file: the input and the nodes.

use super::{Method, fail};
use crate::base::checked::{to_u64, to_usize};
use crate::base::error::Result;
use crate::base::limits::{Limits, MAX_DIMENSION, MAX_ELEMENTS, MAX_NAME_BYTES};
use crate::tensor::{Dtype, Shape};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// The version of the layout that is read.
const VERSION: u64 = 1;
/// The name by which a node reads what the caller feeds.
const INPUT: &str = "input";

/// What the caller of the network feeds: the network sees `x * scale + offset`, by channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The shape of one sample.
    pub shape: Shape,
    /// The type of an element.
    pub dtype: Dtype,
    /// A factor for each channel, not zero.
    pub scale: Vec<f32>,
    /// What is added for each channel.
    pub offset: Vec<f32>,
}

/// What the text says, with names resolved; shapes are not known yet.
pub(super) struct Description {
    pub(super) name: String,
    pub(super) method: Method,
    pub(super) input: Input,
    pub(super) nodes: Vec<Node>,
    pub(super) training: Value,
}

/// A node; value 0 is the input, node `i` makes value `i + 1`.
pub(super) struct Node {
    pub(super) name: String,
    pub(super) op: OpName,
    pub(super) input: usize,
}

/// The operators of posterior files.
#[derive(Clone, Copy)]
pub(super) enum OpName {
    Linear,
    Relu,
    Softmax,
    Flatten,
}

pub(super) fn parse(text: &str) -> Result<Description> {
    let value: Value = serde_json::from_str(text).map_err(|error| fail(format!("the metadata is not JSON: {error}")))?;
    let what = "the metadata";
    let all = object(&value, what, &["posterior", "name", "method", "input", "nodes", "training"])?;
    let version = get(all, "posterior", what)?;
    if version.as_u64() != Some(VERSION) {
        return Err(fail(format!("the posterior's version is {version}, this library reads version {VERSION}")));
    }
    let method = text_of(all, "method", what)?;
    let method = Method::ALL.into_iter().find(|known| known.name() == method);
    let method = method.ok_or_else(|| {
        let known = Method::ALL.map(Method::name).join(" or ");
        fail(format!("the method is {}, expected {known}", all.get("method").unwrap_or(&Value::Null)))
    })?;
    Ok(Description {
        name: name(all, what)?,
        method,
        input: input(get(all, "input", what)?)?,
        nodes: nodes(get(all, "nodes", what)?)?,
        training: all.get("training").cloned().unwrap_or_default(),
    })
}

fn input(value: &Value) -> Result<Input> {
    let what = "\"input\"";
    let input = object(value, what, &["shape", "dtype", "scale", "offset"])?;
    let dims: Option<Vec<u64>> = list(input, "shape", what)?.iter().map(Value::as_u64).collect();
    let shape = dims.and_then(|dims| shape(&dims)).ok_or_else(|| {
        fail(format!(
            "{what}: \"shape\" is {}, expected [channels, height, width] or [features]",
            input.get("shape").unwrap_or(&Value::Null)
        ))
    })?;
    let dtype = match text_of(input, "dtype", what)? {
        "u8" => Dtype::U8,
        "f32" => Dtype::F32,
        other => return Err(fail(format!("{what}: \"dtype\" is {other:?}, expected \"u8\" or \"f32\""))),
    };
    let scale = numbers(input, "scale", shape.channels())?;
    if scale.contains(&0.0) {
        return Err(fail(format!("{what}: a number of \"scale\" is zero")));
    }
    Ok(Input { shape, dtype, scale, offset: numbers(input, "offset", shape.channels())? })
}

/// A shape of dimensions from 1 up, within the format's limits.
fn shape(dims: &[u64]) -> Option<Shape> {
    let product = dims.iter().try_fold(1u64, |product, &dim| product.checked_mul(dim))?;
    if product > MAX_ELEMENTS || dims.iter().any(|&dim| dim == 0 || dim > MAX_DIMENSION) {
        return None;
    }
    let dim = |n: u64| to_usize(n, "a dimension").ok();
    match *dims {
        [features] => Some(Shape::Vector(dim(features)?)),
        [channels, height, width] => Some(Shape::Image { channels: dim(channels)?, height: dim(height)?, width: dim(width)? }),
        _ => None,
    }
}

/// `channels` finite numbers; a negative zero becomes a zero, which is what files store.
fn numbers(input: &Map<String, Value>, key: &str, channels: usize) -> Result<Vec<f32>> {
    let what = "\"input\"";
    let values = list(input, key, what)?;
    let numbers: Option<Vec<f32>> = values.iter().map(|value| value.as_f64().map(to_f32).filter(|x| x.is_finite())).collect();
    match numbers {
        Some(numbers) if numbers.len() == channels => Ok(numbers),
        _ => Err(fail(format!(
            "{what}: {key:?} has {} entries, expected {channels} finite numbers, one per channel",
            values.len()
        ))),
    }
}

#[allow(clippy::as_conversions)] // rounds to nearest
fn to_f32(value: f64) -> f32 {
    let value = value as f32;
    if value == 0.0 { 0.0 } else { value }
}

fn nodes(value: &Value) -> Result<Vec<Node>> {
    let list = value.as_array().ok_or_else(|| fail(format!("\"nodes\" is {value}, expected a list")))?;
    if list.is_empty() || to_u64(list.len()) > Limits::FORMAT.nodes {
        return Err(fail(format!("{} nodes, expected 1 to {}", list.len(), Limits::FORMAT.nodes)));
    }
    let mut values = HashMap::from([(INPUT.to_owned(), 0)]);
    let mut nodes = Vec::new();
    for (i, value) in list.iter().enumerate() {
        let what = format!("node {i}");
        let node = object(value, &what, &["name", "op", "inputs"])?;
        let name = name(node, &what)?;
        let what = format!("node {name:?}");
        let op = match text_of(node, "op", &what)? {
            "linear" => OpName::Linear,
            "relu" => OpName::Relu,
            "softmax" => OpName::Softmax,
            "flatten" => OpName::Flatten,
            other => return Err(fail(format!("{what}: \"op\" is {other:?}, expected linear, relu, softmax or flatten"))),
        };
        let inputs = self::list(node, "inputs", &what)?;
        let [Value::String(source)] = inputs.as_slice() else {
            return Err(fail(format!("{what}: \"inputs\" has {} entries, expected one name", inputs.len())));
        };
        let input = *values
            .get(source)
            .ok_or_else(|| fail(format!("{what} reads {source:?}, expected {INPUT:?} or the name of an earlier node")))?;
        if values.insert(name.clone(), i.saturating_add(1)).is_some() {
            return Err(fail(format!("two values are named {name:?}, expected names of their own")));
        }
        nodes.push(Node { name, op, input });
    }
    Ok(nodes)
}

/// The key `name`: 1 to 255 bytes that a terminal prints as they are.
fn name(map: &Map<String, Value>, what: &str) -> Result<String> {
    let name = text_of(map, "name", what)?;
    let forbidden = |c: char| c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    if name.is_empty() || to_u64(name.len()) > MAX_NAME_BYTES || name.chars().any(forbidden) {
        let expected = format!("expected 1 to {MAX_NAME_BYTES} bytes without control characters");
        return Err(fail(format!("{what}: \"name\" has {} bytes, {expected}", name.len())));
    }
    Ok(name.to_owned())
}

fn object<'a>(value: &'a Value, what: &str, keys: &[&str]) -> Result<&'a Map<String, Value>> {
    let object = value.as_object().ok_or_else(|| fail(format!("{what} is {}, expected an object", kind(value))))?;
    match object.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => Err(fail(format!("{what} has the key {key:?}, expected only {}", keys.join(", ")))),
        None => Ok(object),
    }
}

fn get<'a>(map: &'a Map<String, Value>, key: &str, what: &str) -> Result<&'a Value> {
    map.get(key).ok_or_else(|| fail(format!("{what} has no key {key:?}")))
}

fn text_of<'a>(map: &'a Map<String, Value>, key: &str, what: &str) -> Result<&'a str> {
    let value = get(map, key, what)?;
    value.as_str().ok_or_else(|| fail(format!("{what}: {key:?} is {}, expected a text", kind(value))))
}

fn list<'a>(map: &'a Map<String, Value>, key: &str, what: &str) -> Result<&'a Vec<Value>> {
    let value = get(map, key, what)?;
    value.as_array().ok_or_else(|| fail(format!("{what}: {key:?} is {}, expected a list", kind(value))))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
