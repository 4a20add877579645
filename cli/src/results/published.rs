//! Figures that others have published, and the kind of each.

use super::column::Column;
use super::network::Original;
use crate::exit::Failure;
use crate::json_file;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;

/// How a published size came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Counted from weights and bits: there is no file.
    Accounting,
    /// The length of a stream or file that its authors report.
    #[serde(rename = "reported stream")]
    Stream,
    /// A public file whose error was measured again.
    File,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Accounting, Self::Stream, Self::File];
}

/// The name in `published.json`.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// One published figure.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Published {
    pub(crate) network: String,
    pub(crate) method: String,
    pub(crate) label: String,
    /// The column that it is compared with, if there is one.
    pub(crate) column: Option<Column>,
    pub(crate) kind: Kind,
    pub(crate) bytes: Option<f64>,
    pub(crate) ratio: Option<f64>,
    pub(crate) error_percent: Option<f64>,
    pub(crate) kept_percent: Option<f64>,
    pub(crate) kept_architecture: Option<String>,
    pub(crate) bits_per_layer: Option<String>,
    pub(crate) source: String,
}

/// Reads `published.json`. Errors name the file, the entry and the field.
pub(crate) fn open(path: &Path) -> Result<Vec<Published>, Failure> {
    let published: Vec<Published> = json_file::read(path)?;
    for (i, entry) in published.iter().enumerate() {
        entry.check().map_err(|message| json_file::refuse(path, &format!("[{i}]: {message}")))?;
    }
    Ok(published)
}

impl Published {
    fn check(&self) -> Result<(), String> {
        let numbers = [
            ("bytes", self.bytes),
            ("ratio", self.ratio),
            ("error_percent", self.error_percent),
            ("kept_percent", self.kept_percent),
        ];
        if let Some((name, number)) = numbers.into_iter().find(|(_, number)| number.is_some_and(|number| number <= 0.0)) {
            return Err(format!("{name} is {}, expected a number above 0", number.unwrap_or_default()));
        }
        if self.bytes.is_none() && self.ratio.is_none() && self.kept_percent.is_none() {
            return Err("one of bytes, ratio and kept_percent is needed".to_owned());
        }
        Ok(())
    }

    /// The size in bytes. If only a ratio was published, the size follows from it: for an accounting from the weights of the original,
    /// otherwise from its weights and biases.
    pub(crate) fn bytes_of(&self, original: Original) -> Option<f64> {
        let numbers = if self.kind == Kind::Accounting { original.weights } else { original.parameters };
        self.bytes.or_else(|| self.ratio.map(|ratio| 4.0 * numbers as f64 / ratio))
    }
}
