//! A posterior: the network and its tensors, which have passed all checks.

use super::description::InputDescription;
use super::layers::{AffineTensors, LayerTensors};
use super::method::Method;
use crate::graph::Graph;

/// A trained network before compression.
#[derive(Clone, Debug)]
pub struct Posterior {
    pub(super) name: String,
    pub(super) method: Method,
    pub(super) input: InputDescription,
    pub(super) graph: Graph,
    pub(super) node_names: Vec<String>,
    pub(super) layers: LayerTensors,
    pub(super) affines: Vec<AffineTensors>,
    pub(super) training: serde_json::Value,
}

impl Posterior {
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

    /// The input that the caller gives.
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
