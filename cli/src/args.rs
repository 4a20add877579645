//! The command line.

use crate::exit::HELP as EXIT_CODES;
use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "Examples:
  curt run                                        the network that curt carries, on digits that curt carries
  curt run model.curt three.png seven.png
  curt run model.curt --images t10k-images-idx3-ubyte --labels t10k-labels-idx1-ubyte
  curt inspect model.curt
  curt compress posterior.safetensors -o model.curt --validation images.idx labels.idx
  curt pack model.curt -o smallest.curt
  curt bench model.curt
  curt table --data data/mnist

CURT_ISA=scalar|avx2|avx512|neon forces an instruction set; the results are the same bits.
";

/// Runs networks that compression has cut down.
#[derive(Debug, Parser)]
#[command(name = "curt", version, after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct Args {
    /// Print one JSON object on stdout; a failure is one too
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a network on images: the error, the bytes, the time beside dense networks
    Run(Run),
    /// Show what a file holds: layers, encodings, bytes, entropy, the input mask
    Inspect(Inspect),
    /// Make a .curt file of a trained posterior or a plain network
    Compress(Compress),
    /// Write a model as few bytes as possible, entropy-coded
    Pack(Pack),
    /// Write the file that can be mapped and runs where it lies
    Unpack(Unpack),
    /// Make every check there is, slow ones too
    Verify(Verify),
    /// Write the weights as dense safetensors
    Export(Export),
    /// Time each layer and the whole network beside dense ones
    Bench(Bench),
    /// Evaluate trained networks beside the published figures
    Table(Table),
    /// Show what this processor offers and which kernel serves which encoding
    Doctor(Doctor),
}

/// Options of `run`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Samples are told apart by their first bytes, not by their names; several files form one batch:
  PNG    one picture of the size that the model takes: gray for one channel, RGB for three; palettes and 16 bits are converted, an alpha
         channel must be opaque. Nothing is resized or inverted: MNIST digits are light on dark, a scan of ink on paper is not
  .npy   one sample or (n, ...) of bytes ('|u1') or 32-bit floats ('<f4'), the type that the model takes, channels before rows
  IDX    as MNIST has it: (n, ...) of bytes or 32-bit floats

Examples:
  curt run
  curt run model.curt three.png seven.png
  curt run model.curt samples.npy --outputs outputs.npy --batch 64
  curt run model.curt --images t10k-images-idx3-ubyte --labels t10k-labels-idx1-ubyte --json

Keys of --json: images, misclassified, error_percent, model_bytes, original_bytes, ns_per_image, shrunk_dense_ns_per_image,
original_dense_ns_per_image, isa, activation_type; for PNG pictures also classes, one each. What is not known is null.
Times are medians of interleaved runs of --batch images a call on one thread; the dense networks run on Curt's own kernels.")]
pub(crate) struct Run {
    /// The model; without it, the LeNet-300-100 that curt carries
    pub(crate) model: Option<PathBuf>,
    /// Samples: PNG pictures, .npy or IDX arrays; without any, the 500 MNIST test digits that curt carries
    #[arg(value_name = "INPUT", group = "samples")]
    pub(crate) inputs: Vec<PathBuf>,
    /// The same as INPUT, where no MODEL is named; may be repeated
    #[arg(long, value_name = "FILE", group = "samples")]
    pub(crate) images: Vec<PathBuf>,
    /// Labels, one byte for each sample (IDX or .npy), for the error
    #[arg(long, value_name = "FILE", requires = "samples")]
    pub(crate) labels: Option<PathBuf>,
    /// Write the raw outputs here, as .npy of shape (images, outputs)
    #[arg(long, value_name = "FILE")]
    pub(crate) outputs: Option<PathBuf>,
    /// The type of the activations
    #[arg(long, value_enum, default_value_t = Activations::F32)]
    pub(crate) activations: Activations,
    /// Samples computed together; the results are the same bits
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=65536))]
    pub(crate) batch: u32,
}

impl Run {
    /// The files of the samples; clap has seen that they were given in one way only.
    pub(crate) fn paths(&self) -> &[PathBuf] {
        if self.inputs.is_empty() { &self.images } else { &self.inputs }
    }
}

/// Types of activations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Activations {
    /// 32-bit floats: exact to the stored weights
    F32,
    /// 16-bit integers
    I16,
    /// 8-bit integers
    I8,
}

impl Activations {
    /// The name on the command line and in `--json`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::I16 => "i16",
            Self::I8 => "i8",
        }
    }
}

/// Options of `inspect`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  curt inspect model.curt --json
  curt inspect model.curt --png pictures

--png draws the input mask at its original shape, the kernels of convolutions, the units of a layer that reads an image, every weight
matrix and, for layers of few levels, how many weights have each. Positive is red, negative blue, zero white, pruned gray.

