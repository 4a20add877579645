//! `curt verify`: runs every check, including the slow ones.

use crate::answer::Answer;
use crate::exit::Failure;
use crate::limits;
use crate::progress;
use curt::inspect::verify;
use serde::Serialize;
use std::path::PathBuf;

/// Options of `verify`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Checks the file's bytes, its canonical form by writing it anew, and that every instruction set of this processor gives
equal bits at batch 1, 2 and 64, within the error bound of a run in f64.

Example:
  curt verify model.curt"
)]
pub(crate) struct VerifyArgs {
    /// The model
    pub(crate) model: PathBuf,
}

/// The fields of `--json`.
#[derive(Serialize)]
struct Passed<'a> {
    file_bytes: usize,
    passed: Vec<Check<'a>>,
}

#[derive(Serialize)]
struct Check<'a> {
    check: &'a str,
    detail: &'a str,
}

pub(crate) fn run(options: &VerifyArgs) -> Result<Answer, Failure> {
    let spinner = progress::spinner("checking");
    let model = limits::open(&options.model)?;
    let passed = verify(&model).map_err(|error| error.context(options.model.display()));
    spinner.finish_and_clear();
    let passed = passed?;
    let fields = Passed {
        file_bytes: model.file().len(),
        passed: passed.iter().map(|passed| Check { check: passed.check, detail: &passed.detail }).collect(),
    };
    let lines = passed.iter().map(|passed| format!("ok  {}: {}\n", passed.check, passed.detail));
    Ok(Answer::new(lines.collect(), &fields))
}
