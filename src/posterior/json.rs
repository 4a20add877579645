//! Reads JSON values. Every error names the place and what was expected.

use super::error::fail;
use crate::base::checked::{to_u64, to_usize};
use crate::base::error::Result;
use crate::base::limits::{MAX_DIMENSION, MAX_ELEMENTS, MAX_NAME_BYTES};
use crate::tensor::Shape;
use serde_json::{Map, Value};

/// A JSON object.
pub(super) type Object = Map<String, Value>;

pub(super) fn object<'a>(value: &'a Value, what: &str) -> Result<&'a Object> {
    value.as_object().ok_or_else(|| fail(format!("{what} is {}, expected an object", kind(value))))
}

/// Checks that an object has no keys but `keys`.
///
/// # Errors
/// `posterior`.
pub(super) fn only(object: &Object, what: &str, keys: &[&str]) -> Result<()> {
    match object.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => Err(fail(format!("{what} has the key {key:?}, expected only {}", keys.join(", ")))),
        None => Ok(()),
    }
}

pub(super) fn get<'a>(object: &'a Object, key: &str, what: &str) -> Result<&'a Value> {
    object.get(key).ok_or_else(|| fail(format!("{what} has no key {key:?}")))
}

pub(super) fn text<'a>(object: &'a Object, key: &str, what: &str) -> Result<&'a str> {
    let value = get(object, key, what)?;
    value.as_str().ok_or_else(|| fail(format!("{what}: {key:?} is {}, expected a text", kind(value))))
}

pub(super) fn list<'a>(object: &'a Object, key: &str, what: &str) -> Result<&'a Vec<Value>> {
    let value = get(object, key, what)?;
    value.as_array().ok_or_else(|| fail(format!("{what}: {key:?} is {}, expected a list", kind(value))))
}

/// A number that is finite as f32. A negative zero becomes +0, because `.curt` files store only +0.
pub(super) fn float(value: &Value) -> Option<f32> {
    value.as_f64().map(to_f32).filter(|value| value.is_finite())
}

/// The finite number under `key`.
pub(super) fn number(object: &Object, key: &str, what: &str) -> Result<f32> {
    let value = get(object, key, what)?;
    float(value).ok_or_else(|| fail(format!("{what}: {key:?} is {value}, expected a finite number")))
}

/// An integer from `least` to 2^24.
pub(super) fn integer(value: &Value, least: u64) -> Option<usize> {
    let number = value.as_u64().filter(|number| (least..=MAX_DIMENSION).contains(number))?;
    to_usize(number, "an integer").ok()
}

/// The shape under `key`: dimensions from 1 up, within the format's limits.
pub(super) fn shape(object: &Object, what: &str) -> Result<Shape> {
    let dims: Option<Vec<usize>> = list(object, "shape", what)?.iter().map(|dim| integer(dim, 1)).collect();
    let shape = dims.and_then(|dims| match *dims {
        [features] => Some(Shape::Vector(features)),
        [channels, height, width] => Some(Shape::Image { channels, height, width }),
        _ => None,
    });
    let product = |shape: &Shape| shape.dims().iter().try_fold(1usize, |product, &dim| product.checked_mul(dim));
    let fits = |shape: &Shape| product(shape).is_some_and(|n| u64::try_from(n).is_ok_and(|n| n <= MAX_ELEMENTS));
    shape.filter(fits).ok_or_else(|| {
        let found = object.get("shape").unwrap_or(&Value::Null);
        fail(format!("{what}: \"shape\" is {found}, expected [channels, height, width] or [features], at most 2^31 elements"))
    })
}

#[allow(clippy::as_conversions)] // rounds to nearest
fn to_f32(value: f64) -> f32 {
    let value = value as f32;
    if value == 0.0 { 0.0 } else { value }
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

/// The value of the key `name`: 1 to 255 bytes without characters that could change what a terminal shows.
pub(super) fn name(object: &Object, what: &str) -> Result<String> {
    let name = text(object, "name", what)?;
    let forbidden = |c: char| c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    if name.is_empty() || to_u64(name.len()) > MAX_NAME_BYTES || name.chars().any(forbidden) {
        let expected = format!("expected 1 to {MAX_NAME_BYTES} bytes without control characters");
        return Err(fail(format!("{what}: \"name\" has {} bytes, {expected}", name.len())));
    }
    Ok(name.to_owned())
}
