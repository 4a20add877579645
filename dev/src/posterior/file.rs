//! A posterior file in parts.

use serde_json::{Map, Value, json};

/// A tensor as it is stored.
#[derive(Clone, Debug)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// The name of its type.
    pub dtype: &'static str,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its elements.
    pub bytes: Vec<u8>,
}

/// A posterior file in parts.
#[derive(Clone, Debug)]
pub struct PosteriorFile {
    /// The network, as the JSON under `curt`.
    pub description: Value,
    /// The tensors, in the order in which they are stored.
    pub tensors: Vec<Tensor>,
}

impl PosteriorFile {
    /// A file without tensors.
    pub fn new(description: Value) -> Self {
        Self { description, tensors: Vec::new() }
    }

    /// Adds a tensor of floats.
    pub fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) -> &mut Self {
        assert_eq!(values.len(), shape.iter().product::<usize>(), "{name}");
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.tensors.push(Tensor { name: name.to_owned(), dtype: "F32", shape: shape.to_vec(), bytes });
        self
    }

    /// The tensor of a name.
    pub fn tensor(&mut self, name: &str) -> &mut Tensor {
        self.tensors.iter_mut().find(|tensor| tensor.name == name).unwrap()
    }

    /// The floats of a tensor.
    pub fn read(&self, name: &str) -> Vec<f32> {
        let tensor = self.tensors.iter().find(|tensor| tensor.name == name).unwrap();
        tensor.bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    }

    /// Changes one float of a tensor.
    pub fn set(&mut self, name: &str, element: usize, value: f32) {
        self.tensor(name).bytes[element * 4..][..4].copy_from_slice(&value.to_le_bytes());
    }

    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        self.with_metadata(json!({ "curt": self.description.to_string() }))
    }

    /// The file with other metadata.
    pub fn with_metadata(&self, metadata: Value) -> Vec<u8> {
        let mut header = Map::new();
        header.insert("__metadata__".to_owned(), metadata);
        let mut data = Vec::new();
        for Tensor { name, dtype, shape, bytes } in &self.tensors {
            let offsets = [data.len(), data.len() + bytes.len()];
            header.insert(name.clone(), json!({ "dtype": dtype, "shape": shape, "data_offsets": offsets }));
            data.extend_from_slice(bytes);
        }
        let header = Value::Object(header).to_string();
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend_from_slice(header.as_bytes());
        file.extend_from_slice(&data);
        file
    }
}
