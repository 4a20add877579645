//! What a file holds: its layers and sections with their bytes. Also the checks of `curt verify`.

pub mod layer;
pub mod packed;
pub mod used;
pub mod verify;

use crate::base::checked::to_u64;
use crate::format::{self, SectionInfo};
use crate::model::Model;
use crate::tensor::{Mask, Shape};
pub use layer::LayerReport;
pub use packed::PackedReport;
pub use used::{UsedLayer, used};
pub use verify::{Passed, verify};

/// A description of a file, for text and for `--json`.
#[derive(Clone, Debug)]
pub struct Report {
    /// The network's name, if the file has it.
    pub network: Option<String>,
    /// The method that compressed it, if the file has it.
    pub method: Option<String>,
    /// Bytes of the file that the model was loaded from, packed or mapped.
    pub file_bytes: u64,
    /// Bytes of the original network, 4 for each weight and bias; `None` if the file does not describe it.
    pub original_bytes: Option<u64>,
    /// The profile of that file: `mapped` or `packed`.
    pub profile: &'static str,
    /// The shape of an input sample.
    pub input_shape: Shape,
    /// The inputs that the network reads; `None` if it reads all.
    pub input_mask: Option<Mask>,
    /// Elements of the output.
    pub outputs: usize,
    /// The nodes in execution order.
    pub nodes: Vec<NodeReport>,
    /// The layers that have weights, in execution order.
    pub layers: Vec<LayerReport>,
    /// The sections of the mapped file, in order.
    pub sections: Vec<SectionInfo>,
}

/// A node of the graph.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeReport {
    /// Its name in the origin section, or else its operator and number.
    pub name: String,
    /// Its operator.
    pub op: &'static str,
    /// The shape of its output.
    pub output_shape: Shape,
}

impl Report {
    /// Describes a model.
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
            sections: sections(model),
        }
    }

    /// The kept architecture in the notation of the papers: the inputs of each linear layer and the output maps of each convolution, such as
    /// `278-98-13` or `8-13-88-13`.
    #[must_use]
    pub fn kept_architecture(&self) -> String {
        let numbers: Vec<String> = self.layers.iter().map(|layer| layer.in_architecture(layer.kept_shape)).collect();
        numbers.join("-")
    }

    /// The original architecture in the same notation, if the file describes it.
    #[must_use]
    pub fn original_architecture(&self) -> Option<String> {
        let numbers = self.layers.iter().map(|layer| Some(layer.in_architecture(layer.original_shape?)));
        Some(numbers.collect::<Option<Vec<_>>>()?.join("-"))
    }
}

/// The name of every node: that of the origin section, or else the operator and the node's number, counted from 1.
#[must_use]
pub fn node_names(model: &Model) -> Vec<String> {
    match model.origin() {
        Some(origin) => origin.nodes.iter().map(|node| node.name.clone()).collect(),
        None => model.graph().nodes().iter().enumerate().map(|(i, node)| format!("{}{}", node.op.name(), i + 1)).collect(),
    }
}

/// Bytes of the original network, 4 for each weight and bias; `None` if the file does not describe it.
#[must_use]
pub fn original_bytes(model: &Model) -> Option<u64> {
    let nodes = model.origin()?.nodes.iter().zip(model.graph().nodes());
    let elements = nodes.filter_map(|(origin, node)| {
        let shape = origin.shape.as_ref()?;
        Some(to_u64(shape.rows.len()).saturating_mul(to_u64(shape.columns(&node.op)).saturating_add(1)))
    });
    Some(elements.fold(0u64, u64::saturating_add).saturating_mul(4))
}

/// The sections of the mapped file.
fn sections(model: &Model) -> Vec<SectionInfo> {
    format::sections(model.file()).expect("invariant: the validator has found the sections")
}
