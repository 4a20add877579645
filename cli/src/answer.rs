//! The answer of a command: a text for people and a JSON object for programs. One of them is printed.

use crate::{exit, output};
use serde::Serialize;
use serde_json::Value;
use std::process::ExitCode;

/// The result of a command.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) json: Value,
}

impl Answer {
    /// An answer whose JSON object has these fields.
    pub(crate) fn new(text: String, fields: &impl Serialize) -> Self {
        Self { text, json: to_json(fields) }
    }

    /// Prints it on stdout, or on stderr when stdout holds the file that was written.
    pub(crate) fn print(&self, json: bool) -> ExitCode {
        let text = if json { format!("{:#}\n", self.json) } else { self.text.clone() };
        if output::stdout_is_taken() {
            exit::tell(text.trim_end());
            return ExitCode::SUCCESS;
        }
        exit::of_printing(exit::write_stdout(text.as_bytes()))
    }
}

/// The JSON object of these fields, with sorted keys.
pub(crate) fn to_json(fields: &impl Serialize) -> Value {
    serde_json::to_value(fields).expect("invariant: keys are strings, and no field fails")
}
