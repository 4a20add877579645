//! Records of training: what each row of the table is, how it is remade, and which files belong to it.

use super::fields::{self, Fields, refuse};
use super::{COLUMNS, Column};
use crate::exit::Failure;
use curt::base::error::Error;
use curt::base::limits::Limits;
use curt::bytes::Storage;
use curt::model::Model;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// The file of a folder of models that holds what others have published.
pub(crate) const PUBLISHED: &str = "published.json";
/// The largest model file that is read.
const MAX_BYTES: u64 = 1 << 32;

/// The head of a record. Whatever else it holds is for people.
#[derive(Debug)]
pub(crate) struct Record {
    /// Its name: that of its file without the extension.
    pub(crate) stem: String,
    /// The network that was trained, such as `lenet-300-100`.
    pub(crate) network: String,
    /// The method in one word, such as `gnj`.
    pub(crate) method: String,
    /// The method as people write it.
    pub(crate) label: String,
    /// The seed of everything random.
    pub(crate) seed: u64,
    /// Records of one group differ in their seed alone.
    pub(crate) group: Option<String>,
    /// How the training images were changed at random, if they were: the row then stands apart.
    pub(crate) augmentation: Option<String>,
    /// The one command that remakes the files.
    pub(crate) command: String,
    /// What a reader of the figures should know.
    pub(crate) note: Option<String>,
    folder: PathBuf,
    files: [Option<File>; 3],
}

/// A file that a record names.
#[derive(Debug)]
struct File {
    sha256: String,
    /// Whether it is the fast file, packed and stripped, and not one of its own.
    packs_fast: bool,
}

/// All records of a folder, by name. Errors: `io`; `input`, with the file, when a record is malformed or there is none.
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
        return Err(refuse(&folder.display().to_string(), "no records in this folder: a row of the table is a file NAME.json"));
    }
    paths.iter().map(|path| Record::open(folder, path)).collect()
}

impl Record {
    fn open(folder: &Path, path: &Path) -> Result<Self, Failure> {
        let json = fields::read(path)?;
        let record = Fields::of(&json, path.display().to_string())?;
        let mut files = [None, None, None];
        if let Some(named) = record.optional_object("files")? {
            named.only(&COLUMNS.map(Column::name))?;
            for (file, column) in files.iter_mut().zip(COLUMNS) {
                *file = named.optional_object(column.name())?.as_ref().map(File::parse).transpose()?;
            }
        }
        Ok(Self {
            stem: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            network: record.text("network")?,
            method: record.text("method")?,
            label: record.text("label")?,
            seed: record.whole("seed")?,
            group: record.optional_text("group")?,
            augmentation: record.optional_text("augmentation")?,
            command: record.text("command")?,
            note: record.optional_text("note")?,
            folder: folder.to_owned(),
            files,
        })
    }

    /// The name of the file of a column.
    pub(crate) fn file_name(&self, column: Column) -> String {
        format!("{}{}.curt", self.stem, column.infix())
    }

    /// The model of a column and the length of its file; `None` when the record has no such file. Errors: `io` and the kinds of a model that
    /// is refused; `input` when it is not the file that the record is about.
    pub(crate) fn open_model(&self, column: Column) -> Result<Option<(Model, u64)>, Failure> {
        let path = self.folder.join(self.file_name(column));
        let Some(file) = &self.files[column as usize] else {
            if path.exists() {
                return Err(refuse(&path.display().to_string(), &format!("{}.json does not name this file", self.stem)));
            }
            return Ok(None);
        };
        let storage = Storage::read(&path, MAX_BYTES)?;
        let found = hex(&Sha256::digest(storage.bytes()));
        if found != file.sha256 {
            let message = format!("its SHA-256 is {found}, {}.json says {}", self.stem, file.sha256);
            return Err(refuse(&path.display().to_string(), &message));
        }
        // What was read, not the file again: another may be there by now.
        let model = Model::from_bytes(storage.bytes(), &Limits::DEFAULT).map_err(|error| error.context(path.display()))?;
        let is_packed = model.packed_bytes().is_some();
        if is_packed != (column == Column::Maximum) {
            let (is, expected) = if is_packed { ("packed", "mapped") } else { ("mapped", "packed") };
            return Err(refuse(&path.display().to_string(), &format!("the file is {is}, and must be {expected}")));
        }
        Ok(Some((model, storage.bytes().len() as u64)))
    }

    /// Checks that the maximum file holds the same network as the fast one, where the record says that it does.
    pub(crate) fn check_packed(&self, fast: Option<&Model>, maximum: Option<&Model>) -> Result<(), Failure> {
        let says_so = self.files[Column::Maximum as usize].as_ref().is_some_and(|file| file.packs_fast);
        let (Some(maximum), true) = (maximum, says_so) else { return Ok(()) };
        let name = self.folder.join(self.file_name(Column::Maximum)).display().to_string();
        match fast {
            Some(fast) if curt::format::strip(fast.file())? == curt::format::strip(maximum.file())? => Ok(()),
            Some(_) => Err(refuse(&name, &format!("it unpacks to another network than {}", self.file_name(Column::Fast)))),
            None => Err(refuse(&name, &format!("{}.json says that it packs the fast file, and names no such file", self.stem))),
        }
    }
}

impl File {
    fn parse(fields: &Fields<'_>) -> Result<Self, Failure> {
        fields.only(&["sha256", "command", "packs", "report"])?;
        let packs = fields.optional_text("packs")?;
        if packs.as_ref().is_some_and(|packs| packs != Column::Fast.name()) {
            return Err(fields.refuse("\"packs\" can only be \"fast\""));
        }
        Ok(Self { sha256: fields.text("sha256")?, packs_fast: packs.is_some() })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
