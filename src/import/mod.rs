//! Networks from files of others (feature `onnx`). `docs/import.md` lists what is read.
//!
//! An import makes a [`Posterior`]: the plain network that a posterior file of method `plain` would hold. So everything that takes one takes
//! an import too. The rooms: `onnx` reads a file and follows its nodes; `view` keeps note of reordered values; `draft` is the network that is built.
//!
//! Every file is untrusted. Names, nodes, dimensions and constants are limited, nothing recurses, and each error names the node.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod draft;
mod error;
pub mod onnx;
mod view;

use crate::base::error::{Error, ErrorKind, Result};
use crate::posterior::Posterior;
use view::View;

/// A network from a file of another format.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The network. Its input has the order channel, row, column.
    pub network: Posterior,
    /// What a user should know about the import, a sentence each.
    pub notes: Vec<String>,
    /// How the file orders its input.
    input: View,
}

impl Imported {
    /// The dimensions of a sample in the file, without the batch.
    #[must_use]
    pub fn file_shape(&self) -> &[usize] {
        self.input.dims.get(1..).unwrap_or_default()
    }

    /// Samples in the order of the file, such as row, column, channel, put into the order of the network's input.
    ///
    /// # Errors
    /// `input` when they are not a whole number of samples.
    pub fn reorder<T: Copy>(&self, samples: &[T]) -> Result<Vec<T>> {
        let places = self.input.places(self.network.input().shape);
        let chunks = samples.chunks_exact(places.len().max(1));
        if !chunks.remainder().is_empty() {
            let message = format!("{} numbers are no whole number of samples of {}", samples.len(), places.len());
            return Err(Error::new(ErrorKind::Input, message));
        }
        let mut from = vec![0; places.len()];
        for (file, &network) in places.iter().enumerate() {
            if let Some(from) = from.get_mut(network) {
                *from = file;
            }
        }
        Ok(chunks.flat_map(|sample| from.iter().filter_map(|&file| sample.get(file).copied())).collect())
    }

    /// Whether [`Imported::reorder`] changes anything.
    #[must_use]
    pub fn is_reordered(&self) -> bool {
        !self.input.is_in_order(self.network.input().shape)
    }
}
