//! The answer of a command: a text for people and an object for programs. One of them is printed.

use crate::exit;
use serde::Serialize;
use serde_json::Value;
use std::io::ErrorKind;
use std::process::ExitCode;

/// The result of a command.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) json: Value,
}

impl Answer {
    /// An answer with an object of these fields.
    pub(crate) fn new(text: String, fields: &impl Serialize) -> Self {
        Self { text, json: to_json(fields) }
    }

    /// Prints it on stdout. A reader that has gone (`curt inspect | head`) is no failure.
    pub(crate) fn print(&self, json: bool) -> ExitCode {
        let text = if json { format!("{:#}\n", self.json) } else { self.text.clone() };
        match exit::write_stdout(&text) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: cannot write to stdout: {error}");
                ExitCode::from(exit::SYSTEM)
            }
        }
    }
}

/// The object of these fields, its keys sorted.
pub(crate) fn to_json(fields: &impl Serialize) -> Value {
    serde_json::to_value(fields).expect("invariant: keys are strings, and no field fails")
}
