//! Trained posteriors and plain networks, read from safetensors and written to it (`docs/posteriors.md`).
//!
//! A [`Posterior`] was checked as a whole: the graph, every tensor's shape and numbers, and that no tensor is left over.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod build;
mod description;
mod fields;
mod file;
mod json;
mod layers;
mod method;
mod nodes;
mod write;

use crate::base::error::{Error, ErrorKind, Result};
use crate::graph::Graph;
pub use description::{Description, InputDescription};
pub(crate) use layers::{
    AffineTensors, GaussianLayer, GhsLayer, GnjLayer, Groups, LayerTensors, LogNormals, PlainLayer, ScaledWeights,
    UniformCodebook,
};
pub use method::Method;
pub use nodes::NamedNode;
use std::path::Path;
pub use write::{NamedTensor, write};

/// The key of the file's metadata.
const KEY: &str = "curt";
/// Bytes of the largest posterior file that is read.
pub const MAX_FILE_BYTES: u64 = 1 << 30;
/// Bytes of the largest safetensors header that is parsed.
pub const MAX_HEADER_BYTES: u64 = 1 << 22;

/// A trained network before compression.
#[derive(Clone, Debug)]
pub struct Posterior {
    name: String,
    method: Method,
    input: InputDescription,
    graph: Graph,
    node_names: Vec<String>,
    layers: LayerTensors,
    affines: Vec<AffineTensors>,
    training: serde_json::Value,
}

impl Posterior {
    /// Reads the file at `path`. Errors: `io`, `not_a_file`, `posterior`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = file::read(path)?;
        Self::from_bytes(&bytes).map_err(|error| error.context(path.display()))
    }

    /// Reads a posterior file's bytes. Error: `posterior`, naming the tensor or the node and what was expected.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        build::build(bytes)
    }

    /// The network's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How the network was trained.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// What the caller of the network feeds.
    #[must_use]
    pub fn input(&self) -> &InputDescription {
        &self.input
    }

    /// The network at its original shape, its weights as 32-bit floats.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The names of the graph's nodes, in order.
    #[must_use]
    pub fn node_names(&self) -> &[String] {
        &self.node_names
    }

    /// The names of the layers with weights, in order.
    pub fn layer_names(&self) -> impl Iterator<Item = &str> {
        self.graph.linears().filter_map(|(node, ..)| self.node_names.get(node)).map(String::as_str)
    }

    /// The tensors of the layers with weights, in order.
    pub(crate) fn layers(&self) -> &LayerTensors {
        &self.layers
    }

    /// The tensors of the affine nodes, in order.
    pub(crate) fn affines(&self) -> &[AffineTensors] {
        &self.affines
    }

    /// The trainer's own record, or null.
    #[must_use]
    pub fn training(&self) -> &serde_json::Value {
        &self.training
    }
}

/// A violation of `docs/posteriors.md`.
fn fail(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Posterior, message)
}
