//! The attributes of a node.

use super::external::ExternalData;
use super::message::{self, Items, Node};
use super::tensor::{Budget, Data, Tensor};
use super::wire::{Field, Message};
use crate::base::error::Result;
use crate::import::error::damaged;

impl<'a> Node<'a> {
    /// The content of field `field` of the attribute.
    fn attribute(&self, name: &str) -> Option<Message<'a>> {
        self.attributes.iter().find(|(own, _)| *own == name).map(|(_, message)| message.clone())
    }

    fn single(&self, name: &str, at: u64) -> Result<Option<Field<'a>>> {
        let Some(mut message) = self.attribute(name) else { return Ok(None) };
        let mut found = None;
        while let Some((number, field)) = message.field()? {
            if number == at {
                found = Some(field);
            }
        }
        found.map(Some).ok_or_else(|| damaged(format!("the attribute {name:?} is not of the type of its operator")))
    }

    /// An integer; `usual` when it is absent.
    pub(super) fn integer(&self, name: &str, usual: i64) -> Result<i64> {
        self.single(name, 3)?.map_or(Ok(usual), |field| field.integer(name))
    }

    /// A truth value; `usual` when it is absent.
    pub(super) fn flag(&self, name: &str, usual: bool) -> Result<bool> {
        Ok(self.integer(name, i64::from(usual))? != 0)
    }

    /// A float; `usual` when it is absent.
    pub(super) fn float(&self, name: &str, usual: f32) -> Result<f32> {
        match self.single(name, 2)? {
            None => Ok(usual),
            Some(Field::Fixed32(bytes)) => Ok(f32::from_le_bytes(bytes)),
            Some(_) => Err(damaged(format!("the attribute {name:?} is no float"))),
        }
    }

    /// A text.
    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>> {
        let Some(field) = self.single(name, 4)? else { return Ok(None) };
        let bytes = field.message(name)?.bytes();
        std::str::from_utf8(bytes).map(Some).map_err(|_| damaged(format!("the attribute {name:?} is not UTF-8")))
    }

    /// A list of integers.
    pub(super) fn integers(&self, name: &str) -> Result<Option<Vec<i64>>> {
        let Some(mut message) = self.attribute(name) else { return Ok(None) };
        let mut list = Vec::new();
        while let Some((number, field)) = message.field()? {
            if number == 8 {
                message::integers(field, name, &mut |value| {
                    list.push(value);
                    Ok(())
                })?;
            }
        }
        Ok(Some(list))
    }

    /// A list of floats.
    pub(super) fn floats(&self, name: &str) -> Result<Option<Vec<f32>>> {
        let Some(mut message) = self.attribute(name) else { return Ok(None) };
        let mut list = Vec::new();
        while let Some((number, field)) = message.field()? {
            match (number, field) {
                (7, Field::Fixed32(bytes)) => list.push(f32::from_le_bytes(bytes)),
                (7, Field::Bytes(mut packed)) => {
                    while !packed.is_empty() {
                        list.push(f32::from_le_bytes(packed.array()?));
                    }
                }
                _ => {}
            }
        }
        Ok(Some(list))
    }

    /// The tensor of an attribute.
    pub(super) fn tensor(&self, name: &str, budget: &mut Budget) -> Result<Option<Tensor>> {
        let Some(field) = self.single(name, 5)? else { return Ok(None) };
        let message = message::tensor(field.message(name)?, &mut Items::new())?;
        message.decode(&mut ExternalData::new(None), budget).map(Some)
    }

    /// The constant of a `Constant` node.
    pub(super) fn constant(&self, budget: &mut Budget) -> Result<Option<Tensor>> {
        if let Some(tensor) = self.tensor("value", budget)? {
            return Ok(Some(tensor));
        }
        let float = |values: Vec<f32>, dims| Tensor { dims, data: Data::Float(values) };
        if let Some(values) = self.floats("value_floats")? {
            let dims = vec![values.len()];
            return Ok(Some(float(values, dims)));
        }
        if let Some(values) = self.integers("value_ints")? {
            return Ok(Some(Tensor::integers(values)));
        }
        if self.attribute("value_float").is_some() {
            return Ok(Some(float(vec![self.float("value_float", 0.0)?], Vec::new())));
        }
        if self.attribute("value_int").is_some() {
            return Ok(Some(Tensor { dims: Vec::new(), data: Data::Integer(vec![self.integer("value_int", 0)?]) }));
        }
        Ok(None)
    }
}
