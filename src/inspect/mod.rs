//! What a file holds: its layers and sections with their bytes, and every check there is.

pub mod layer;
pub mod packed;
pub mod sections;
pub mod used;
pub mod verify;

use crate::base::checked::to_u64;
use crate::model::Model;
use crate::tensor::{Mask, Shape};
pub use layer::LayerReport;
pub use packed::PackedReport;
pub use sections::SectionReport;
pub use used::{UsedLayer, used};
pub use verify::{Passed, verify};

/// What a file holds, for people and for `--json`.
#[derive(Clone, Debug)]
pub struct Report {
    /// The network's name, where the file says it.
    pub network: Option<String>,
    /// How it was compressed, where the file says it.
    pub method: Option<String>,
    /// Bytes of the file: of the packed one when the model came in that.
    pub file_bytes: u64,
    /// Bytes of the original network: 4 for each of its weights and biases. `None` when the file does not say what it was.
    pub original_bytes: Option<u64>,
    /// How the file is laid out: `mapped` or `packed`.
    pub profile: &'static str,
    /// The shape of one sample that the caller feeds.
    pub input_shape: Shape,
    /// The inputs that the network reads, when it does not read all of them.
    pub input_mask: Option<Mask>,
    /// Elements of the output.
    pub outputs: usize,
    /// The operators in execution order, with names where the file has them.
    pub nodes: Vec<NodeReport>,
    /// The layers that have weights, in execution order.
    pub layers: Vec<LayerReport>,
    /// The sections of the mapped file, in order.
    pub sections: Vec<SectionReport>,
}

/// A node of the graph.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeReport {
    /// Its name in the origin section, otherwise its operator and number.
    pub name: String,
    /// Its operator.
    pub op: &'static str,
    /// The shape of the value that it makes.
    pub output_shape: Shape,
}

impl Report {
    /// Looks at a model.
    #[must_use]
    pub fn new(model: &Model) -> Self {
        let (graph, origin) = (model.graph(), model.origin());
        let names = node_names(model);
        let nodes = graph.nodes().iter().zip(&names).zip(graph.shapes().iter().skip(1));
        Self {
            network: origin.map(|origin| origin.network.clone()),
            method: origin.map(|origin| origin.method.clone()),
            file_bytes: model.packed_bytes().unwrap_or(to_u64(model.file().len())),
            original_bytes: original_bytes(model),
            profile: if model.packed_bytes().is_some() { "packed" } else { "mapped" },
            input_shape: graph.input().shape,
            input_mask: model.tables().input_mask.clone(),
            outputs: graph.output_shape().elements(),
            nodes: nodes
                .map(|((node, name), &output_shape)| NodeReport { name: name.clone(), op: node.op.name(), output_shape })
                .collect(),
            layers: (0..model.layers().len()).map(|i| LayerReport::new(model, i, &names)).collect(),
            sections: sections::sections(model),
        }
    }

    /// The inputs that each linear layer keeps, and the maps of each convolution, as the papers write architectures: `278-98-13`,
    /// `8-13-88-13`.
    #[must_use]
    pub fn kept_architecture(&self) -> String {
        let numbers: Vec<String> = self.layers.iter().map(|layer| layer.in_architecture(layer.kept_shape)).collect();
        numbers.join("-")
    }

    /// The same for the original network, where the file says what it was.
    #[must_use]
    pub fn original_architecture(&self) -> Option<String> {
        let numbers = self.layers.iter().map(|layer| Some(layer.in_architecture(layer.original_shape?)));
        Some(numbers.collect::<Option<Vec<_>>>()?.join("-"))
    }
}

/// The name of every node: that of the origin section, otherwise the operator and the node's number, counted from 1.
#[must_use]
pub fn node_names(model: &Model) -> Vec<String> {
    match model.origin() {
        Some(origin) => origin.nodes.iter().map(|node| node.name.clone()).collect(),
        None => model.graph().nodes().iter().enumerate().map(|(i, node)| format!("{}{}", node.op.name(), i + 1)).collect(),
    }
}

/// Bytes of the network before compression, 4 for each weight and bias; `None` when the file does not say what it was.
#[must_use]
pub fn original_bytes(model: &Model) -> Option<u64> {
    let nodes = model.origin()?.nodes.iter().zip(model.graph().nodes());
    let elements = nodes.filter_map(|(origin, node)| {
        let shape = origin.shape.as_ref()?;
        Some(to_u64(shape.rows.len()).saturating_mul(to_u64(shape.columns(&node.op)).saturating_add(1)))
    });
    Some(elements.fold(0u64, u64::saturating_add).saturating_mul(4))
}
