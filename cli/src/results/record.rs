//! Records of training: the network and method of a row, the command that remakes it, and its files.

use super::column::{Column, Columns};
use super::network::Original;
use crate::exit::Failure;
use crate::json_file::{self, refuse};
use curt::bytes::Storage;
use curt::{Error, Limits, Model};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// The file of published figures in a folder of models.
pub(crate) const PUBLISHED: &str = "published.json";
/// The largest model file that is read.
const MAX_BYTES: u64 = 1 << 32;

/// The part of a record that the table shows. A record may have other fields, which are for people.
#[derive(Debug, Deserialize)]
pub(crate) struct Record {
    /// The name: that of the file without its extension.
    #[serde(skip)]
    pub(crate) stem: String,
    /// The network that was trained, such as `lenet-300-100`.
    pub(crate) network: String,
    /// The method in one word, such as `gnj`.
    pub(crate) method: String,
    /// The method as people write it.
    pub(crate) label: String,
    /// The seed of everything random.
    pub(crate) seed: u64,
    /// The group. Records of one group differ only in their seed.
    pub(crate) group: Option<String>,
    /// How the training images were changed at random, if they were. Such rows have tables of their own.
    pub(crate) augmentation: Option<String>,
    /// The least number of networks of other settings or seeds that were measured on the test images before this row was chosen. Its error
    /// is blind only if there are none.
    #[serde(default)]
    pub(crate) test_looks: u32,
    /// The network that training began from, if it is smaller than the one that the literature compares.
    pub(crate) start: Option<Start>,
    /// The one command that remakes the files.
    pub(crate) command: String,
    /// Remarks on the figures.
    pub(crate) note: Option<String>,
    #[serde(skip)]
    folder: PathBuf,
    #[serde(default)]
    files: Columns<File>,
}

/// A network that training began from.
#[derive(Debug, Deserialize)]
pub(crate) struct Start {
    /// The network in a few words, which follow "of".
    pub(crate) description: String,
    #[serde(flatten)]
    pub(crate) size: Original,
}

/// A file that a record names.
#[derive(Debug, Deserialize)]
struct File {
    sha256: String,
    /// The file that this one packs, if it is not a file of its own.
    packs: Option<Packs>,
}

/// A file that can be packed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Packs {
    Fast,
}

/// All records of a folder, by name.
///
/// # Errors
///
/// `io`; `input`, with the file, when a record is malformed or when there is no record.
pub(crate) fn open_all(folder: &Path) -> Result<Vec<Record>, Failure> {
    let fail = |error| Error::io(format!("cannot list the folder {}", folder.display()), error);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.extension().is_some_and(|extension| extension == "json") && !path.ends_with(PUBLISHED) {
            paths.push(path);
        }
    }
    paths.sort_unstable();
    if paths.is_empty() {
        return Err(refuse(folder, "no records in this folder: a row of the table is a file NAME.json"));
    }
    paths.iter().map(|path| Record::open(folder, path)).collect()
}

impl Record {
    fn open(folder: &Path, path: &Path) -> Result<Self, Failure> {
        let record: Self = json_file::read(path)?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { stem, folder: folder.to_owned(), ..record })
    }

    /// The name of the file of a column.
    pub(crate) fn file_name(&self, column: Column) -> String {
        format!("{}{}.curt", self.stem, column.infix())
    }

    /// The model of a column and the length of its file; `None` when the record has no such file.
    ///
    /// # Errors
    ///
    /// `io` and the kinds of a model that is refused; `input` when the record is about another file.
    pub(crate) fn open_model(&self, column: Column) -> Result<Option<(Model, u64)>, Failure> {
        let path = self.folder.join(self.file_name(column));
        let Some(file) = self.files.get(column) else {
            if path.exists() {
                return Err(refuse(&path, &format!("{}.json does not name this file", self.stem)));
            }
            return Ok(None);
        };
        let storage = Storage::read(&path, MAX_BYTES)?;
        let found = hex(&Sha256::digest(storage.bytes()));
        if found != file.sha256 {
            return Err(refuse(&path, &format!("its SHA-256 is {found}, {}.json says {}", self.stem, file.sha256)));
        }
        // The model is made from the bytes that were hashed: the file may have changed since.
        let model = Model::from_bytes(storage.bytes(), &Limits::DEFAULT).map_err(|error| error.context(path.display()))?;
        let is_packed = model.packed_bytes().is_some();
        if is_packed != (column == Column::Maximum) {
            let (is, expected) = if is_packed { ("packed", "mapped") } else { ("mapped", "packed") };
            return Err(refuse(&path, &format!("the file is {is}, and must be {expected}")));
        }
        Ok(Some((model, storage.bytes().len() as u64)))
    }

    /// Checks that the maximum file holds the same network as the fast one, if the record says so.
    pub(crate) fn check_packed(&self, fast: Option<&Model>, maximum: Option<&Model>) -> Result<(), Failure> {
        let says_so = self.files.maximum.as_ref().is_some_and(|file| matches!(file.packs, Some(Packs::Fast)));
        let (Some(maximum), true) = (maximum, says_so) else { return Ok(()) };
        let path = self.folder.join(self.file_name(Column::Maximum));
        match fast {
            Some(fast) if curt::format::strip(fast.file())? == curt::format::strip(maximum.file())? => Ok(()),
            Some(_) => Err(refuse(&path, &format!("it unpacks to another network than {}", self.file_name(Column::Fast)))),
            None => Err(refuse(&path, &format!("{}.json says that it packs the fast file, and names no such file", self.stem))),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
