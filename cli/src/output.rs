//! Files that commands write: tried before the work, never over an input.

use crate::exit::{self, Failure};
use curt::{Error, format};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Set when the result went to stdout: the answer goes to stderr then.
static STDOUT_IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// Whether stdout holds a file that a command wrote.
pub(crate) fn stdout_is_taken() -> bool {
    STDOUT_IS_TAKEN.load(Ordering::Relaxed)
}

/// A file to write.
pub(crate) enum Output {
    /// The path leads to stdout (`-o /dev/stdout`), which is a pipe or a file.
    Stdout,
    /// Anything else.
    Path(format::Output),
}

impl Output {
    /// Tries the path of an option. Refuses a path that would replace one of the inputs.
    pub(crate) fn open(option: &str, path: &Path, inputs: &[&Path]) -> Result<Self, Failure> {
        if is_stdout(path) {
            return Ok(Self::Stdout);
        }
        let output = format::Output::open(path)?;
        match inputs.iter().find(|input| output.replaces(input)) {
            Some(input) => {
                Err(Failure::usage(format!("{option} {} would replace the input {}", path.display(), input.display())))
            }
            None => Ok(Self::Path(output)),
        }
    }

    /// Writes the file.
    pub(crate) fn save(self, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Stdout => {
                STDOUT_IS_TAKEN.store(true, Ordering::Relaxed);
                Ok(exit::write_stdout(bytes).map_err(|error| Error::io("cannot write to stdout", error))?)
            }
            Self::Path(output) => Ok(output.save(bytes)?),
        }
    }
}

/// Whether `path` is the pipe or the file that stdout is.
#[cfg(unix)]
fn is_stdout(path: &Path) -> bool {
    use std::os::fd::AsFd;
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    let both = || -> std::io::Result<_> {
        let stdout = std::fs::File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
        Ok((stdout.metadata()?, std::fs::metadata(path)?))
    };
    both().is_ok_and(|(stdout, found)| {
        let kind = found.file_type();
        (kind.is_fifo() || kind.is_file()) && (stdout.dev(), stdout.ino()) == (found.dev(), found.ino())
    })
}

#[cfg(not(unix))]
fn is_stdout(_: &Path) -> bool {
    false
}
