//! `curt select`: which of many models to keep.

use crate::answer::Answer;
use crate::evidence::{self, Candidate, Data, DataArgs, ModelJson, bits_text, label_bits_text};
use crate::exit::Failure;
use crate::output::Output;
use crate::table::Table;
use crate::text::grouped;
use clap::ValueEnum;
use curt::format::pack;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Options of `select`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The winner is written as it was given, mapped or packed, with its names. `curt describe` says how bits are counted.

The standard error of a difference is over samples: both models describe the same ones, so it is of the difference of each sample. A difference of
less than about twice its standard error may be of these samples alone.

Example:
  curt select a.curt b.curt c.curt --images train-images-idx3-ubyte --labels train-labels-idx1-ubyte -o winner.curt

Keys of --json: by, samples, held_out, winner (name), output, models: those of `curt describe`, with more_file_bits, more_label_bits,
more_label_bits_standard_error, more_bits, compared with the winner. Unknown values are null."
)]
pub(crate) struct SelectArgs {
    /// The models to choose from, mapped or packed
    #[arg(required = true, value_name = "CANDIDATE")]
    candidates: Vec<PathBuf>,
    /// What is least of the winner
    #[arg(long, value_enum, default_value_t = Criterion::Mdl)]
    by: Criterion,
    #[command(flatten)]
    data: DataArgs,
    /// Where to write the winner
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// What models are ranked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum Criterion {
    /// Bits of the packed file and of the data given the model: minimum description length
    Mdl,
}

/// The fields of `--json`.
#[derive(Serialize)]
struct Fields {
    by: Criterion,
    samples: usize,
    held_out: bool,
    winner: String,
    output: String,
    models: Vec<Ranked>,
}

/// A model compared with the winner.
#[derive(Serialize)]
struct Ranked {
    #[serde(flatten)]
    model: ModelJson,
    more_file_bits: i64,
    more_label_bits: Option<f64>,
    more_label_bits_standard_error: Option<f64>,
    more_bits: Option<f64>,
}

/// What a model pays more than the winner.
struct More {
    file: i64,
    /// Bits, with their standard error.
    labels: Option<(f64, f64)>,
}

impl More {
    fn of(candidate: &Candidate, winner: &Candidate) -> Self {
        let bits = |candidate: &Candidate| candidate.code.file_bits().cast_signed(); // a file is far shorter than 2^60 bytes
        Self { file: bits(candidate) - bits(winner), labels: candidate.code.more_label_bits(&winner.code) }
    }

    fn total(&self) -> Option<f64> {
        Some(self.file as f64 + self.labels?.0)
    }
}

pub(crate) fn run(options: &SelectArgs) -> Result<Answer, Failure> {
    let inputs: Vec<&Path> = options.candidates.iter().map(PathBuf::as_path).chain(options.data.files()).collect();
    let output = Output::open("--output", &options.output, &inputs)?;
    let data = Data::open(&options.data)?;
    let candidates = evidence::open_all(&options.candidates, &data)?;
    let winner = candidates.first().filter(|first| first.code.total_bits().is_some()).ok_or_else(|| {
        Failure::input(
            "the code length of every candidate is infinite: each gives some sample no probability, so none can be chosen",
        )
    })?;
    let file = winner.model.file();
    output.save(&if winner.model.packed_bytes().is_some() { pack(file)? } else { file.to_vec() })?;
    Ok(Answer::new(
        text(&candidates, winner, options, data.samples.count),
        &fields(&candidates, winner, options, data.samples.count),
    ))
}

fn text(candidates: &[Candidate], winner: &Candidate, options: &SelectArgs, samples: usize) -> String {
    let what = options.data.what();
    let mut text = format!(
        "{} describes {} {what} in the fewest bits: {} = {} of the file + {} of the {what}\n\n",
        winner.name,
        grouped(samples as u64),
        winner.code.total_bits().map_or_else(String::new, bits_text),
        grouped(winner.code.file_bits()),
        label_bits_text(&winner.code)
    );
    let of_data = format!("bits of {what}");
    let mut table = Table::new(&["<model", "file bits", &of_data, "sum", "more in the file", "more in the data", "<+-", "more"]);
    for candidate in candidates {
        let (code, more) = (&candidate.code, More::of(candidate, winner));
        let dash = || "-".to_owned();
        table.row([
            candidate.name.clone(),
            grouped(code.file_bits()),
            label_bits_text(code),
            code.total_bits().map_or_else(dash, bits_text),
            bits_text(more.file as f64),
            more.labels.map_or_else(dash, |(bits, _)| bits_text(bits)),
            more.labels.map_or_else(dash, |(_, error)| bits_text(error)),
            more.total().map_or_else(dash, bits_text),
        ]);
    }
    text += &table.to_string();
    text + &format!("\n{}written to {}\n", evidence::notes(candidates, options.data.held_out), options.output.display())
}

fn fields(candidates: &[Candidate], winner: &Candidate, options: &SelectArgs, samples: usize) -> Fields {
    let ranked = |candidate: &Candidate| {
        let more = More::of(candidate, winner);
        Ranked {
            model: ModelJson::of(candidate, samples),
            more_file_bits: more.file,
            more_label_bits: more.labels.map(|(bits, _)| bits),
            more_label_bits_standard_error: more.labels.map(|(_, error)| error),
            more_bits: more.total(),
        }
    };
    Fields {
        by: options.by,
        samples,
        held_out: options.data.held_out,
        winner: winner.name.clone(),
        output: options.output.display().to_string(),
        models: candidates.iter().map(ranked).collect(),
    }
}
