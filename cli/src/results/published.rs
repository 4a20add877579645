//! What others have published, and of which kind each figure is.

use super::fields::{self, Fields, refuse};
use super::{COLUMNS, Column};
use crate::exit::Failure;
use serde_json::Value;
use std::path::Path;

/// How a published size came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Counted from weights and bits: there is no file.
    Accounting,
    /// The length of a stream or file that its authors report.
    Stream,
    /// A file that others can get, and whose error was measured anew.
    File,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Accounting, Self::Stream, Self::File];

    /// Its name in `published.json`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Accounting => "accounting",
            Self::Stream => "reported stream",
            Self::File => "file",
        }
    }
}

/// One published figure.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    pub(crate) network: String,
    pub(crate) method: String,
    pub(crate) label: String,
    /// Which of our files it compares with, when it is one of them.
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

const FIELDS: [&str; 12] = [
    "network",
    "method",
    "label",
    "column",
    "kind",
    "bytes",
    "ratio",
    "error_percent",
    "kept_percent",
    "kept_architecture",
    "bits_per_layer",
    "source",
];

/// Reads `published.json`. Errors name the file, the entry and the field.
pub(crate) fn open(path: &Path) -> Result<Vec<Published>, Failure> {
    let place = path.display().to_string();
    let Value::Array(entries) = fields::read(path)? else { return Err(refuse(&place, "expected a list")) };
    let entry = |(i, value)| parse(&Fields::of(value, format!("{place}, entry {}", i + 1))?);
    entries.iter().enumerate().map(entry).collect()
}

fn parse(fields: &Fields<'_>) -> Result<Published, Failure> {
    fields.only(&FIELDS)?;
    let kind = fields.text("kind")?;
    let kind = Kind::ALL.into_iter().find(|known| known.name() == kind).ok_or_else(|| {
        fields.refuse(&format!("\"kind\" is {kind:?}, expected one of {}", Kind::ALL.map(Kind::name).join(", ")))
    })?;
    let column = fields.optional_text("column")?;
    let column = column.map(|name| {
        COLUMNS.into_iter().find(|column| column.name() == name).ok_or_else(|| {
            fields.refuse(&format!("\"column\" is {name:?}, expected one of {}", COLUMNS.map(Column::name).join(", ")))
        })
    });
    let published = Published {
        network: fields.text("network")?,
        method: fields.text("method")?,
        label: fields.text("label")?,
        column: column.transpose()?,
        kind,
        bytes: fields.optional_number("bytes")?,
        ratio: fields.optional_number("ratio")?,
        error_percent: fields.optional_number("error_percent")?,
        kept_percent: fields.optional_number("kept_percent")?,
        kept_architecture: fields.optional_text("kept_architecture")?,
        bits_per_layer: fields.optional_text("bits_per_layer")?,
        source: fields.text("source")?,
    };
    if published.bytes.is_none() && published.ratio.is_none() && published.kept_percent.is_none() {
        return Err(fields.refuse("one of \"bytes\", \"ratio\" and \"kept_percent\" is needed"));
    }
    Ok(published)
}

impl Published {
    /// Bytes, computed from the ratio where only that was published: of the original's weights alone for an accounting, of its weights and
    /// biases otherwise.
    pub(crate) fn bytes_of(&self, original: super::Original) -> Option<f64> {
        let numbers = if self.kind == Kind::Accounting { original.weights } else { original.parameters };
        self.bytes.or_else(|| self.ratio.map(|ratio| 4.0 * numbers as f64 / ratio))
    }
}
