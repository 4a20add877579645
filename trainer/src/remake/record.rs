//! The record of a model, `models/NAME.json`: the network, how its files were made, and the reports on them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::files;
use crate::log::EpochRecord;

/// A whole record.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelRecord {
    pub network: String,
    pub method: String,
    pub label: String,
    pub seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub augmentation: Option<String>,
    /// The start network of training, if it is smaller than the network of the literature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Start>,
    /// How many networks of other settings or seeds were measured on the test images before. A lower bound.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub test_looks: u32,
    /// The one command that remakes the files.
    pub command: String,
    pub note: String,
    pub files: FileRecords,
    pub posterior: TrainingRecord,
}

/// A network that training began from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// The network in a few words.
    pub description: String,
    pub weights: u64,
    pub parameters: u64,
}

/// The files of a model.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRecords {
    pub pruning: FileRecord,
    pub fast: FileRecord,
    pub maximum: FileRecord,
}

/// How a file was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRecord {
    /// `fast` when the file is the fast one, packed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packs: Option<String>,
    pub sha256: String,
    pub command: String,
    /// What `curt compress --json` printed, without the place of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<Value>,
}

/// How the posterior was trained.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingRecord {
    pub command: String,
    pub seed: u64,
    /// The epochs of all trainings together.
    pub epochs: usize,
    /// Wall-clock time of all trainings together.
    pub seconds: f64,
    /// The day on which the training ended, UTC.
    pub date: String,
    /// The last line of the log.
    pub last_epoch: Option<EpochRecord>,
    pub sha256: String,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl ModelRecord {
    /// # Errors
    /// When the file cannot be read or is not a record.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is not the record of a model", path.display()))
    }

    /// The text of the file.
    pub fn text(&self) -> Result<String> {
        let mut bytes = Vec::new();
        let format = serde_json::ser::PrettyFormatter::with_indent(b" ");
        self.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, format))?;
        Ok(String::from_utf8(bytes)? + "\n")
    }

    /// # Errors
    /// When the file cannot be written; the old one is then still there.
    pub fn write(&self, path: &Path) -> Result<()> {
        files::write_atomically(path, self.text()?.as_bytes())
    }
}
