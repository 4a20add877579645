//! `curt table`: every trained network, its three files measured, beside the published figures.

use crate::answer::Answer;
use crate::args::Table;
use crate::exit::Failure;
use crate::results::{self, Machine, Results, TestSet};
use curt::format::save;
use curt::kernels::Isa;
use std::path::Path;
use std::time::Duration;

pub(crate) fn run(options: &Table) -> Result<Answer, Failure> {
    if let Some(folder) =
        options.write.as_deref().and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir())
    {
        return Err(Failure::usage(format!("--write: there is no folder {}", folder.display())));
    }
    let test = TestSet::open(&options.data)?;
    let time = Duration::from_secs_f64(options.seconds);
    let records = results::open_all(&options.models)?;
    let rows = records.into_iter().map(|record| results::row(record, &test, time)).collect::<Result<_, Failure>>()?;
    let results = Results::new(Machine::now(Isa::from_env()?.name()), test.len(), rows, &options.models)?;
    let mut text = results::text(&results);
    if let Some(path) = &options.write {
        text += "\n";
        for file in write(path, &results)? {
            text += &format!("written to {file}\n");
        }
    }
    Ok(Answer { text, json: results::json(&results) })
}

/// Writes the plots, then the page that shows them, and says what was written.
fn write(path: &Path, results: &Results) -> Result<Vec<String>, Failure> {
    let stem = path.file_stem().ok_or_else(|| Failure::usage(format!("--write takes a file, not {}", path.display())))?;
    let stem = stem.to_string_lossy().into_owned();
    let plot = |network: &str| format!("{stem}-{network}.svg");
    let mut written = Vec::new();
    for network in results.networks() {
        let file = path.with_file_name(plot(network));
        save(&file, results::svg(results, network).as_bytes())?;
        written.push(file.display().to_string());
    }
    save(path, results::markdown(results, plot).as_bytes())?;
    written.push(path.display().to_string());
    Ok(written)
}
