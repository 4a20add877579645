//! The program `curt`: it parses, calls the library, and prints.

mod answer;
mod commands;
mod draw;
mod evaluate;
mod exit;
mod json_file;
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
use commands::{bench, convert, doctor, inspect, pages, run, verify};
use exit::Failure;
use std::process::ExitCode;

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
#[command(name = "curt", version, after_help = format!("{EXAMPLES}\n{}", exit::HELP))]
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
    Run(run::RunArgs),
    /// Show what a file holds: layers, encodings, bytes, entropy, the input mask
    Inspect(inspect::InspectArgs),
    /// Make a .curt file of a trained posterior or a plain network
    Compress(convert::compress::CompressArgs),
    /// Write a model as few bytes as possible, entropy-coded
    Pack(convert::pack::PackArgs),
    /// Write the file that can be mapped and runs where it lies
    Unpack(convert::pack::UnpackArgs),
    /// Make every check there is, slow ones too
    Verify(verify::VerifyArgs),
    /// Write the weights as dense safetensors
    Export(convert::export::ExportArgs),
    /// Time each layer and the whole network beside dense ones
    Bench(bench::BenchArgs),
    /// Evaluate trained networks beside the published figures
    Table(pages::table::TableArgs),
    /// Draw the plot and the table of docs/rewinding.md
    #[command(hide = true)]
    Rewinding(pages::rewinding::RewindingArgs),
    /// Show what this processor offers and which kernel serves which encoding
    Doctor(doctor::DoctorArgs),
}

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return refuse(&error),
    };
    let json = args.json;
    // A panic is a bug of ours: its message is on stderr by then, and the promise about exit codes still holds.
    let result = std::panic::catch_unwind(|| execute(&args));
    match result.unwrap_or_else(|_| Err(Failure::internal())) {
        Ok(answer) => answer.print(json),
        Err(failure) => failure.print(json),
    }
}

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
        Command::Table(options) => pages::table::run(options),
        Command::Rewinding(options) => pages::rewinding::run(options),
        Command::Doctor(options) => doctor::run(options),
    }
}

/// What clap has to say: help and version on stdout, a wrong command line as a failure like any other.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print(); // the reader may have gone
        return ExitCode::SUCCESS;
    }
    if std::env::args_os().any(|arg| arg == "--json") {
        let text = error.render().to_string();
        return Failure::usage(text.trim_start_matches("error: ").trim_end()).print(true);
    }
    let _ = error.print();
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