Keys of --json: network, file_bytes, profile, kept_architecture, packed (bytes, parts (layer, name, bits)), layers (name, op, original_shape, kept_shape, nonzeros, encoding,
bits_per_kept_weight, stored_bytes, order0_entropy_bits). Shapes are [outputs, inputs]. stored_bytes counts the weight array, its levels and
its row factors, not the biases. order0_entropy_bits is -sum p log2 p over the symbols of the kept weights: the bits per kept weight of an
ideal code that knows their frequencies and nothing else. packed says where the bytes of the packed file go, or of the one that `curt pack` would
write; the bits of its parts add up to its bytes. With --png also pictures (file, shows).")]
pub(crate) struct Inspect {
    /// The model
    pub(crate) model: PathBuf,
    /// Draw what the file holds into PNG files in this folder, which is made when it does not exist
    #[arg(long, value_name = "FOLDER")]
    pub(crate) png: Option<PathBuf>,
}

/// Options of `compress`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Thresholds and encodings are chosen on the validation images, within the rise of error and loss that is allowed (docs/compression.md).
A layer's threshold or encoding that is given is taken as it is, whatever it costs; a warning says when that is more than allowed.
Methods: gnj and ghs prune input units and feature maps; sparse_vd, graves and vnq single weights, and vnq rounds the others to its
codebook; plain, rate and shared are pruned already. Networks of rate, shared and vnq are stored exactly.
Never validate on the test set: what was chosen on it cannot be tested on it. --fine-tune moves levels and biases on the same images that the budget is
checked on, half of them to try moves and the other half to check each pass; the report gives error and loss of both halves before and after.

Encodings: dense_f32, dense_f16, fixed_point:BITS (2 to 8), codebook:K (2 to 256), ternary; fixed_point or codebook alone tries several.

Examples:
  curt compress lenet.safetensors -o lenet.curt --method gnj --max-error-increase 0.1 \\
      --validation train-images-idx3-ubyte train-labels-idx1-ubyte --last 5000
  curt compress lenet.safetensors -o lenet.curt --validation images.idx labels.idx --threshold fc1=-3 --encoding fc1=ternary"
)]
pub(crate) struct Compress {
    /// The posterior or plain network (safetensors, docs/posteriors.md)
    pub(crate) posterior: PathBuf,
    /// Where to write the model
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// The method of the posterior: gnj, ghs, sparse_vd, graves, vnq, plain, rate or shared; without it, what the file says
    #[arg(long, value_name = "NAME")]
    pub(crate) method: Option<String>,
    /// Images and labels (IDX or .npy) that everything is chosen on
    #[arg(long, num_args = 2, value_names = ["IMAGES", "LABELS"], required = true)]
    pub(crate) validation: Vec<PathBuf>,
    /// Use only the last N validation images: those that training kept apart
    #[arg(long, value_name = "N")]
    pub(crate) last: Option<usize>,
    /// Percentage points that the validation error may rise [default: 0.2]
    #[arg(long, value_name = "POINTS")]
    pub(crate) max_error_increase: Option<f64>,
    /// Percent that the validation loss may rise [default: 2]
    #[arg(long, value_name = "PERCENT")]
    pub(crate) max_loss_increase: Option<f64>,
    /// What a bit of a weight may cost, in mean squared errors of a weight: smaller packed files at a greater error [default: 0]
    #[arg(long, value_name = "LAMBDA")]
    pub(crate) rate_weight: Option<f64>,
    /// Move levels and biases, in at most N passes, to where the loss on half of the validation images is least; a pass is kept when the
    /// loss on the others does not rise [default: 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub(crate) fine_tune: Option<u32>,
    /// The threshold of a layer's groups or weights instead of a chosen one; may be repeated
    #[arg(long, value_name = "LAYER=VALUE")]
    pub(crate) threshold: Vec<String>,
    /// An encoding for a layer instead of all; may be repeated
    #[arg(long, value_name = "LAYER=ENCODING")]
    pub(crate) encoding: Vec<String>,
}

/// Options of `pack`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The packed file holds the same model: unpacking it gives the mapped file back, byte for byte. Every command takes either.

Examples:
  curt pack model.curt -o smallest.curt
  curt pack model.curt -o smallest.curt --strip

Keys of --json: output, mapped_bytes, packed_bytes."
)]
pub(crate) struct Pack {
    /// The mapped model; a packed one is packed anew
    pub(crate) model: PathBuf,
    /// Where to write the packed one
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Leave out the names, masks and original shapes, which do not affect any result
    #[arg(long)]
    pub(crate) strip: bool,
}

/// Options of `unpack`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  curt unpack smallest.curt -o model.curt

Keys of --json: output, mapped_bytes, packed_bytes.")]
pub(crate) struct Unpack {
    /// The packed model
    pub(crate) model: PathBuf,
    /// Where to write the mapped one
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

/// Options of `verify`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Checks the file's bytes, its canonical form by writing it anew, and that every instruction set of this processor gives
equal bits at batch 1, 2 and 64, within the error bound of a run in f64.

Example:
  curt verify model.curt"
)]
pub(crate) struct Verify {
    /// The model
    pub(crate) model: PathBuf,
}

