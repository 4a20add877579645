//! JSON objects from files of people: every field is looked for by name, and what is wrong names the file and the field.

use crate::exit::Failure;
use curt::bytes::Storage;
use serde_json::{Map, Value};
use std::path::Path;

/// Bytes of the largest file that is read.
const MAX_BYTES: u64 = 1 << 24;

/// An object, and where it stands for messages.
pub(crate) struct Fields<'a> {
    place: String,
    fields: &'a Map<String, Value>,
}

/// Reads a file of JSON. Errors name the file.
pub(crate) fn read(path: &Path) -> Result<Value, Failure> {
    let file = Storage::read(path, MAX_BYTES)?;
    serde_json::from_slice(file.bytes()).map_err(|error| refuse(&path.display().to_string(), &format!("not JSON: {error}")))
}

/// A refusal of what stands at `place`.
pub(crate) fn refuse(place: &str, message: &str) -> Failure {
    Failure::input(format!("{place}: {message}"))
}

impl<'a> Fields<'a> {
    /// The fields of `value`, which stands at `place`.
    pub(crate) fn of(value: &'a Value, place: impl Into<String>) -> Result<Self, Failure> {
        let place = place.into();
        match value {
            Value::Object(fields) => Ok(Self { place, fields }),
            _ => Err(refuse(&place, "expected an object")),
        }
    }

    /// Refuses fields that nothing reads, which are most often misspelt.
    pub(crate) fn only(&self, names: &[&str]) -> Result<(), Failure> {
        match self.fields.keys().find(|name| !names.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(refuse(&self.place, &format!("{name:?} is not known; the fields are {}", names.join(", ")))),
        }
    }

    /// Names the place in a message.
    pub(crate) fn refuse(&self, message: &str) -> Failure {
        refuse(&self.place, message)
    }

    fn optional(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// A text that may be missing.
    pub(crate) fn optional_text(&self, name: &str) -> Result<Option<String>, Failure> {
        let Some(value) = self.optional(name) else { return Ok(None) };
        let text = value.as_str().filter(|text| !text.is_empty());
        text.map(|text| Some(text.to_owned())).ok_or_else(|| self.refuse(&format!("{name:?} is not a text: {value}")))
    }

    /// A text.
    pub(crate) fn text(&self, name: &str) -> Result<String, Failure> {
        self.optional_text(name)?.ok_or_else(|| self.refuse(&format!("{name:?} is missing")))
    }

    /// A number above zero that may be missing.
    pub(crate) fn optional_number(&self, name: &str) -> Result<Option<f64>, Failure> {
        let Some(value) = self.optional(name) else { return Ok(None) };
        let number = value.as_f64().filter(|&number| number > 0.0);
        number.map(Some).ok_or_else(|| self.refuse(&format!("{name:?} is not a number above 0: {value}")))
    }

    /// A whole number.
    pub(crate) fn whole(&self, name: &str) -> Result<u64, Failure> {
        let value = self.optional(name).ok_or_else(|| self.refuse(&format!("{name:?} is missing")))?;
        value.as_u64().ok_or_else(|| self.refuse(&format!("{name:?} is not a whole number: {value}")))
    }

    /// An object that may be missing.
    pub(crate) fn optional_object(&self, name: &str) -> Result<Option<Fields<'a>>, Failure> {
        self.optional(name).map(|value| Fields::of(value, format!("{}, {name:?}", self.place))).transpose()
    }
}
