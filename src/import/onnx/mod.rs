//! ONNX files: protocol buffers with a graph of nodes in execution order, and its constants.
//!
//! `wire`, `message` and `tensor` read the file; `lower` goes through its nodes once. A node whose inputs are constants is computed here
//! (`constant`); the others become nodes of the network (`op`), or only change how a value is seen.

mod at;
mod attributes;
mod constant;
mod external;
mod input;
mod lower;
mod message;
mod op;
mod options;
mod shape;
mod tensor;
mod wire;

use super::Imported;
use super::error::damaged;
use crate::base::environment::Environment;
use crate::base::error::Result;
use crate::bytes::Storage;
pub use options::OnnxOptions;
use std::path::Path;

/// Bytes of the largest file that is read.
pub const MAX_FILE_BYTES: u64 = 1 << 30;

/// Reads the file at `path`.
///
/// # Errors
/// `io`, `not_a_file`, `no_memory`; those of [`from_bytes`].
pub fn open(path: impl AsRef<Path>, options: &OnnxOptions) -> Result<Imported> {
    let path = path.as_ref();
    let file = Storage::read(path, MAX_FILE_BYTES)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let _modes = Environment::set();
    read(file.bytes(), &name, Some(folder), options).map_err(|error| error.context(path.display()))
}

/// Reads a file's bytes; `name` becomes the network's name.
///
/// # Errors
/// - `import`, `bounds` when the file is damaged or contradicts itself;
/// - `unsupported` when it holds what is not run here: the message names the node, the operator and the nearest way out;
/// - `shape` when values do not fit an operator; `limit`;
/// - `posterior` when a weight is not finite, or nothing has weights.
pub fn from_bytes(bytes: &[u8], name: &str, options: &OnnxOptions) -> Result<Imported> {
    let _modes = Environment::set();
    read(bytes, name, None, options)
}

fn read(bytes: &[u8], name: &str, folder: Option<&Path>, options: &OnnxOptions) -> Result<Imported> {
    let model = message::parse(bytes)?;
    let folder = folder.filter(|_| options.external_data);
    let (draft, input, output) = lower::lower(&model, folder, options)?;
    let shape = draft.shape(output.value);
    let mut notes = Vec::new();
    if !output.is_in_order(shape) {
        notes.push(format!("the output is in the order channel, row, column ({shape}); the file has it as {:?}", output.dims));
    }
    if output.value == 0 {
        return Err(damaged("the output is the input: there is nothing to run"));
    }
    Ok(Imported { network: draft.finish(name, output.value)?, notes, input })
}