/// Options of `export`.
#[derive(Debug, clap::Args)]
#[command(after_help = "The file is a plain network of docs/posteriors.md, which `curt compress` reads.

Examples:
  curt export model.curt -o dense.safetensors
  curt export model.curt -o small.safetensors --shape shrunk")]
pub(crate) struct Export {
    /// The model
    pub(crate) model: PathBuf,
    /// Where to write
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// At which shape; without it, the original where the file says what it was, otherwise the shrunk
    #[arg(long, value_enum)]
    pub(crate) shape: Option<ExportShape>,
}

/// Shapes of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportShape {
    /// Pruned inputs and outputs as zeros
    Original,
    /// Kept inputs and outputs only
    Shrunk,
}

/// Options of `bench`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Compares the model with the same network stored as dense f32, at its shrunk and at its original shape, on Curt's own
kernels, one thread, taking turns. A layer or network that dense f32 would run faster is named in a warning.

Examples:
  curt bench model.curt
  curt bench model.curt --batch 64 --seconds 5 --json"
)]
pub(crate) struct Bench {
    /// The model; without it, the LeNet-300-100 that curt carries
    pub(crate) model: Option<PathBuf>,
    /// Samples computed together
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=65536))]
    pub(crate) batch: u32,
    /// Seconds for the whole network, and again for all layers
    #[arg(long, value_name = "S", default_value_t = 1.0, value_parser = seconds)]
    pub(crate) seconds: f64,
}

/// Options of `table`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A row is a record NAME.json of the folder of models, with up to three files: NAME.pruning.curt (the weights kept as 32-bit floats), NAME.curt
(fast: mapped, quantized) and NAME.packed.curt (maximum: entropy-coded). Records say how the files were made and what their checksums are; published.json of
the same folder holds the published figures. Everything else is measured when the command runs: nothing measured is read from a file.

Examples:
  curt table --data data/mnist
  curt table --data data/mnist --write docs/results.md
  curt table --data data/mnist --json

Keys of --json: images, date, machine (arch, isa, processor), rows, groups, published_only.
rows: record, network, method, label, seed, group, command (remakes the row), note, kept_weights, kept_percent, kept_architecture, bits_per_layer,
  encodings, error_percent, pruning_bytes, fast_bytes, maximum_bytes, ns_per_image, shrunk_dense_ns_per_image,
  original_dense_ns_per_image, files, published. What there is no file for is null.
  kept_weights counts the weights on a path of weights that are not zero from an input to an output, of the pruning file (without one the fast, then the
  maximum file); kept_percent is of the original network's weights; kept_architecture has the inputs of each linear layer and the maps of each convolution
  that have such weights. bits_per_layer is 8 times the bytes of a layer's array, levels and factors in the fast file over its weights kept.
  error_percent and ns_per_image are those of the fast file (without one of the maximum, then the pruning file).
  files: pruning, fast, maximum, each (file, bytes, ratio, error_percent, ns_per_image); ratio is 4 bytes for each weight and
  bias of the original network over the whole file.
  published: column (pruning, fast, maximum or null), label, kind (accounting, reported stream, file), ratio, bytes, error_percent, kept_percent,
  kept_architecture, bits_per_layer, source. An accounting has no file: its ratio is of weights alone.
groups: group, network, method, rows, best, and the medians of kept_percent, error_percent, pruning_bytes, fast_bytes, maximum_bytes, ns_per_image,
  for groups of three rows and more; best is the record of least error, chosen on the test images.
published_only: network, method, published, for methods without a row.

Times are of one image at batch 1 on one thread, medians of runs of a row's files that take turns with each other and with the main file's network
as dense floats, at the kept and at the original shape."
)]
pub(crate) struct Table {
    /// The folder of the test set: t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, as `scripts/fetch-mnist` gets them
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// The folder of the models, their records and published.json
    #[arg(long, value_name = "DIR", default_value = "models")]
    pub(crate) models: PathBuf,
    /// Write the tables here as Markdown, and a plot of each network beside it (results.md: results-NETWORK.svg)
    #[arg(long, value_name = "FILE")]
    pub(crate) write: Option<PathBuf>,
    /// Seconds for the times of each file
    #[arg(long, value_name = "S", default_value_t = 0.6, value_parser = seconds)]
    pub(crate) seconds: f64,
}

/// Options of `doctor`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  CURT_ISA=scalar curt doctor")]
pub(crate) struct Doctor {}

/// Seconds to measure: more than none, at most an hour.
fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 3600.0 => Ok(seconds),
        _ => Err("a number of seconds above 0, at most 3600".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Args as clap::CommandFactory>::command().debug_assert();
    }
}
