//! Trained posteriors and plain networks, read from safetensors and written to it (`docs/posteriors.md`).
//!
//! A [`Posterior`] has passed all checks: its graph, the shape and numbers of every tensor, and that no tensor is left over.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod build;
mod description;
mod error;
mod fields;
mod file;
mod json;
mod layers;
mod method;
mod network;
mod nodes;
mod unique;
mod write;

pub use description::{Description, InputDescription};
pub use file::{MAX_FILE_BYTES, MAX_HEADER_BYTES};
pub(crate) use layers::{
    AffineTensors, GaussianLayer, GhsLayer, GnjLayer, Groups, LayerTensors, LogNormals, PlainLayer, ScaledWeights,
    UniformCodebook,
};
pub use method::Method;
pub use network::Posterior;
pub use nodes::NamedNode;
pub use write::{NamedTensor, write};
