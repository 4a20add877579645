//! Status codes: 0, one for each kind of the library's errors, and three of this interface.

use runtime::base::error::ErrorKind;
use std::ffi::CStr;

/// What a call answers. The numbers are stable.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(non_camel_case_types)]
pub enum curt_status {
    /// Success.
    CURT_OK = 0,
    /// The operating system refused to read or write.
    CURT_IO = 1,
    /// The path names a directory, a pipe or another thing that is no regular file.
    CURT_NOT_A_FILE = 2,
    /// The file has no bytes.
    CURT_EMPTY = 3,
    /// The file ends before its header says it does.
    CURT_TRUNCATED = 4,
    /// Bytes follow where none may.
    CURT_TRAILING = 5,
    /// The file does not start as a `.curt` file does.
    CURT_MAGIC = 6,
    /// The byte order mark is reversed or damaged.
    CURT_BYTE_ORDER = 7,
    /// The file is of a version that this library does not read.
    CURT_VERSION = 8,
    /// The file requires a feature that this library does not have.
    CURT_FEATURE = 9,
    /// A reserved bit or byte is set.
    CURT_RESERVED = 10,
    /// A count is above the limit of the format or of the caller.
    CURT_LIMIT = 11,
    /// An offset or a field lies outside its file or section.
    CURT_BOUNDS = 12,
    /// Two sections overlap.
    CURT_OVERLAP = 13,
    /// Bytes between sections belong to none.
    CURT_GAP = 14,
    /// An offset is not a multiple of its alignment.
    CURT_ALIGN = 15,
    /// A padding byte, row or column is not zero.
    CURT_PADDING = 16,
    /// Entries are out of order.
    CURT_ORDER = 17,
    /// An id or a name stands twice.
    CURT_DUPLICATE = 18,
    /// A required section is missing.
    CURT_MISSING_SECTION = 19,
    /// A checksum does not match.
    CURT_CHECKSUM = 20,
    /// A name is not UTF-8.
    CURT_UTF8 = 21,
    /// A name is empty, too long, or holds a forbidden character.
    CURT_NAME = 22,
    /// An id of a data type, operator, encoding or profile is not known.
    CURT_UNKNOWN_ID = 23,
    /// Shapes do not fit each other.
    CURT_SHAPE = 24,
    /// A section's length differs from what the graph needs.
    CURT_SIZE = 25,
    /// A value has a second spelling that the format forbids.
    CURT_NON_CANONICAL = 26,
    /// A number is NaN or infinite.
    CURT_NON_FINITE = 27,
    /// A mask does not fit what it selects.
    CURT_MASK = 28,
    /// A weight code is outside its range.
    CURT_CODE = 29,
    /// Levels or level counts are wrong.
    CURT_CODEBOOK = 30,
    /// The graph refers forward, to itself, or leaves a value unused.
    CURT_GRAPH = 31,
    /// Memory could not be had.
    CURT_NO_MEMORY = 32,
    /// What the caller passed does not fit the model.
    CURT_INPUT = 33,
    /// A posterior file is not as `docs/posteriors.md` says.
    CURT_POSTERIOR = 34,
    /// The processor lacks the instruction set asked for, or its name is not known.
    CURT_ISA = 35,
    /// A bug in this library.
    CURT_INTERNAL = 36,
    /// A pointer is NULL or not aligned to its type.
    CURT_NULL_POINTER = 100,
    /// Another thread runs this session.
    CURT_BUSY = 101,
    /// A structure is smaller than this version's.
    CURT_STRUCT_SIZE = 102,
}

