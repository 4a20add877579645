//! The command line: parse, call, print.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use serde_json::json;

use crate::data::{HeldOut, Images, Scaling};
use crate::evaluate::{self, Choice};
use crate::methods::ghs::GhsOptions;
use crate::methods::gnj::GnjOptions;
use crate::methods::graves::GravesOptions;
use crate::methods::prune::PruneOptions;
use crate::methods::rate::RateOptions;
use crate::methods::share::ShareOptions;
use crate::methods::soft_share::SoftShareOptions;
use crate::methods::sparse_vd::SparseVdOptions;
use crate::methods::surgery::SurgeryOptions;
use crate::methods::vnq::VnqOptions;
use crate::methods::{self, MethodOptions, Trained};
use crate::network::Network;
use crate::options::CommonOptions;
use crate::posterior;
use crate::remake::{self, RemakeOptions};
use crate::train::{self, Run, Split};

#[derive(Parser)]
#[command(version, about, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  trainer gnj --data ../data/mnist --out runs/gnj
  trainer gnj --data ../data/mnist --out runs/gnj --resume
  trainer sparse-vd --data ../data/mnist --out runs/sparse-vd --epochs 100
  trainer graves --data ../data/mnist --out runs/graves --epochs 60
  trainer vnq --data ../data/mnist --out runs/vnq --start runs/dense/posterior.safetensors --epochs 60
  trainer rate --data ../data/mnist --out runs/rate --start runs/gnj/posterior.safetensors --bytes 2300 --schedule cosine --rate 0.01 --held-out 10000 --held-out-seed 1
  trainer prune --data ../data/mnist --out runs/prune --start runs/dense/posterior.safetensors --dense 15 --rounds 4 --epochs 32 --keep 0.08,0.09,0.26
  trainer share --data ../data/mnist --out runs/share --start runs/prune/posterior.safetensors --levels 64 --epochs 5 --rate 1e-4
  trainer dense --network lenet-5-caffe --epochs 15 --data ../data/mnist --out runs/dense
  trainer evaluate runs/gnj/posterior.safetensors --data ../data/mnist --max-error 1.8 --test
  trainer remake lenet-300-100-gnj

A run writes log.jsonl (one line per epoch), checkpoint.safetensors and posterior.safetensors.";

#[derive(Subcommand)]
enum Command {
    /// Train a posterior with the group normal-Jeffreys prior
    Gnj(Job<GnjOptions>),
    /// Train a posterior with the group horseshoe prior
    Ghs(Job<GhsOptions>),
    /// Train a normal posterior per weight with the log-uniform prior: sparse variational dropout
    SparseVd(Job<SparseVdOptions>),
    /// Train a normal posterior per weight under a normal prior that follows it (Graves 2011)
    Graves(Job<GravesOptions>),
    /// Draw the weights of a trained network to a small codebook: variational network quantization
    Vnq(Job<VnqOptions>),
    /// Train a network of integers with a bound on its bits (rate-constrained training)
    Rate(Job<RateOptions>),
    /// Prune a plain network by magnitude, in rounds
    Prune(Job<PruneOptions>),
    /// Prune a plain network by dynamic surgery: weights that grow come back
    Surgery(Job<SurgeryOptions>),
    /// Share a few values among the weights of a pruned network
    Share(Job<ShareOptions>),
    /// Draw the weights of a plain network to a few values, most to zero, by a mixture prior
    SoftShare(Job<SoftShareOptions>),
    /// Train a plain network by maximum likelihood
    Dense(Job<CommonOptions>),
    /// Remake a model of models/ by its recipe: train, compress, pack, write its record
    #[command(after_help = remake::EXAMPLES)]
    Remake(RemakeOptions),
    /// Choose thresholds on the validation images and show what they keep
    Evaluate {
        /// Posterior file
        posterior: PathBuf,
        /// Folder of the data set
        #[arg(long)]
        data: PathBuf,
        /// Validation images: those that training held out
        #[command(flatten)]
        held_out: HeldOut,
        /// Validation error the thresholds may reach, in percent [default: that of the posterior
        /// mean without pruning, and 0.2 more]
        #[arg(long)]
        max_error: Option<f64>,
        /// Use these thresholds of the method's pruning statistic, one per layer, instead of choosing
        #[arg(long, value_delimiter = ',', allow_hyphen_values = true)]
        thresholds: Option<Vec<f64>>,
        /// Measure the result on the test images as well
        #[arg(long)]
        test: bool,
    },
}

/// A run: its options, and where it reads and writes.
#[derive(clap::Args)]
struct Job<R: clap::Args> {
    #[command(flatten)]
    options: R,
    #[command(flatten)]
    places: Places,
}

#[derive(clap::Args)]
struct Places {
    /// Folder of the data set: the IDX files of MNIST
    #[arg(long)]
    data: PathBuf,
    /// Folder of the run
    #[arg(long)]
    out: PathBuf,
    /// Continue from the checkpoint in the folder of the run
    #[arg(long)]
    resume: bool,
    /// Stop after this many epochs, to be resumed later
    #[arg(long)]
    stop_after: Option<usize>,
}

