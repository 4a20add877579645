//! `curt verify`: every check there is.

use crate::answer::Answer;
use crate::args::Verify;
use crate::exit::Failure;
use crate::progress;
use curt::inspect::verify;
use curt::model::Model;
use serde_json::json;

pub(crate) fn run(options: &Verify) -> Result<Answer, Failure> {
    let spinner = progress::spinner("checking");
    let model = Model::open(&options.model)?;
    let passed = verify(&model).map_err(|error| error.context(options.model.display()));
    spinner.finish_and_clear();
    let passed = passed?;
    let checks: Vec<_> = passed.iter().map(|passed| json!({ "check": passed.check, "detail": passed.detail })).collect();
    let lines = passed.iter().map(|passed| format!("ok  {}: {}\n", passed.check, passed.detail));
    Ok(Answer { text: lines.collect(), json: json!({ "file_bytes": model.file().len(), "passed": checks }) })
}
