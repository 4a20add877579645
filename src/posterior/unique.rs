//! JSON in which no object has a key twice. Parsers take the first of equal keys or the last, so that such a text has two meanings.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeSet;
use std::fmt;

/// Any JSON value whose objects, at every depth, have unique keys. Nothing of it is kept.
pub(super) struct UniqueKeys;

impl<'de> Deserialize<'de> for UniqueKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for UniqueKeys {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self, A::Error> {
        let mut keys = BTreeSet::new();
        while let Some(key) = object.next_key::<String>()? {
            object.next_value::<Self>()?;
            if let Some(again) = keys.replace(key) {
                return Err(A::Error::custom(format_args!("the key {again:?} stands twice")));
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_twice_is_refused_at_every_depth() {
        let read = |text: &str| serde_json::from_str::<UniqueKeys>(text).map(|_| ()).map_err(|error| error.to_string());
        for text in ["null", "[1, -1, 1.5, true, \"a\", [], {}]", r#"{"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]}"#] {
            assert_eq!(read(text), Ok(()), "{text}");
        }
        for text in [r#"{"a": 1, "a": 1}"#, r#"{"a": 1, "\u0061": 2}"#, r#"[{"b": {"a": [], "c": 0, "a": []}}]"#] {
            assert!(read(text).unwrap_err().contains("the key \"a\" stands twice"), "{text}");
        }
        assert!(read("{\"a\": 1").is_err() && read("[1,]").is_err());
    }
}
