//! The JSON text of a posterior file: the input and the nodes.

use super::error::fail;
use super::json::{self, Object};
use super::method::Method;
use super::nodes::{self, NamedNode};
use super::unique::UniqueKeys;
use crate::base::error::Result;
use crate::tensor::{Dtype, Shape};
use serde_json::Value;

/// The version of the layout that is read and written.
pub(super) const VERSION: u64 = 1;

/// The input that the caller gives. The network sees `x * scale + offset`, channel by channel.
#[derive(Clone, Debug, PartialEq)]
pub struct InputDescription {
    /// The shape of one sample.
    pub shape: Shape,
    /// The type of an element.
    pub dtype: Dtype,
    /// A factor for each channel, not zero.
    pub scale: Vec<f32>,
    /// An offset for each channel.
    pub offset: Vec<f32>,
}

/// Everything in a posterior file except its tensors, with names resolved to values.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// The network's name.
    pub name: String,
    /// How the network was trained.
    pub method: Method,
    /// The input that the caller gives.
    pub input: InputDescription,
    /// The nodes in execution order.
    pub nodes: Vec<NamedNode>,
    /// The trainer's own record, or null.
    pub training: Value,
}

pub(super) fn parse(text: &str) -> Result<Description> {
    let not = |error| fail(format!("the metadata is not JSON of this layout: {error}"));
    serde_json::from_str::<UniqueKeys>(text).map_err(not)?;
    let value: Value = serde_json::from_str(text).map_err(not)?;
    let what = "the metadata";
    let all = json::object(&value, what)?;
    json::only(all, what, &["posterior", "name", "method", "input", "nodes", "training"])?;
    let version = json::get(all, "posterior", what)?;
    if version.as_u64() != Some(VERSION) {
        return Err(fail(format!("the posterior's version is {version}, this library reads version {VERSION}")));
    }
    let method = json::text(all, "method", what)?;
    let method = Method::ALL.into_iter().find(|known| known.name() == method);
    let method = method.ok_or_else(|| {
        let known = Method::ALL.map(Method::name).join(", ");
        fail(format!("the method is {}, expected one of {known}", all.get("method").unwrap_or(&Value::Null)))
    })?;
    Ok(Description {
        name: json::name(all, what)?,
        method,
        input: input(json::get(all, "input", what)?)?,
        nodes: nodes::parse(json::get(all, "nodes", what)?)?,
        training: all.get("training").cloned().unwrap_or_default(),
    })
}

fn input(value: &Value) -> Result<InputDescription> {
    let what = "\"input\"";
    let input = json::object(value, what)?;
    json::only(input, what, &["shape", "dtype", "scale", "offset"])?;
    let shape = json::shape(input, what)?;
    let dtype = match json::text(input, "dtype", what)? {
        "u8" => Dtype::U8,
        "f32" => Dtype::F32,
        other => return Err(fail(format!("{what}: \"dtype\" is {other:?}, expected \"u8\" or \"f32\""))),
    };
    let scale = numbers(input, "scale", shape.channels())?;
    if scale.contains(&0.0) {
        return Err(fail(format!("{what}: a number of \"scale\" is zero")));
    }
    Ok(InputDescription { shape, dtype, scale, offset: numbers(input, "offset", shape.channels())? })
}

/// Reads a list of `channels` finite numbers.
fn numbers(input: &Object, key: &str, channels: usize) -> Result<Vec<f32>> {
    let what = "\"input\"";
    let values = json::list(input, key, what)?;
    let numbers: Option<Vec<f32>> = values.iter().map(json::float).collect();
    match numbers {
        Some(numbers) if numbers.len() == channels => Ok(numbers),
        _ => Err(fail(format!(
            "{what}: {key:?} has {} entries, expected {channels} finite numbers, one per channel",
            values.len()
        ))),
    }
}
