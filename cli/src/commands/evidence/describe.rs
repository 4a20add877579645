//! `curt describe`: what models and labels cost to describe.

use crate::answer::Answer;
use crate::evidence::{self, Data, DataArgs, ModelJson};
use crate::exit::Failure;
use crate::output::Output;
use crate::plots;
use crate::text::grouped;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Options of `describe`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The two-part code of labels: 8 bits for each byte of the packed, stripped file, and -log2 p of each label, with p from the outputs: their
softmax, or the outputs themselves where the network ends in one. A file that is mapped or has names is packed and stripped in memory. The program that
decodes the file is not counted. Labels are meant to be those of the training; give --held-out if they are not. A label of probability 0 has an infinite
code: its model comes last.

Numbers (--targets) are coded by a normal density around the outputs, so their bits may be negative; numbers of precision d cost -log2 d bits more each,
whatever the model.

Examples:
  curt describe models/*.packed.curt --images train-images-idx3-ubyte --labels train-labels-idx1-ubyte
  curt describe a.curt b.curt --images x.npy --labels y.npy --held-out --plot codes.svg
  curt describe fit.curt --images x.npy --targets y.npy --variance 0.25

Keys of --json: samples, held_out, models, sorted by total_bits: name, file, packed_here, file_bytes, file_bits, label_bits, label_bits_standard_error
(over samples), bits_per_label, total_bits, total_nats, uniform_bits, errors, error_percent, without_class, infinite_at (the first sample whose code is
infinite), mean_square (of the residuals), variance. Unknown values are null."
)]
pub(crate) struct DescribeArgs {
    /// The models, mapped or packed
    #[arg(required = true)]
    models: Vec<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
    /// Draw the bits of each model as bars into this SVG file
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

/// The fields of `--json`.
#[derive(Serialize)]
struct Fields {
    samples: usize,
    held_out: bool,
    models: Vec<ModelJson>,
}

pub(crate) fn run(options: &DescribeArgs) -> Result<Answer, Failure> {
    let inputs: Vec<&Path> = options.models.iter().map(PathBuf::as_path).chain(options.data.files()).collect();
    let plot = options.plot.as_deref().map(|path| Output::open("--plot", path, &inputs)).transpose()?;
    let data = Data::open(&options.data)?;
    let (samples, what) = (data.samples.count, options.data.what());
    let candidates = evidence::open_all(&options.models, &data)?;
    if let Some(plot) = plot {
        plot.save(plots::evidence::svg(&candidates, &format!("{} {what}", grouped(samples as u64))).as_bytes())?;
    }
    let text = format!(
        "{} {what}\n\n{}\n{}",
        grouped(samples as u64),
        evidence::table(&candidates, what, samples),
        evidence::notes(&candidates, options.data.held_out)
    );
    let models = candidates.iter().map(|candidate| ModelJson::of(candidate, samples)).collect();
    Ok(Answer::new(text, &Fields { samples, held_out: options.data.held_out, models }))
}
