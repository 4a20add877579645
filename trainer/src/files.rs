//! Atomic writes, and arrays in safetensors files.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use curt::posterior::NamedTensor;
use safetensors::{Dtype, SafeTensors};

/// Writes a file atomically: after a crash the path holds either the old or the new file. The steps are: temporary file, fsync, rename, fsync
/// of the folder.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(".tmp");
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        match path.parent() {
            Some(folder) if folder != Path::new("") => File::open(folder)?.sync_all(),
            _ => File::open(".")?.sync_all(),
        }
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Writes arrays and one metadata entry.
pub fn write_arrays(path: &Path, arrays: &[NamedTensor], key: &str, metadata: String) -> Result<()> {
    let metadata = HashMap::from([(key.to_owned(), metadata)]);
    let named = arrays.iter().map(|array| (&array.name, array));
    let bytes = safetensors::serialize(named, Some(metadata)).with_context(|| format!("cannot serialize {}", path.display()))?;
    write_atomically(path, &bytes)
}

/// Arrays read from a file, with one metadata entry.
pub struct Arrays {
    bytes: Vec<u8>,
    metadata: String,
}

impl Arrays {
    pub fn read(path: &Path, key: &str) -> Result<Self> {
        let shown = path.display();
        let bytes = fs::read(path).with_context(|| format!("cannot read {shown}"))?;
        Self::parse(bytes, key).with_context(|| format!("{shown} is not usable"))
    }

    /// Parses the bytes of a file.
    pub fn parse(bytes: Vec<u8>, key: &str) -> Result<Self> {
        let (_, header) = SafeTensors::read_metadata(&bytes).context("it is not a safetensors file")?;
        let entry = header.metadata().as_ref().and_then(|all| all.get(key));
        let metadata = entry.with_context(|| format!("it has no metadata entry '{key}'"))?.clone();
        Ok(Self { bytes, metadata })
    }

    pub fn metadata(&self) -> &str {
        &self.metadata
    }

    /// Whether there is an array of this name.
    pub fn contains(&self, name: &str) -> bool {
        SafeTensors::deserialize(&self.bytes).is_ok_and(|arrays| arrays.tensor(name).is_ok())
    }

    /// The values of an f32 array of this name and shape.
    pub fn get(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let arrays = SafeTensors::deserialize(&self.bytes)?;
        let array = arrays.tensor(name).with_context(|| format!("the array '{name}' is missing"))?;
        ensure!(
            array.dtype() == Dtype::F32 && array.shape() == shape,
            "the array '{name}' is {:?} {:?} instead of F32 {shape:?}",
            array.dtype(),
            array.shape()
        );
        let words = array.data().chunks_exact(size_of::<f32>());
        Ok(words.map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_come_back_as_written() {
        let folder = std::env::temp_dir().join(format!("curt-arrays-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("a.safetensors");
        let array = NamedTensor { name: "a".to_owned(), shape: vec![2, 1], values: vec![1.5, -0.0] };
        write_arrays(&path, &[array], "note", "text".to_owned()).unwrap();
        let read = Arrays::read(&path, "note").unwrap();
        assert_eq!(read.metadata(), "text");
        assert_eq!(read.get("a", &[2, 1]).unwrap(), [1.5, -0.0]);
        assert!(read.get("a", &[1, 2]).is_err());
        assert!(read.get("b", &[2, 1]).is_err());
        assert!(Arrays::read(&path, "other").is_err());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "no temporary file stays");
        fs::remove_dir_all(&folder).unwrap();
    }
}
