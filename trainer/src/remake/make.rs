//! Makes the files of a model: compresses and packs beside the final places, then moves the files there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::commands::{self, Column, Commands, CompressPlaces};
use super::recipe::ModelRecipe;
use super::record::{FileRecord, FileRecords};
use super::{Workshop, execute, output_of, say, sha256};

/// The inputs from which the files of a model are made.
pub struct Maker<'a> {
    pub workshop: &'a Workshop,
    /// The program.
    pub curt: &'a Path,
    pub recipe: &'a ModelRecipe,
    pub posterior: &'a Path,
    pub commands: &'a Commands,
}

impl Maker<'_> {
    /// Makes the three files, prints whether each has the same bytes as before, and moves it to its place.
    pub fn files(&self) -> Result<FileRecords> {
        let beside = |name: String| self.workshop.models.join(format!(".{name}.new"));
        let place = |column: Column| beside(column.file_name(&self.recipe.stem));
        let (pruning, fast, maximum) = (place(Column::Pruning), place(Column::Fast), place(Column::Maximum));
        let reports = [self.compress(Column::Pruning, &pruning)?, self.compress(Column::Fast, &fast)?];
        let report = if self.recipe.file.compress.maximum.is_some() {
            let mapped = beside(format!("{}.mapped.curt", self.recipe.stem));
            let report = self.compress(Column::Maximum, &mapped)?;
            self.pack(&mapped, &maximum)?;
            fs::remove_file(&mapped).with_context(|| format!("cannot remove {}", mapped.display()))?;
            Some(report)
        } else {
            self.pack(&fast, &maximum)?;
            None
        };
        let [of_pruning, of_fast] = reports.map(Some);
        let commands = self.commands;
        Ok(FileRecords {
            pruning: self.place(Column::Pruning, &pruning, &commands.pruning, of_pruning)?,
            fast: self.place(Column::Fast, &fast, &commands.fast, of_fast)?,
            maximum: self.place(Column::Maximum, &maximum, &commands.maximum.join(" && "), report)?,
        })
    }

    /// Compresses the posterior; returns the report.
    fn compress(&self, column: Column, output: &Path) -> Result<Value> {
        let shown = |path: &Path| path.display().to_string();
        let (posterior, data, output) = (shown(self.posterior), shown(&self.workshop.data), shown(output));
        let places = CompressPlaces { posterior: &posterior, data: &data, output: &output };
        let words = commands::compress(self.recipe, column, &places);
        let printed = output_of(Command::new(self.curt).args(words).arg("--json"))?;
        let mut report: Value = serde_json::from_slice(&printed).context("curt compress did not print a report")?;
        let fields = report.as_object_mut().context("the report of curt compress is not an object")?;
        fields.remove("output");
        // The training is the same for all files: one copy is enough.
        if column != Column::Fast {
            fields.remove("training");
        }
        Ok(report)
    }

    fn pack(&self, source: &Path, output: &Path) -> Result<()> {
        let shown = |path: &Path| path.display().to_string();
        execute(Command::new(self.curt).args(commands::pack(&shown(source), &shown(output))))
    }

    /// Moves a file to its place; returns its record.
    fn place(&self, column: Column, new: &PathBuf, command: &str, report: Option<Value>) -> Result<FileRecord> {
        let name = column.file_name(&self.recipe.stem);
        let place = self.workshop.models.join(&name);
        let hash = sha256(new)?;
        let bytes =
            |path: &Path| fs::metadata(path).map(|data| data.len()).with_context(|| format!("cannot read {}", path.display()));
        let size = bytes(new)?;
        if !place.exists() {
            say(&format!("{name}: {size} bytes, new"));
        } else if sha256(&place)? == hash {
            say(&format!("{name}: {size} bytes, the same as before"));
        } else {
            say(&format!("{name}: {size} bytes, DIFFERENT from the {} bytes of before", bytes(&place)?));
        }
        fs::rename(new, &place).with_context(|| format!("cannot move {} to {}", new.display(), place.display()))?;
        let packs = report.is_none().then(|| "fast".to_owned());
        Ok(FileRecord { packs, sha256: hash, command: command.to_owned(), report })
    }
}
