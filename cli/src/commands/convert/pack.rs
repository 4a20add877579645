//! `curt pack` and `curt unpack`: between the mapped and the packed profile.

use crate::answer::Answer;
use crate::exit::Failure;
use crate::limits;
use crate::output::Output;
use crate::text::{grouped, ratio};
use curt::format::{self, strip};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Options of `pack`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The packed file holds the same model: unpacking it gives the mapped file back, byte for byte. Every command takes either.

Examples:
  curt pack model.curt -o smallest.curt
  curt pack model.curt -o smallest.curt --strip

Keys of --json: output, mapped_bytes, packed_bytes."
)]
pub(crate) struct PackArgs {
    /// The model, mapped or packed
    pub(crate) model: PathBuf,
    /// The packed model to write
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Leave out names, masks and original shapes, which do not affect any result
    #[arg(long)]
    pub(crate) strip: bool,
}

/// Options of `unpack`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  curt unpack smallest.curt -o model.curt

Keys of --json: output, mapped_bytes, packed_bytes.")]
pub(crate) struct UnpackArgs {
    /// The packed model
    pub(crate) model: PathBuf,
    /// The mapped model to write
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

pub(crate) fn pack(options: &PackArgs) -> Result<Answer, Failure> {
    let model = limits::open(&options.model)?;
    // A model may be packed in place, because unpacking gives it back; a stripped one would be gone.
    let input: &[&Path] = if options.strip { &[&options.model] } else { &[] };
    let output = Output::open("--output", &options.output, input)?;
    let mapped = if options.strip { strip(model.file())? } else { model.file().to_vec() };
    let file = format::pack(&mapped)?;
    output.save(&file)?;
    let text = format!(
        "{}: {} bytes, {} smaller than the mapped file of {}\n",
        options.output.display(),
        grouped(file.len() as u64),
        ratio(mapped.len() as f64, file.len() as f64),
        grouped(mapped.len() as u64)
    );
    Ok(Answer::new(text, &Sizes::new(&options.output, mapped.len() as u64, file.len() as u64)))
}

pub(crate) fn unpack(options: &UnpackArgs) -> Result<Answer, Failure> {
    let model = limits::open(&options.model)?;
    let Some(packed_bytes) = model.packed_bytes() else {
        return Err(Failure::input(format!("{} is a mapped file already", options.model.display())));
    };
    Output::open("--output", &options.output, &[])?.save(model.file())?;
    let text = format!("{}: {} bytes\n", options.output.display(), grouped(model.file().len() as u64));
    Ok(Answer::new(text, &Sizes::new(&options.output, model.file().len() as u64, packed_bytes)))
}

/// The fields of `--json`.
#[derive(Serialize)]
struct Sizes {
    output: String,
    mapped_bytes: u64,
    packed_bytes: u64,
}

impl Sizes {
    fn new(output: &Path, mapped_bytes: u64, packed_bytes: u64) -> Self {
        Self { output: output.display().to_string(), mapped_bytes, packed_bytes }
    }
}
