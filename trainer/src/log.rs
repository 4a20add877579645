//! The log of a run: for every epoch a JSON line in its folder, and a line on the terminal with a progress bar.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

use crate::files;

/// One line of `log.jsonl`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The number of finished epochs.
    pub epoch: usize,
    pub learning_rate: f64,
    /// Mean cross-entropy over the epoch's batches, in nats.
    pub cross_entropy: f64,
    /// The method's own figures.
    #[serde(flatten)]
    pub method: BTreeMap<String, f64>,
    /// The number of groups kept in each layer.
    pub kept: Vec<usize>,
    pub kept_weights: usize,
    /// Share of validation images that are classified wrongly.
    pub validation_error: Option<f64>,
    /// Their mean cross-entropy, in nats.
    pub validation_loss: Option<f64>,
    /// Wall-clock time of the epoch.
    pub seconds: f64,
}

/// The log of a run.
pub struct Log {
    path: PathBuf,
    bar: ProgressBar,
}

impl Log {
    /// Opens the log in a run's folder, and removes the lines of epochs after `finished`.
    pub fn open(folder: &Path, finished: usize, epochs: usize) -> Result<Self> {
        let path = folder.join("log.jsonl");
        let old = if finished == 0 {
            String::new()
        } else {
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?
        };
        let kept: String = old.split_inclusive('\n').take(finished).collect();
        files::write_atomically(&path, kept.as_bytes())?;
        let bar = ProgressBar::new(epochs as u64).with_position(finished as u64);
        let style = ProgressStyle::with_template("{bar:30} epoch {pos}/{len}, {eta} left {msg}")
            .expect("invariant: the template is well formed");
        bar.set_style(style);
        Ok(Self { path, bar })
    }

    /// Shows the progress of the current epoch.
    pub fn within_epoch(&self, done: usize, steps: usize) {
        self.bar.set_message(format!("[{}%]", 100 * done / steps));
    }

    pub fn append(&self, record: &EpochRecord) -> Result<()> {
        let mut line = serde_json::to_string(record)?;
        line.push('\n');
        OpenOptions::new()
            .append(true)
            .open(&self.path)
            .and_then(|mut file| file.write_all(line.as_bytes()))
            .with_context(|| format!("cannot write {}", self.path.display()))?;
        let kept: Vec<String> = record.kept.iter().map(usize::to_string).collect();
        let mut line = format!("epoch {:3}  cross-entropy {:.4}", record.epoch, record.cross_entropy);
        for (name, value) in &record.method {
            line += &format!("  {name} {value:.3e}");
        }
        line += &format!("  kept {} ({} weights)", kept.join("-"), record.kept_weights);
        if let (Some(error), Some(loss)) = (record.validation_error, record.validation_loss) {
            line += &format!("  validation error {:.2} %, loss {loss:.4}", 100.0 * error);
        }
        line += &format!("  {:.1} s", record.seconds);
        self.bar.set_position(record.epoch as u64);
        if self.bar.is_hidden() {
            eprintln!("{line}");
        } else {
            self.bar.println(line);
        }
        Ok(())
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
