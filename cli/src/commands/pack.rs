//! `curt pack` and `curt unpack`: a model as few bytes as possible, and as the file that runs where it lies.

use crate::answer::{Answer, grouped, ratio};
use crate::args::{Pack, Unpack};
use crate::exit::Failure;
use curt::format::{packed, save, strip};
use curt::model::Model;
use serde_json::json;
use std::path::Path;

pub(crate) fn pack(options: &Pack) -> Result<Answer, Failure> {
    let model = Model::open(&options.model)?;
    let mapped = if options.strip { strip(model.file())? } else { model.file().to_vec() };
    let file = packed::pack(&mapped)?;
    save(&options.output, &file)?;
    let text = format!(
        "{}: {} bytes, {} smaller than the mapped file of {}\n",
        options.output.display(),
        grouped(file.len() as u64),
        ratio(mapped.len() as f64, file.len() as f64),
        grouped(mapped.len() as u64)
    );
    Ok(Answer { text, json: sizes(&options.output, mapped.len(), file.len()) })
}

pub(crate) fn unpack(options: &Unpack) -> Result<Answer, Failure> {
    let model = Model::open(&options.model)?;
    let Some(packed_bytes) = model.packed_bytes() else {
        return Err(Failure::input(format!("{} is a mapped file already", options.model.display())));
    };
    save(&options.output, model.file())?;
    let text = format!("{}: {} bytes\n", options.output.display(), grouped(model.file().len() as u64));
    let packed_bytes = usize::try_from(packed_bytes).expect("invariant: the file was in memory");
    Ok(Answer { text, json: sizes(&options.output, model.file().len(), packed_bytes) })
}

fn sizes(output: &Path, mapped: usize, packed: usize) -> serde_json::Value {
    json!({ "output": output.display().to_string(), "mapped_bytes": mapped, "packed_bytes": packed })
}
