//! What a command found out: a text for people and an object for programs, of which one is printed.

use serde_json::Value;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

/// The result of a command.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) json: Value,
}

impl Answer {
    /// Prints it on stdout. A reader that has gone (`curt inspect | head`) is no failure.
    pub(crate) fn print(&self, json: bool) -> ExitCode {
        let text = if json { format!("{:#}\n", self.json) } else { self.text.clone() };
        match write(&text) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: cannot write to stdout: {error}");
                ExitCode::from(crate::exit::SYSTEM)
            }
        }
    }
}

/// Writes to stdout without the panic of `print!`.
pub(crate) fn write(text: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// A whole number with its thousands apart.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap_or("")).collect();
    groups.join(",")
}

/// Nanoseconds with as many digits as a measurement has.
pub(crate) fn nanoseconds(ns: f64) -> String {
    match ns {
        ..100.0 => format!("{ns:.1} ns"),
        ..1e5 => format!("{} ns", grouped(ns.round() as u64)),
        ..1e8 => format!("{:.1} us", ns / 1e3),
        _ => format!("{:.1} ms", ns / 1e6),
    }
}

/// How many times more `n` is than `d`, with two digits.
pub(crate) fn ratio(n: f64, d: f64) -> String {
    match n / d {
        r @ ..10.0 => format!("{r:.2}x"),
        r @ ..100.0 => format!("{r:.1}x"),
        r => format!("{r:.0}x"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_readable() {
        assert_eq!([0, 999, 1000, 1_066_440].map(grouped), ["0", "999", "1,000", "1,066,440"]);
        assert_eq!([1.25, 1234.4, 2.5e6, 3e9].map(nanoseconds), ["1.2 ns", "1,234 ns", "2500.0 us", "3000.0 ms"]);
        assert_eq!([ratio(3.0, 2.0), ratio(50.0, 2.0), ratio(1000.0, 2.0)], ["1.50x", "25.0x", "500x"]);
    }
}
