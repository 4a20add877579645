//! `curt table`: measures the three files of every trained network and shows them beside published figures.

use crate::answer::Answer;
use crate::exit::Failure;
use crate::output::Output;
use crate::plots;
use crate::results::{self, Machine, Results, TestSet};
use crate::text::seconds;
use curt::Isa;
use curt::format::save;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Options of `table`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A row is a record NAME.json of the folder of models, with up to three files: NAME.pruning.curt (kept weights as 32-bit floats), NAME.curt
(fast: mapped, quantized) and NAME.packed.curt (maximum: entropy-coded). A record holds the command that made the files and their checksums; published.json of
the same folder holds published figures. The command measures everything else when it runs.

Examples:
  curt table --data data/mnist
  curt table --data data/mnist --write docs/results.md
  curt table --data data/mnist --json

Keys of --json: images, training_images, date, machine (arch, isa, processor), rows, groups, published_only.
rows: record, network, method, label, seed, group, augmentation, test_looks, command (remakes the row), note, start_parameters, kept_weights, kept_percent, kept_architecture, bits_per_layer,
  encodings, error_percent, pruning_bytes, fast_bytes, maximum_bytes, ns_per_image, shrunk_dense_ns_per_image,
  original_dense_ns_per_image, files, published. Values without a file are null.
  test_looks: networks of other settings or seeds that are known to have been measured on the test images before this row was chosen, at least.
  start_parameters: weights and biases of the network that training began from, if it is smaller than the one compared.
  kept_weights counts the weights on a path of weights that are not zero from an input to an output, of the pruning file (without one the fast, then the
  maximum file); kept_percent is of the original network's weights; kept_architecture has the inputs of each linear layer and the maps of each convolution
  that have such weights. bits_per_layer is 8 times the bytes of a layer's array, levels and factors in the fast file over its weights kept.
  error_percent and ns_per_image are those of the fast file (without one of the maximum, then the pruning file).
  files: pruning, fast, maximum, each (file, bytes, ratio, ratio_of_start, error_percent, error_interval_percent, training_label_bits,
  ns_per_image); ratio is
  4 bytes for each weight and bias of the original network over the whole file; the interval is the 95 % Wilson interval.
  published: column (pruning, fast, maximum or null), label, kind (accounting, reported stream, file), ratio, bytes, error_percent, kept_percent,
  kept_architecture, bits_per_layer, source. An accounting has no file: its ratio is of weights alone.
groups: group, network, method, rows, best, median, and the medians of kept_percent, error_percent, pruning_bytes, fast_bytes, maximum_bytes, ns_per_image,
  for groups of three rows and more; best is the record of least error (a choice on the test images), median that of median error.
  The medians are of each figure by itself, so they need not be of one record.
published_only: network, method, published, for methods without a row.

Times are of one image at batch 1 on one thread, medians of runs of a row's files that take turns with each other and with the main file's network
as dense floats, at the kept and at the original shape."
)]
pub(crate) struct TableArgs {
    /// The folder of the test set: t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, as `scripts/fetch-mnist` gets them
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// The folder of the training set: train-images-idx3-ubyte and train-labels-idx1-ubyte; adds the bits of its labels given each file
    #[arg(long, value_name = "DIR")]
    pub(crate) training: Option<PathBuf>,
    /// The folder of the models, their records and published.json
    #[arg(long, value_name = "DIR", default_value = "models")]
    pub(crate) models: PathBuf,
    /// Write the tables to this Markdown file, and a plot of each network beside it (results.md: results-NETWORK.svg)
    #[arg(long, value_name = "FILE")]
    pub(crate) write: Option<PathBuf>,
    /// Seconds to time each file
    #[arg(long, value_name = "S", default_value_t = 0.6, value_parser = seconds)]
    pub(crate) seconds: f64,
}

pub(crate) fn run(options: &TableArgs) -> Result<Answer, Failure> {
    if let Some(folder) =
        options.write.as_deref().and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir())
    {
        return Err(Failure::usage(format!("--write: there is no folder {}", folder.display())));
    }
    let page = options.write.as_deref().map(|path| Output::open("--write", path, &[])).transpose()?;
    let test = TestSet::open(&options.data)?;
    let time = Duration::from_secs_f64(options.seconds);
    let training = options.training.as_deref().map(results::open_training).transpose()?;
    let records = results::open_all(&options.models)?.into_iter();
    let rows = records.map(|record| results::row(record, &test, training.as_ref(), time)).collect::<Result<_, Failure>>()?;
    let machine = Machine::now(Isa::from_env()?.name());
    let training_images = training.map(|training| training.samples.count);
    let results = Results::new(machine, test.len(), training_images, rows, &options.models)?;
    let mut text = results::text(&results);
    if let Some((path, page)) = options.write.as_deref().zip(page) {
        text += "\n";
        for file in write(path, page, &results)? {
            text += &format!("written to {file}\n");
        }
    }
    Ok(Answer { text, json: results::json(&results) })
}

/// Writes the plots, then the page that shows them. Returns the names of the files.
fn write(path: &Path, page: Output, results: &Results) -> Result<Vec<String>, Failure> {
    let stem = path.file_stem().ok_or_else(|| Failure::usage(format!("--write takes a file, not {}", path.display())))?;
    let stem = stem.to_string_lossy().into_owned();
    let plot = |network: &str| format!("{stem}-{network}.svg");
    let mut written = Vec::new();
    for network in results.networks() {
        let file = path.with_file_name(plot(network));
        save(&file, plots::results::svg(results, network).as_bytes())?;
        written.push(file.display().to_string());
    }
    page.save(results::markdown(results, plot).as_bytes())?;
    written.push(path.display().to_string());
    Ok(written)
}
