//! The library's only error type: what went wrong, where, and a sentence on which a user can act.

pub use super::kinds::{Defect, ErrorKind};
use std::fmt;

/// A failure: its kind, a message, and the byte of the file where it was found.
///
/// `Result<(), Error>` is two machine words, which a call returns in registers. [`Error::NO_MEMORY`] allocates nothing. The message includes that of [`source`](std::error::Error::source),
/// which is the [`std::io::Error`] of a failed system call.
pub struct Error(Option<Box<Inner>>);

struct Inner {
    kind: ErrorKind,
    message: String,
    offset: Option<u64>,
    source: Option<std::io::Error>,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(inner) = &self.0 else { return f.write_str("memory allocation failed") };
        f.write_str(&inner.message)?;
        if let Some(offset) = inner.offset {
            write!(f, " (at byte {offset}, {offset:#x})")?;
        }
        match &inner.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

// `fn main() -> Result<(), curt::Error>` prints this form, so the sentence comes first here too.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} [{}]", self.kind())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.as_ref()?.source.as_ref().map(|source| source as _)
    }
}

impl Error {
    /// An allocation that failed. There may be no memory for a message, so it has no words of its own.
    pub const NO_MEMORY: Self = Self(None);

    /// An error of `kind` with a message that says what was expected and what was found.
    #[cold]
    pub fn new(kind: impl Into<ErrorKind>, message: impl Into<String>) -> Self {
        Self(Some(Box::new(Inner { kind: kind.into(), message: message.into(), offset: None, source: None })))
    }

    /// An error of `kind` at byte `offset` of the file.
    #[cold]
    pub fn at(kind: impl Into<ErrorKind>, offset: u64, message: impl Into<String>) -> Self {
        Self(Some(Box::new(Inner { kind: kind.into(), message: message.into(), offset: Some(offset), source: None })))
    }

    /// An error of the operating system; `what` says what was tried, with the path.
    #[cold]
    pub fn io(what: impl Into<String>, source: std::io::Error) -> Self {
        let kind = if source.kind() == std::io::ErrorKind::OutOfMemory { ErrorKind::NoMemory } else { ErrorKind::Io };
        Self(Some(Box::new(Inner { kind, message: what.into(), offset: None, source: Some(source) })))
    }

    /// The same error, with `context` (a path, a layer's name) before its message.
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        if let Some(inner) = &mut self.0 {
            inner.message = format!("{context}: {}", inner.message);
        }
        self
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.as_ref().map_or(ErrorKind::NoMemory, |inner| inner.kind)
    }

    /// The byte of the file where it was found, if there is one.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        self.0.as_ref()?.offset
    }
}

/// The library's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_small_and_names_its_place() {
        assert_eq!(size_of::<Result<(), Error>>(), 2 * size_of::<usize>());
        let error = Error::at(Defect::Code, 68, "field 3 of word 1 is 31, a ternary field is below 27").context("fc1");
        assert_eq!(error.to_string(), "fc1: field 3 of word 1 is 31, a ternary field is below 27 (at byte 68, 0x44)");
        assert_eq!((error.kind(), error.offset()), (Defect::Code.into(), Some(68)));
    }

    #[test]
    fn the_source_of_a_failed_system_call_is_its_io_error() {
        use std::error::Error as _;
        let error = Error::io("cannot read lenet.curt", std::io::Error::from_raw_os_error(2)).context("model");
        let source = error.source().and_then(|source| source.downcast_ref::<std::io::Error>());
        assert_eq!(source.and_then(std::io::Error::raw_os_error), Some(2));
        assert!(error.to_string().starts_with("model: cannot read lenet.curt: "));
    }
}