pub fn run() -> Result<()> {
    match Cli::parse().command {
        Command::Gnj(job) => train(job),
        Command::Ghs(job) => train(job),
        Command::SparseVd(job) => train(job),
        Command::Graves(job) => train(job),
        Command::Vnq(job) => train(job),
        Command::Rate(job) => train(job),
        Command::Prune(job) => train(job),
        Command::Surgery(job) => train(job),
        Command::Share(job) => train(job),
        Command::SoftShare(job) => train(job),
        Command::Dense(job) => train(job),
        Command::Remake(options) => remake::run(&options),
        Command::Evaluate { posterior, data, held_out, max_error, thresholds, test } => {
            let (posterior, scaling) = methods::read(&posterior)?;
            let (_, validation) = held_out.split(Images::read(&data, "train", scaling)?)?;
            let test = match test {
                true => Some(Images::read(&data, "t10k", scaling)?),
                false => None,
            };
            evaluate(&*posterior, &validation, test.as_ref(), max_error, thresholds)
        }
    }
}

fn train<R: MethodOptions + clap::Args>(Job { options, places }: Job<R>) -> Result<()> {
    let network = Network::by_name(&options.common().network)?;
    let options = options.complete(&network)?;
    let data = prepare(options.common(), &places)?;
    let mut method = options.begin(&network)?;
    let recorded = serde_json::to_value(&options)?;
    train::train(&mut method, options.common(), &recorded, &data, &places.run())?;
    let record = json!({ "recipe": recorded, "images": data.training.len() });
    let path = places.out.join("posterior.safetensors");
    posterior::write(&path, &method, data.training.scaling, record)?;
    println!("{}", path.display());
    Ok(())
}

impl Places {
    fn run(&self) -> Run<'_> {
        Run { folder: &self.out, resume: self.resume, stop_after: self.stop_after }
    }
}

/// Reads the data and makes the folder of the run.
fn prepare(options: &CommonOptions, places: &Places) -> Result<Split> {
    let scaling: Scaling = options.pixels.scaling();
    let images = Images::read(&places.data, "train", scaling)?;
    let (training, validation) = options.held_out.split(images)?;
    fs::create_dir_all(&places.out).with_context(|| format!("cannot create {}", places.out.display()))?;
    let begun = places.out.join("checkpoint.safetensors").exists();
    ensure!(
        places.resume || !begun,
        "{} already holds a run: give --resume to continue it, or another --out",
        places.out.display()
    );
    Ok(Split { training, validation: Some(validation).filter(|images| images.len() > 0) })
}

fn evaluate(
    posterior: &dyn Trained,
    validation: &Images,
    test: Option<&Images>,
    max_error: Option<f64>,
    thresholds: Option<Vec<f64>>,
) -> Result<()> {
    let network = posterior.network();
    let choice = if let Some(thresholds) = thresholds {
        let layers = network.layers.len();
        ensure!(thresholds.len() == layers, "--thresholds takes one for each of the {layers} layers");
        evaluate::measure(posterior, &thresholds, validation)
    } else if posterior.thresholds().is_empty() {
        evaluate::measure(posterior, &[], validation)
    } else {
        let sweep = evaluate::sweep(posterior, validation);
        let shown = sweep.iter().filter(|choice| choice.error < 0.1);
        shown.for_each(|choice| print_choice(network, choice));
        let budget = max_error.map_or(sweep[0].error + 0.002, |percent| percent / 100.0);
        let choice = evaluate::choose(&sweep, budget)?.clone();
        println!("chosen:");
        choice
    };
    print_choice(network, &choice);
    if let Some(test) = test {
        let measured = evaluate::measure(posterior, &choice.thresholds, test);
        println!("test error {:.2} %", 100.0 * measured.error);
    }
    Ok(())
}

fn print_choice(network: &Network, choice: &Choice) {
    let kept: Vec<String> = choice.kept.iter().map(usize::to_string).collect();
    let thresholds: Vec<String> = choice.thresholds.iter().map(|threshold| format!("{threshold:.2}")).collect();
    if !thresholds.is_empty() {
        print!("thresholds {:24} ", thresholds.join(","));
    }
    println!(
        "kept {:14} {:7} weights ({:5.2} %)  validation error {:.2} %",
        kept.join("-"),
        choice.kept_weights,
        100.0 * choice.kept_weights as f64 / network.weights() as f64,
        100.0 * choice.error,
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::methods::gnj::Gnj;
    use crate::methods::groups::{GroupOptions, Training, short};
    use crate::noise::Noise;

    #[test]
    fn the_options_of_the_examples_are_understood() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
        let lines = EXAMPLES.lines().chain(remake::EXAMPLES.lines());
        for line in lines.filter_map(|line| line.trim().strip_prefix("trainer ")) {
            let words = std::iter::once("trainer").chain(line.split_whitespace());
            assert!(Cli::try_parse_from(words).is_ok(), "{line}");
        }
    }

    #[test]
    fn a_run_can_begin_from_an_earlier_posterior() {
        let network = Network::lenet_300_100();
        let mut earlier = Gnj::initialise(&network, None, (), &mut Noise::for_initialisation(5));
        earlier.layers[1].scale_log_variance.value[7] = 9.0;
        let path = std::env::temp_dir().join(format!("curt-start-{}.safetensors", std::process::id()));
        let options = GnjOptions { groups: GroupOptions { start: Some(path.clone()), ..short(1) } };
        let training = Training { groups: earlier.clone(), options: options.groups.clone() };
        posterior::write(&path, &training, Scaling::UNIT, json!(null)).unwrap();

        let gnj = options.begin(&network).unwrap().groups;
        assert!(!gnj.units()[1].inputs.contains(&7));
        assert_eq!(gnj.layers[2].weight_mean.value, earlier.layers[2].weight_mean.value);
        let Err(error) = options.begin(&Network::lenet_5_caffe()) else { panic!("another network") };
        assert!(error.to_string().contains("is of another network than lenet-5-caffe"), "{error}");
        std::fs::remove_file(path).unwrap();
    }
}
