//! The kinds of errors, in one table: variant, name, number in the C interface, and what it means.

use std::fmt;

/// Declares an enum of kinds from one table. A kind that `nests` another enum passes its methods on to it.
macro_rules! kinds {
    (
        $(#[$doc:meta])* $kinds:ident;
        $( $(#[doc = $text:literal])+ $kind:ident, $name:literal, $number:literal; )+
        $( nests $(#[doc = $nest_text:literal])+ $nest:ident($inner:ident); )?
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $kinds {
            $( $(#[doc = $text])+ $kind, )+
            $( $(#[doc = $nest_text])+ $nest($inner), )?
        }

        impl $kinds {
            /// Every kind, nested ones included.
            pub fn all() -> impl Iterator<Item = Self> {
                [$( Self::$kind ),+].into_iter() $( .chain($inner::all().map(Self::$nest)) )?
            }

            /// The stable name, in snake_case: that of `format-spec/SPEC.md`, section 8, of `--json` and of `curt_status_name`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $( Self::$kind => $name, )+
                    $( Self::$nest(inner) => inner.name(), )?
                }
            }

            /// The stable number: that of `curt_status` in the C interface.
            #[must_use]
            pub fn number(self) -> i32 {
                match self {
                    $( Self::$kind => $number, )+
                    $( Self::$nest(inner) => inner.number(), )?
                }
            }

            /// One sentence that says what the kind means.
            #[must_use]
            pub fn description(self) -> &'static str {
                match self {
                    $( Self::$kind => concat!($($text),+).trim_ascii(), )+
                    $( Self::$nest(inner) => inner.description(), )?
                }
            }
        }

        impl fmt::Display for $kinds {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

kinds! {
    /// What kind of failure it is.
    ErrorKind;
    /// The operating system refused to read or write.
    Io, "io", 1;
    /// The path names a directory, a pipe or another thing that is no regular file.
    NotAFile, "not_a_file", 2;
    /// A count is above the limit of the format or of the caller.
    Limit, "limit", 11;
    /// Memory allocation failed.
    NoMemory, "no_memory", 32;
    /// The caller's input does not fit the model.
    Input, "input", 33;
    /// A posterior file violates `docs/posteriors.md`.
    Posterior, "posterior", 34;
    /// The processor lacks the requested instruction set, or its name is unknown.
    Isa, "isa", 35;
    /// A bug in this library.
    Internal, "internal", 36;
    /// A file of another format is damaged or contradicts itself.
    Import, "import", 37;
    /// A file of another format holds what this library does not run.
    Unsupported, "unsupported", 38;
    nests
    /// The file violates the format.
    Format(Defect);
}

kinds! {
    /// How a file, or a graph that is to become one, violates the format.
    Defect;
    /// The file has no bytes.
    Empty, "empty", 3;
    /// The file ends before its header says it does.
    Truncated, "truncated", 4;
    /// Bytes follow where none may.
    Trailing, "trailing", 5;
    /// The file does not start with the magic bytes of a `.curt` file.
    Magic, "magic", 6;
    /// The byte order mark is reversed or damaged.
    ByteOrder, "byte_order", 7;
    /// This library does not read the file's version.
    Version, "version", 8;
    /// The file requires a feature that this library lacks.
    Feature, "feature", 9;
    /// A reserved bit or byte is set.
    Reserved, "reserved", 10;
    /// An offset or a field lies outside its file or section.
    Bounds, "bounds", 12;
    /// Two sections overlap.
    Overlap, "overlap", 13;
    /// Bytes between sections belong to none.
    Gap, "gap", 14;
    /// An offset is not a multiple of its alignment.
    Align, "align", 15;
    /// A padding byte, row or column is not zero.
    Padding, "padding", 16;
    /// Entries are out of order.
    Order, "order", 17;
    /// An id or a name is duplicate.
    Duplicate, "duplicate", 18;
    /// A required section is missing.
    MissingSection, "missing_section", 19;
    /// A checksum does not match.
    Checksum, "checksum", 20;
    /// A name is not UTF-8.
    Utf8, "utf8", 21;
    /// A name is empty, too long, or holds a forbidden character.
    Name, "name", 22;
    /// The id of a data type, operator, encoding or profile is unknown.
    UnknownId, "unknown_id", 23;
    /// Shapes do not fit each other.
    Shape, "shape", 24;
    /// A section's length differs from what the graph needs.
    Size, "size", 25;
    /// A value is not in its canonical form.
    NonCanonical, "non_canonical", 26;
    /// A number is NaN or infinite.
    NonFinite, "non_finite", 27;
    /// A mask does not fit what it selects.
    Mask, "mask", 28;
    /// A weight code is outside its range.
    Code, "code", 29;
    /// Levels or level counts are wrong.
    Codebook, "codebook", 30;
    /// The graph refers forward or to itself, or leaves a value unused.
    Graph, "graph", 31;
}

impl From<Defect> for ErrorKind {
    fn from(defect: Defect) -> Self {
        Self::Format(defect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_and_numbers_are_unique() {
        let names: BTreeSet<_> = ErrorKind::all().map(ErrorKind::name).collect();
        let numbers: BTreeSet<_> = ErrorKind::all().map(ErrorKind::number).collect();
        assert_eq!((names.len(), numbers.len()), (38, 38));
        assert_eq!(numbers, (1..=38).collect());
        assert_eq!(ErrorKind::from(Defect::Gap).description(), "Bytes between sections belong to none.");
    }
}
