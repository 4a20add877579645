//! What the caller of an import decides.

use std::collections::BTreeMap;

/// What the caller of an import decides.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OnnxOptions {
    /// The dimensions of inputs by name, the batch included, where the file leaves some free.
    pub shapes: BTreeMap<String, Vec<usize>>,
    /// The value that is the network's output. Default: the file's only one.
    pub output: Option<String>,
    /// Whether constants may lie in other files of the model's folder. Default: no.
    pub external_data: bool,
}

impl OnnxOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the dimensions of an input, the batch included.
    #[must_use]
    pub fn shape(mut self, input: impl Into<String>, dims: impl Into<Vec<usize>>) -> Self {
        self.shapes.insert(input.into(), dims.into());
        self
    }

    /// Sets the value that is the network's output.
    #[must_use]
    pub fn output(self, value: impl Into<String>) -> Self {
        Self { output: Some(value.into()), ..self }
    }

    /// Allows constants in other files of the model's folder.
    #[must_use]
    pub fn external_data(self, allow: bool) -> Self {
        Self { external_data: allow, ..self }
    }
}
