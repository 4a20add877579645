//! Elements that lie in a file beside the model: only when asked for, and only inside the model's folder.

use crate::base::checked::{to_u64, within};
use crate::base::error::{Error, Result};
use crate::bytes::Storage;
use crate::import::error::{damaged, unsupported};
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

/// Bytes of the largest file of elements.
const MAX_BYTES: u64 = 1 << 30;

/// The files of elements that were read so far.
#[derive(Debug)]
pub(super) struct ExternalData<'a> {
    /// Where they may lie, if the caller allows them.
    folder: Option<&'a Path>,
    files: HashMap<String, Storage>,
}

impl<'a> ExternalData<'a> {
    pub(super) fn new(folder: Option<&'a Path>) -> Self {
        Self { folder, files: HashMap::new() }
    }

    /// The bytes of `count` elements of `size` bytes, at the place that the entries say.
    ///
    /// # Errors
    /// `unsupported` when the caller does not allow it; `import` when the place is outside the folder or its file; those of a file.
    pub(super) fn bytes(&mut self, entries: &[(&str, &str)], count: usize, size: usize) -> Result<Vec<u8>> {
        let get = |key: &str| entries.iter().find(|(own, _)| *own == key).map(|(_, value)| *value);
        let location = get("location").ok_or_else(|| damaged("its elements are in another file, which has no name"))?;
        let Some(folder) = self.folder else {
            let message =
                format!("its elements are in the file {location:?}; allow files in the model's folder with --external-data");
            return Err(unsupported(message));
        };
        let number = |key: &str| match get(key) {
            None => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| damaged(format!("its {key} is {text:?}"))),
        };
        let len = to_u64(count).saturating_mul(to_u64(size));
        let (offset, given): (u64, u64) = (number("offset")?.unwrap_or(0), number("length")?.unwrap_or(len));
        if !self.files.contains_key(location) {
            let path = inside(folder, location)?;
            self.files.insert(location.to_owned(), Storage::read(&path, MAX_BYTES)?);
        }
        let bytes = self.files.get(location).map_or(&[][..], Storage::bytes);
        let range = usize::try_from(offset).ok().zip(usize::try_from(len).ok());
        let part = range.filter(|_| given == len && within(offset, len, to_u64(bytes.len())));
        let part = part.and_then(|(offset, len)| bytes.get(offset..)?.get(..len));
        part.map(<[u8]>::to_vec).ok_or_else(|| {
            damaged(format!("{given} bytes from byte {offset} of {location:?} for {len}; the file has {}", bytes.len()))
        })
    }
}

/// The path of `location`, which must lie in `folder`, also when links are followed.
fn inside(folder: &Path, location: &str) -> Result<PathBuf> {
    let outside = || damaged(format!("its elements are in {location:?}, which is not inside the model's folder"));
    let relative = Path::new(location);
    if location.is_empty() || !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(outside());
    }
    let real = |path: &Path| path.canonicalize().map_err(|error| Error::io(format!("cannot open {}", path.display()), error));
    let path = real(&folder.join(relative))?;
    if path.starts_with(real(folder)?) { Ok(path) } else { Err(outside()) }
}
