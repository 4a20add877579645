//! The library's one error type: what went wrong, where, and a sentence that says what to do.

use std::fmt;

/// What kind of failure it is. The names in snake_case are those of `format-spec/SPEC.md`, section 8, and of `--json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The operating system refused to read or write.
    Io,
    /// The path names a directory, a pipe or another thing that is no regular file.
    NotAFile,
    /// The file has no bytes.
    Empty,
    /// The file ends before its header says it does.
    Truncated,
    /// Bytes follow where none may.
    Trailing,
    /// The file does not start as a `.curt` file does.
    Magic,
    /// The byte order mark is reversed or damaged.
    ByteOrder,
    /// The file is of a version that this library does not read.
    Version,
    /// The file requires a feature that this library does not have.
    Feature,
    /// A reserved bit or byte is set.
    Reserved,
    /// A count is above the limit of the format or of the caller.
    Limit,
    /// An offset or a field lies outside its file or section.
    Bounds,
    /// Two sections overlap.
    Overlap,
    /// Bytes between sections belong to none.
    Gap,
    /// An offset is not a multiple of its alignment.
    Align,
    /// A padding byte, row or column is not zero.
    Padding,
    /// Entries are out of order.
    Order,
    /// An id or a name stands twice.
    Duplicate,
    /// A required section is missing.
    MissingSection,
    /// A checksum does not match.
    Checksum,
    /// A name is not UTF-8.
    Utf8,
    /// A name is empty, too long, or holds a forbidden character.
    Name,
    /// An id of a data type, operator, encoding or profile is not known.
    UnknownId,
    /// Shapes do not fit each other.
    Shape,
    /// A section's length differs from what the graph needs.
    Size,
    /// A value has a second spelling that the format forbids.
    NonCanonical,
    /// A number is NaN or infinite.
    NonFinite,
    /// A mask does not fit what it selects.
    Mask,
    /// A weight code is outside its range.
    Code,
    /// Levels or level counts are wrong.
    Codebook,
    /// The graph refers forward, to itself, or leaves a value unused.
    Graph,
    /// Memory could not be had.
    NoMemory,
    /// What the caller passed does not fit the model.
    Input,
    /// A posterior file is not as `docs/posteriors.md` says.
    Posterior,
    /// The processor lacks the instruction set asked for, or its name is not known.
    Isa,
    /// A bug in this library.
    Internal,
}

impl ErrorKind {
    /// Every kind, in the order of declaration.
    pub const ALL: [ErrorKind; 36] = {
        use ErrorKind::*;
        [
            Io,
            NotAFile,
            Empty,
            Truncated,
            Trailing,
            Magic,
            ByteOrder,
            Version,
            Feature,
            Reserved,
            Limit,
            Bounds,
            Overlap,
            Gap,
            Align,
            Padding,
            Order,
            Duplicate,
            MissingSection,
            Checksum,
            Utf8,
            Name,
            UnknownId,
            Shape,
            Size,
            NonCanonical,
            NonFinite,
            Mask,
            Code,
            Codebook,
            Graph,
            NoMemory,
            Input,
            Posterior,
            Isa,
            Internal,
        ]
    };

    /// The stable name, in snake_case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Io => "io",
            Self::NotAFile => "not_a_file",
            Self::Empty => "empty",
            Self::Truncated => "truncated",
            Self::Trailing => "trailing",
            Self::Magic => "magic",
            Self::ByteOrder => "byte_order",
            Self::Version => "version",
            Self::Feature => "feature",
            Self::Reserved => "reserved",
            Self::Limit => "limit",
            Self::Bounds => "bounds",
            Self::Overlap => "overlap",
            Self::Gap => "gap",
            Self::Align => "align",
            Self::Padding => "padding",
            Self::Order => "order",
            Self::Duplicate => "duplicate",
            Self::MissingSection => "missing_section",
            Self::Checksum => "checksum",
            Self::Utf8 => "utf8",
            Self::Name => "name",
            Self::UnknownId => "unknown_id",
            Self::Shape => "shape",
            Self::Size => "size",
            Self::NonCanonical => "non_canonical",
            Self::NonFinite => "non_finite",
            Self::Mask => "mask",
            Self::Code => "code",
            Self::Codebook => "codebook",
            Self::Graph => "graph",
            Self::NoMemory => "no_memory",
            Self::Input => "input",
            Self::Posterior => "posterior",
            Self::Isa => "isa",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A failure: its kind, a message for people, and where in the file it lies when it lies in one.
///
/// One machine word wide, so that `Result<T, Error>` stays cheap.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    offset: Option<u64>,
    source: Option<std::io::Error>,
}

impl fmt::Display for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(offset) = self.offset {
            write!(f, " (at byte {offset}, {offset:#x})")?;
        }
        match &self.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl Error {
    /// An error of `kind` with a message that says what was expected and what was found.
    #[cold]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), offset: None, source: None }))
    }

    /// An error of `kind` at byte `offset` of the file.
    #[cold]
    pub fn at(kind: ErrorKind, offset: u64, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), offset: Some(offset), source: None }))
    }

    /// An error of the operating system; `what` says what was tried, with the path.
    #[cold]
    pub fn io(what: impl Into<String>, source: std::io::Error) -> Self {
        let kind = if source.kind() == std::io::ErrorKind::OutOfMemory { ErrorKind::NoMemory } else { ErrorKind::Io };
        Self(Box::new(Inner { kind, message: what.into(), offset: None, source: Some(source) }))
    }

    /// The same error, with its message led by `context` (a path, a layer's name).
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.0.message = format!("{context}: {}", self.0.message);
        self
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The byte of the file where it was found, where there is one.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }
}

/// The library's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_name() {
        let mut names: Vec<_> = ErrorKind::ALL.iter().map(|kind| kind.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ErrorKind::ALL.len());
    }

    #[test]
    fn an_error_is_one_word_and_names_its_place() {
        assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
        let error = Error::at(ErrorKind::Code, 68, "field 3 of word 1 is 31, a ternary field is below 27").context("fc1");
        assert_eq!(error.to_string(), "fc1: field 3 of word 1 is 31, a ternary field is below 27 (at byte 68, 0x44)");
        assert_eq!((error.kind(), error.offset()), (ErrorKind::Code, Some(68)));
    }
}