impl curt_status {
    /// The status of an error kind.
    pub(crate) fn of(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Io => Self::CURT_IO,
            ErrorKind::NotAFile => Self::CURT_NOT_A_FILE,
            ErrorKind::Empty => Self::CURT_EMPTY,
            ErrorKind::Truncated => Self::CURT_TRUNCATED,
            ErrorKind::Trailing => Self::CURT_TRAILING,
            ErrorKind::Magic => Self::CURT_MAGIC,
            ErrorKind::ByteOrder => Self::CURT_BYTE_ORDER,
            ErrorKind::Version => Self::CURT_VERSION,
            ErrorKind::Feature => Self::CURT_FEATURE,
            ErrorKind::Reserved => Self::CURT_RESERVED,
            ErrorKind::Limit => Self::CURT_LIMIT,
            ErrorKind::Bounds => Self::CURT_BOUNDS,
            ErrorKind::Overlap => Self::CURT_OVERLAP,
            ErrorKind::Gap => Self::CURT_GAP,
            ErrorKind::Align => Self::CURT_ALIGN,
            ErrorKind::Padding => Self::CURT_PADDING,
            ErrorKind::Order => Self::CURT_ORDER,
            ErrorKind::Duplicate => Self::CURT_DUPLICATE,
            ErrorKind::MissingSection => Self::CURT_MISSING_SECTION,
            ErrorKind::Checksum => Self::CURT_CHECKSUM,
            ErrorKind::Utf8 => Self::CURT_UTF8,
            ErrorKind::Name => Self::CURT_NAME,
            ErrorKind::UnknownId => Self::CURT_UNKNOWN_ID,
            ErrorKind::Shape => Self::CURT_SHAPE,
            ErrorKind::Size => Self::CURT_SIZE,
            ErrorKind::NonCanonical => Self::CURT_NON_CANONICAL,
            ErrorKind::NonFinite => Self::CURT_NON_FINITE,
            ErrorKind::Mask => Self::CURT_MASK,
            ErrorKind::Code => Self::CURT_CODE,
            ErrorKind::Codebook => Self::CURT_CODEBOOK,
            ErrorKind::Graph => Self::CURT_GRAPH,
            ErrorKind::NoMemory => Self::CURT_NO_MEMORY,
            ErrorKind::Input => Self::CURT_INPUT,
            ErrorKind::Posterior => Self::CURT_POSTERIOR,
            ErrorKind::Isa => Self::CURT_ISA,
            _ => Self::CURT_INTERNAL,
        }
    }

    /// The status of a number, as C passes it.
    pub(crate) fn from_number(number: i32) -> Option<Self> {
        let own = [Self::CURT_OK, Self::CURT_NULL_POINTER, Self::CURT_BUSY, Self::CURT_STRUCT_SIZE];
        own.into_iter().chain(ErrorKind::ALL.map(Self::of)).find(|status| *status as i32 == number)
    }

    /// The name, in snake_case.
    pub(crate) fn name(self) -> &'static CStr {
        match self {
            Self::CURT_OK => c"ok",
            Self::CURT_IO => c"io",
            Self::CURT_NOT_A_FILE => c"not_a_file",
            Self::CURT_EMPTY => c"empty",
            Self::CURT_TRUNCATED => c"truncated",
            Self::CURT_TRAILING => c"trailing",
            Self::CURT_MAGIC => c"magic",
            Self::CURT_BYTE_ORDER => c"byte_order",
            Self::CURT_VERSION => c"version",
            Self::CURT_FEATURE => c"feature",
            Self::CURT_RESERVED => c"reserved",
            Self::CURT_LIMIT => c"limit",
            Self::CURT_BOUNDS => c"bounds",
            Self::CURT_OVERLAP => c"overlap",
            Self::CURT_GAP => c"gap",
            Self::CURT_ALIGN => c"align",
            Self::CURT_PADDING => c"padding",
            Self::CURT_ORDER => c"order",
            Self::CURT_DUPLICATE => c"duplicate",
            Self::CURT_MISSING_SECTION => c"missing_section",
            Self::CURT_CHECKSUM => c"checksum",
            Self::CURT_UTF8 => c"utf8",
            Self::CURT_NAME => c"name",
            Self::CURT_UNKNOWN_ID => c"unknown_id",
            Self::CURT_SHAPE => c"shape",
            Self::CURT_SIZE => c"size",
            Self::CURT_NON_CANONICAL => c"non_canonical",
            Self::CURT_NON_FINITE => c"non_finite",
            Self::CURT_MASK => c"mask",
            Self::CURT_CODE => c"code",
            Self::CURT_CODEBOOK => c"codebook",
            Self::CURT_GRAPH => c"graph",
            Self::CURT_NO_MEMORY => c"no_memory",
            Self::CURT_INPUT => c"input",
            Self::CURT_POSTERIOR => c"posterior",
            Self::CURT_ISA => c"isa",
            Self::CURT_INTERNAL => c"internal",
            Self::CURT_NULL_POINTER => c"null_pointer",
            Self::CURT_BUSY => c"busy",
            Self::CURT_STRUCT_SIZE => c"struct_size",
        }
    }
}
