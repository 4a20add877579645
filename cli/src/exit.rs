//! Exit codes, and the messages of failures.

use curt::{Error, ErrorKind};
use serde::Serialize;
use std::io::Write;
use std::process::ExitCode;

/// A model, a posterior or an input was refused.
pub(crate) const REFUSED: u8 = 1;
/// The command line or an environment variable is wrong.
pub(crate) const USAGE: u8 = 2;
/// A bug in Curt.
pub(crate) const INTERNAL: u8 = 3;
/// The operating system refused: a file cannot be opened, read or written, or there is no memory.
pub(crate) const SYSTEM: u8 = 4;

/// The codes, for `--help`.
pub(crate) const HELP: &str = "Exit codes:
  0  done
  1  the model, the posterior or an input was refused
  2  the command line or CURT_ISA is wrong
  3  a bug in Curt
  4  a file cannot be opened, read or written, or memory allocation failed";

/// Why a command failed. Its fields, except the code, are those of `failure` in `--json`.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    #[serde(skip)]
    code: u8,
    kind: &'static str,
    message: String,
    offset: Option<u64>,
}

impl Failure {
    /// The command line is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { code: USAGE, kind: "usage", message: message.into(), offset: None }
    }

    /// An input does not fit the model.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::Input, message).into()
    }

    /// A bug. The panic has already printed the details.
    pub(crate) fn internal() -> Self {
        let message = "curt has a bug; please report it with the message above and the command".to_owned();
        Self { code: INTERNAL, kind: ErrorKind::Internal.name(), message, offset: None }
    }

    /// The same failure, with `what` before its message.
    pub(crate) fn context(self, what: &str) -> Self {
        Self { message: format!("{what}: {}", self.message), ..self }
    }

    /// Prints the message: on stderr for people, with `--json` on stdout for programs.
    pub(crate) fn print(&self, json: bool) -> ExitCode {
        if json {
            let object = serde_json::json!({ "failure": self });
            let _ = write_stdout(format!("{object:#}\n").as_bytes()); // if this fails, the exit code still tells the failure
        } else {
            tell(format_args!("error: {}", self.message));
        }
        ExitCode::from(self.code)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = match error.kind() {
            ErrorKind::Io | ErrorKind::NotAFile | ErrorKind::NoMemory => SYSTEM,
            ErrorKind::Isa => USAGE,
            ErrorKind::Internal => INTERNAL,
            _ => REFUSED,
        };
        Self { code, kind: error.kind().name(), message: error.to_string(), offset: error.offset() }
    }
}

/// Writes to stdout. `print!` would panic on a closed pipe.
pub(crate) fn write_stdout(bytes: &[u8]) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// Prints a line on stderr. A stderr that cannot be written (full, or nobody reads it) changes nothing: neither the result nor the exit code.
pub(crate) fn tell(message: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{message}"); // `eprintln!` would panic
}

/// Prints a warning on stderr. The command still succeeds.
pub(crate) fn warn(message: impl std::fmt::Display) {
    tell(format_args!("warning: {message}"));
}

/// The exit code of a command that has printed on stdout. A reader that has gone (`curt inspect | head`) is no failure.
pub(crate) fn of_printing(printed: std::io::Result<()>) -> ExitCode {
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            tell(format_args!("error: cannot write to stdout: {error}"));
            ExitCode::from(SYSTEM)
        }
    }
}
