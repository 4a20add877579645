//! The program `curt`: it parses, calls the library, and prints.

mod answer;
mod args;
mod canvas;
mod commands;
mod draw;
mod evaluate;
mod exit;
mod pictures;
mod progress;
mod results;
mod samples;
mod table;

use answer::Answer;
use args::{Args, Command};
use clap::Parser;
use exit::Failure;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return refuse(&error),
    };
    let json = args.json;
    // A panic is a bug of ours: its message is on stderr by then, and the promise about exit codes still holds.
    let result = std::panic::catch_unwind(|| run(&args));
    match result.unwrap_or_else(|_| Err(Failure::internal())) {
        Ok(answer) => answer.print(json),
        Err(failure) => failure.print(json),
    }
}

fn run(args: &Args) -> Result<Answer, Failure> {
    match &args.command {
        Command::Run(options) => commands::run::run(options),
        Command::Inspect(options) => commands::inspect::run(options),
        Command::Pack(options) => commands::pack::pack(options),
        Command::Unpack(options) => commands::pack::unpack(options),
        Command::Compress(options) => commands::compress::run(options),
        Command::Verify(options) => commands::verify::run(options),
        Command::Export(options) => commands::export::run(options),
        Command::Bench(options) => commands::bench::run(options),
        Command::Table(options) => commands::table::run(options),
        Command::Doctor(options) => commands::doctor::run(options),
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
