//! The cost of each part of a packed file.

use super::node_names;
use crate::base::checked::to_u64;
use crate::base::error::{ErrorKind, Result};
use crate::format::packed::Part;
use crate::format::{account, pack};
use crate::model::Model;

/// The size of a model's packed file and of its parts.
#[derive(Clone, Debug)]
pub struct PackedReport {
    /// Bytes of the packed file.
    pub bytes: u64,
    /// Its parts in order. Their bits sum up to the bits of the file.
    pub parts: Vec<PackedPart>,
}

/// A part of a packed file.
#[derive(Clone, Debug, PartialEq)]
pub struct PackedPart {
    /// The layer that it belongs to.
    pub layer: Option<String>,
    /// Its name.
    pub name: &'static str,
    /// The ideal code length: the sum of `-log2 p` over its bits.
    pub bits: f64,
}

impl PackedReport {
    /// Packs a model and measures the parts; `None` if its sparse layers have too many weights, zeros included, to be packed.
    ///
    /// # Errors
    /// Those of [`pack`].
    pub fn new(model: &Model) -> Result<Option<Self>> {
        let bytes = match pack(model.file()) {
            Err(error) if error.kind() == ErrorKind::Limit => return Ok(None),
            packed => to_u64(packed?.len()),
        };
        let names = node_names(model);
        let layer = |i: usize| model.layers().get(i).and_then(|layer| names.get(layer.node)).cloned();
        let part = |part| match part {
            Part::Graph => (None, "graph"),
            Part::Input => (None, "input"),
            Part::Levels(i) => (layer(i), "levels and factors"),
            Part::Biases(i) => (layer(i), "biases"),
            Part::Zeros(i) => (layer(i), "zeros"),
            Part::Signs(i) => (layer(i), "signs"),
            Part::Magnitudes(i) => (layer(i), "magnitudes"),
            Part::Origin => (None, "origin"),
            Part::Other => (None, "other"),
        };
        let mut parts = vec![PackedPart { layer: None, name: "magic and version", bits: 32.0 }];
        parts.extend(account(model.file())?.into_iter().map(|(which, bits)| {
            let (layer, name) = part(which);
            PackedPart { layer, name, bits }
        }));
        parts.push(PackedPart { layer: None, name: "checksum", bits: 32.0 });
        // The coder's rounding, and the bits that fill the last byte.
        let rest = bytes as f64 * 8.0 - parts.iter().map(|part| part.bits).sum::<f64>();
        parts.push(PackedPart { layer: None, name: "rounding", bits: rest });
        Ok(Some(Self { bytes, parts }))
    }
}
