//! JSON files that people write. Errors name the file and the field.

use crate::exit::Failure;
use curt::bytes::Storage;
use serde::de::DeserializeOwned;
use std::path::Path;

/// The largest file that is read.
const MAX_BYTES: u64 = 1 << 24;

/// Reads a file. Errors name the file, the field and the line.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let file = Storage::read(path, MAX_BYTES)?;
    let mut json = serde_json::Deserializer::from_slice(file.bytes());
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| refuse(path, &error.to_string()))?;
    json.end().map_err(|error| refuse(path, &error.to_string()))?;
    Ok(value)
}

/// Reads a file with one object on each line.
pub(crate) fn read_lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, Failure> {
    let file = Storage::read(path, MAX_BYTES)?;
    let lines = serde_json::Deserializer::from_slice(file.bytes()).into_iter();
    lines.collect::<Result<_, _>>().map_err(|error| refuse(path, &error.to_string()))
}

/// A failure that names the file.
pub(crate) fn refuse(path: &Path, message: &str) -> Failure {
    Failure::input(format!("{}: {message}", path.display()))
}
