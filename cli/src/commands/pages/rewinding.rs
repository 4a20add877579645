//! `curt rewinding`: the plot and the table of `docs/rewinding.md`, from a record or from the logs of training.

use crate::answer::{Answer, to_json};
use crate::exit::Failure;
use crate::json_file::refuse;
use crate::plots;
use crate::results::today;
use crate::rewinding::Record;
use curt::Error;
use curt::format::save;
use std::path::{Path, PathBuf};

/// Options of `rewinding`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The plot and the page lie beside the record: RECORD with the extensions svg and md. The table of the page is replaced.

Examples:
  curt rewinding docs/rewinding.json
  curt rewinding docs/rewinding.json --runs trainer/runs --trained-by \"trainer prune ...\"

Keys of --json: command, date, seconds, weights, validation_images, runs (way, seed, kept, error_percent)."
)]
pub(crate) struct RewindingArgs {
    /// The record of the runs
    pub(crate) record: PathBuf,
    /// Write the record anew from the logs DIR/rewinding-WAY-SEED/log.jsonl
    #[arg(long, value_name = "DIR", requires = "trained_by")]
    pub(crate) runs: Option<PathBuf>,
    /// The command that trained the runs, for the record
    #[arg(long, value_name = "COMMAND", requires = "runs")]
    pub(crate) trained_by: Option<String>,
}

pub(crate) fn run(options: &RewindingArgs) -> Result<Answer, Failure> {
    let record = match (&options.runs, &options.trained_by) {
        (Some(runs), Some(command)) => {
            let record = Record::of_logs(runs, command, today())?;
            save(&options.record, format!("{:#}\n", to_json(&record)).as_bytes())?;
            record
        }
        _ => Record::open(&options.record)?,
    };
    let (plot, page) = (options.record.with_extension("svg"), options.record.with_extension("md"));
    save(&plot, plots::rewinding::svg(&record).as_bytes())?;
    replace_table(&page, &record)?;
    let text = format!("{}\nwritten to {} and {}\n", record.table(), plot.display(), page.display());
    Ok(Answer::new(text, &record))
}

/// Replaces the table of a page. The page must have one.
fn replace_table(page: &Path, record: &Record) -> Result<(), Failure> {
    let text = std::fs::read_to_string(page).map_err(|error| Error::io(format!("cannot read {}", page.display()), error))?;
    let is_row = |line: &str| line.starts_with('|');
    let before: String = text.split_inclusive('\n').take_while(|line| !is_row(line)).collect();
    let table: String = text[before.len()..].split_inclusive('\n').take_while(|line| is_row(line)).collect();
    if table.is_empty() {
        return Err(refuse(page, "the page has no table to replace"));
    }
    let after = &text[before.len() + table.len()..];
    Ok(save(page, format!("{before}{}{after}", record.table().markdown()).as_bytes())?)
}
