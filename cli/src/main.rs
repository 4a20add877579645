//! The program `curt`: it parses, calls the library, and prints.

mod answer;
mod commands;
mod draw;
mod evaluate;
mod evidence;
mod exit;
mod json_file;
mod limits;
mod output;
mod plots;
mod progress;
mod results;
mod rewinding;
mod samples;
mod statistics;
mod table;
mod text;

use answer::Answer;
use clap::{Parser, Subcommand};
use commands::evidence::{describe, select};
use commands::{bench, convert, doctor, inspect, pages, run, verify};
use exit::Failure;
use std::io::Write;
use std::process::ExitCode;

const EXAMPLES: &str = "Examples:
  curt run                                        the built-in network on built-in digits
  curt run model.curt three.png seven.png
  curt run model.curt --images t10k-images-idx3-ubyte --labels t10k-labels-idx1-ubyte
  curt inspect model.curt
  curt compress posterior.safetensors -o model.curt --validation images.idx labels.idx
  curt pack model.curt -o smallest.curt
  curt bench model.curt
  curt describe models/*.packed.curt --images train-images-idx3-ubyte --labels train-labels-idx1-ubyte
  curt table --data data/mnist

CURT_ISA=scalar|avx2|avx512 forces an instruction set; the results are bit-identical on all of them.
";

/// Runs pruned and quantized neural networks directly from their compressed form
#[derive(Debug, Parser)]
#[command(name = "curt", version, after_help = format!("{EXAMPLES}\n{}", exit::HELP))]
pub(crate) struct Args {
    /// Print one JSON object on stdout, also for a failure
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// What a model file may ask for
    #[arg(long, global = true, value_enum, value_name = "PRESET", default_value_t = limits::Preset::Default)]
    pub(crate) limits: limits::Preset,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// A command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a network on images; show its error, bytes and time beside dense networks
    Run(run::RunArgs),
    /// Show the content of a file: layers, encodings, bytes, entropy, input mask
    Inspect(inspect::InspectArgs),
    /// Compress a trained posterior or a plain network into a .curt file
    Compress(convert::compress::CompressArgs),
    /// Entropy-code a model into as few bytes as possible
    Pack(convert::pack::PackArgs),
    /// Expand a packed model into a file that can be memory-mapped
    Unpack(convert::pack::UnpackArgs),
    /// Run every check, including the slow ones
    Verify(verify::VerifyArgs),
    /// Write the weights as dense safetensors
    Export(convert::export::ExportArgs),
    /// Time each layer and the whole network beside dense networks
    Bench(bench::BenchArgs),
    /// Count the bits that models and labels take: the file, and the labels given its outputs
    Describe(describe::DescribeArgs),
    /// Choose the model that describes labels in the fewest bits
    Select(select::SelectArgs),
    /// Evaluate the trained networks of a folder beside published figures
    Table(pages::table::TableArgs),
    /// Draw the plot and the table of docs/rewinding.md
    #[command(hide = true)]
    Rewinding(pages::rewinding::RewindingArgs),
    /// Show the features of this processor and the kernel of each encoding
    Doctor(doctor::DoctorArgs),
}

fn main() -> ExitCode {
    limits_fail_writes();
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return refuse(&error),
    };
    let json = args.json;
    limits::set(args.limits);
    // A panic is a bug. Its message is already on stderr; the exit code must still be the documented one.
    let result = std::panic::catch_unwind(|| execute(&args));
    match result.unwrap_or_else(|_| Err(Failure::internal())) {
        Ok(answer) => answer.print(json),
        Err(failure) => failure.print(json),
    }
}

/// A limit on the size of files (`ulimit -f`) makes a write fail, with a message and a temporary file removed, instead of ending the process.
#[cfg(unix)]
fn limits_fail_writes() {
    // Without it the signal ends the process, as it would have: there is nobody to tell yet.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default());
}

#[cfg(not(unix))]
fn limits_fail_writes() {}

fn execute(args: &Args) -> Result<Answer, Failure> {
    match &args.command {
        Command::Run(options) => run::run(options),
        Command::Inspect(options) => inspect::run(options),
        Command::Pack(options) => convert::pack::pack(options),
        Command::Unpack(options) => convert::pack::unpack(options),
        Command::Compress(options) => convert::compress::run(options),
        Command::Verify(options) => verify::run(options),
        Command::Export(options) => convert::export::run(options),
        Command::Bench(options) => bench::run(options),
        Command::Describe(options) => describe::run(options),
        Command::Select(options) => select::run(options),
        Command::Table(options) => pages::table::run(options),
        Command::Rewinding(options) => pages::rewinding::run(options),
        Command::Doctor(options) => doctor::run(options),
    }
}

/// Prints help and version on stdout. A wrong command line is a failure like any other.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return exit::of_printing(error.print().and_then(|()| std::io::stdout().flush()));
    }
    if std::env::args_os().any(|arg| arg == "--json") {
        let text = error.render().to_string();
        return Failure::usage(text.trim_start_matches("error: ").trim_end()).print(true);
    }
    let _ = error.print(); // the exit code says it too
    ExitCode::from(exit::USAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Args as clap::CommandFactory>::command().debug_assert();
    }
}
