//! Reads the fields of operators from the description.

use super::error::fail;
use super::json::{self, Object};
use crate::base::error::{ErrorKind, Result};
use crate::graph::op::{Expected, Fields, WindowFields};
use crate::graph::{Linear, Window};
use crate::tensor::Shape;
use serde_json::Value;
use std::ops::RangeInclusive;

/// Reads the fields of one node. A field that is left out keeps the value that it has in the operator's `KINDS`.
pub(super) struct JsonFields<'a> {
    object: &'a Object,
    /// The node, as messages name it.
    what: &'a str,
    /// The keys that the node may have.
    keys: Vec<&'static str>,
}

impl<'a> JsonFields<'a> {
    pub(super) fn new(object: &'a Object, what: &'a str) -> Self {
        Self { object, what, keys: vec!["name", "op", "inputs"] }
    }

    /// Refuses a key that is no field of the operator.
    pub(super) fn finish(self) -> Result<()> {
        json::only(self.object, self.what, &self.keys)
    }

    /// The value of a key that may be left out.
    fn optional(&mut self, key: &'static str) -> Option<&'a Value> {
        self.keys.push(key);
        self.object.get(key)
    }

    fn required(&mut self, key: &'static str) -> Result<&'a Value> {
        self.keys.push(key);
        json::get(self.object, key, self.what)
    }

    fn refuse<T>(&self, key: &str, value: &Value, expected: &str) -> Result<T> {
        Err(fail(format!("{}: {key:?} is {value}, expected {expected}", self.what)))
    }

    /// Height and width, each at least 1.
    fn pair(&self, key: &str, value: &Value) -> Result<[usize; 2]> {
        match integers(value, 1).as_deref() {
            Some(&[height, width]) => Ok([height, width]),
            _ => self.refuse(key, value, "[height, width], integers from 1 to 2^24"),
        }
    }
}

fn integers(value: &Value, least: u64) -> Option<Vec<usize>> {
    value.as_array()?.iter().map(|n| json::integer(n, least)).collect()
}

impl Fields for JsonFields<'_> {
    fn number(&mut self, name: &'static str, _: Expected, _: RangeInclusive<u64>, value: &mut usize) -> Result<()> {
        if let Some(found) = self.optional(name) {
            let Some(number) = json::integer(found, 1) else {
                return self.refuse(name, found, "an integer from 1 to 2^24");
            };
            *value = number;
        }
        Ok(())
    }

    fn flag(&mut self, name: &'static str, value: &mut bool) -> Result<()> {
        match self.optional(name) {
            None => {}
            Some(Value::Bool(found)) => *value = *found,
            Some(other) => return self.refuse(name, other, "true or false"),
        }
        Ok(())
    }

    fn float(&mut self, name: &'static str, _: f32, value: &mut f32) -> Result<()> {
        self.keys.push(name);
        *value = json::number(self.object, name, self.what)?;
        Ok(())
    }

    fn check(&mut self, holds: bool, _: ErrorKind, message: &dyn Fn() -> String) -> Result<()> {
        if holds { Ok(()) } else { Err(fail(format!("{}: {}", self.what, message()))) }
    }

    fn linear(&mut self, _: &mut Linear) -> Result<()> {
        Ok(()) // the tensors say it
    }

    /// `kernel` and `stride`, each `[height, width]`; `padding`, `[height, width]` or `[top, left, bottom, right]`, zero when absent.
    fn window(&mut self, window: &mut Window, which: WindowFields) -> Result<()> {
        let kernel = self.required("kernel")?;
        let stride = self.required("stride")?;
        *window = Window::new(self.pair("kernel", kernel)?, self.pair("stride", stride)?);
        if let Some(padding) = self.optional("padding") {
            (window.padding_before, window.padding_after) = match integers(padding, 0).as_deref() {
                Some(&[height, width]) => ([height, width], [height, width]),
                Some(&[top, left, bottom, right]) => ([top, left], [bottom, right]),
                _ => {
                    let expected = "[height, width] or [top, left, bottom, right], integers from 0 to 2^24";
                    return self.refuse("padding", padding, expected);
                }
            };
        }
        if which == WindowFields::Convolution
            && let Some(dilation) = self.optional("dilation")
        {
            window.dilation = self.pair("dilation", dilation)?;
        }
        Ok(())
    }

    fn shape(&mut self, shape: &mut Shape) -> Result<()> {
        self.keys.push("shape");
        *shape = json::shape(self.object, self.what)?;
        Ok(())
    }
}
