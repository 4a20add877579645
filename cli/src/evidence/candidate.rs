//! Models that are compared by their codes.

use super::code::Code;
use super::data::Data;
use crate::exit::{Failure, warn};
use crate::limits;
use curt::Model;
use std::cmp::Ordering;
use std::path::{Path, PathBuf};

/// A model and its code.
pub(crate) struct Candidate {
    /// The name of the file without `.packed.curt` or `.curt`.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) model: Model,
    pub(crate) code: Code,
}

impl Candidate {
    fn open(path: &Path, data: &Data) -> Result<Self, Failure> {
        let model = limits::open(path)?;
        let code = Code::of(&model, data).map_err(|failure| failure.context(&path.display().to_string()))?;
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = file_name.strip_suffix(".curt").unwrap_or(&file_name);
        let name = name.strip_suffix(".packed").unwrap_or(name).to_owned();
        Ok(Self { name, path: path.to_owned(), model, code })
    }

    /// Whether the file was packed and stripped here, in memory, because the one given is mapped or has names.
    pub(crate) fn is_packed_here(&self) -> bool {
        self.model.packed_bytes() != Some(self.code.file_bytes)
    }
}

/// Opens models and sorts them by the bits of model and data; those with an infinite code come last, by the bits of their file. Of equals
/// the first stays first.
///
/// # Errors
///
/// Those of the first model that is refused.
pub(crate) fn open_all(paths: &[PathBuf], data: &Data) -> Result<Vec<Candidate>, Failure> {
    let mut all: Vec<Candidate> = paths.iter().map(|path| Candidate::open(path, data)).collect::<Result<_, Failure>>()?;
    all.sort_by(|a, b| in_order(&a.code, &b.code));
    for candidate in &all {
        if let Some(at) = candidate.code.infinite_at() {
            warn(format_args!("{}: infinite code length: sample {at} has no probability", candidate.path.display()));
        }
    }
    Ok(all)
}

fn in_order(a: &Code, b: &Code) -> Ordering {
    match (a.total_bits(), b.total_bits()) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.file_bits().cmp(&b.file_bits()),
    }
}
