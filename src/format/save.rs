//! Saves a file. If saving fails, the old file stays.

use super::temporary::{self, Temporary};
use crate::base::error::{Error, Result};
use crate::bytes::open_without_waiting;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Links that are followed from a path to its file; Linux follows as many.
const MAX_LINKS: usize = 40;

/// Saves `bytes` at `path`: [`Output::open`] and [`Output::save`].
///
/// # Errors
/// `io`, with the path.
pub fn save(path: &Path, bytes: &[u8]) -> Result<()> {
    Output::open(path)?.save(bytes)
}

/// A path that can be written. It is opened before the work whose result it takes, so that a path that cannot be written costs no work.
///
/// A regular file is replaced: at any moment, also after a crash, it holds either the old or the new content. The bytes go to a temporary file
/// beside it, which is synced and renamed over it; then the directory is synced. Permissions and, where the system allows it, the owner
/// of an old file stay; a path that is a symbolic link stays one. Devices and pipes are written as they are.
///
/// A process whose files are limited (`ulimit -f`) is ended by SIGXFSZ unless it handles or ignores the signal; then the error is `io`.
#[derive(Debug)]
pub struct Output {
    path: PathBuf,
    place: Place,
}

/// Where the bytes go.
#[derive(Debug)]
enum Place {
    /// A regular file, or none yet, at the end of all links.
    File(PathBuf),
    /// A device or a pipe, open.
    Stream(File),
}

impl Output {
    /// Tries `path`: follows its links, opens a device or a pipe, makes and removes a temporary file beside a regular file.
    ///
    /// # Errors
    /// `io`, with the path.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        match place(&path) {
            Ok(place) => Ok(Self { path, place }),
            Err(error) => Err(cannot_write(&path, error)),
        }
    }

    /// Whether `file` would be replaced.
    #[must_use]
    pub fn replaces(&self, file: &Path) -> bool {
        let Place::File(target) = &self.place else { return false };
        let both = std::fs::metadata(target).and_then(|target| Ok((target, std::fs::metadata(file)?)));
        both.is_ok_and(|(a, b)| is_same(target, &a, file, &b))
    }

    /// Saves `bytes`.
    ///
    /// # Errors
    /// `io`, with the path. The old file is intact then.
    pub fn save(self, bytes: &[u8]) -> Result<()> {
        let saved = match self.place {
            Place::File(target) => replace(&target, bytes),
            Place::Stream(mut file) => file.write_all(bytes),
        };
        saved.map_err(|error| cannot_write(&self.path, error))
    }
}

fn cannot_write(path: &Path, error: io::Error) -> Error {
    Error::io(format!("cannot write {}", path.display()), error)
}

fn place(path: &Path) -> io::Result<Place> {
    let exists = match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return Err(ErrorKind::IsADirectory.into()),
        Ok(metadata) if !metadata.is_file() => return Ok(Place::Stream(open_stream(path, &metadata)?)),
        Ok(_) => true,
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) => return Err(error),
    };
    let target = follow(path)?;
    if exists && target != path && std::fs::symlink_metadata(&target).is_err() {
        return Err(io::Error::other("it leads to an open file without a name")); // in `/proc`
    }
    if target.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(ErrorKind::NotADirectory.into());
    }
    temporary::remove_stale(&target);
    Temporary::beside(&target)?; // removed at once
    Ok(Place::File(target))
}

/// What the links at `path` lead to, which need not exist.
fn follow(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match std::fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => path = temporary::directory(&path).join(std::fs::read_link(&path)?),
            Ok(_) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(path),
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("too many links"))
}

#[cfg(unix)]
fn open_stream(path: &Path, metadata: &Metadata) -> io::Result<File> {
    use std::os::unix::fs::FileTypeExt;
    let mut writing = OpenOptions::new();
    writing.write(true);
    if !metadata.file_type().is_fifo() {
        return writing.open(path);
    }
    // Opening a pipe that nobody reads would wait for ever. While a first handle is open the second, which waits when the pipe is
    // full, opens at once; the reader sees one writer from the first to the last.
    let no_reader = |_| io::Error::new(ErrorKind::BrokenPipe, "no program reads this pipe");
    let _first = open_without_waiting(path, &mut writing.clone()).map_err(no_reader)?;
    writing.open(path)
}

#[cfg(not(unix))]
fn open_stream(path: &Path, _: &Metadata) -> io::Result<File> {
    OpenOptions::new().write(true).open(path)
}

#[cfg(unix)]
fn is_same(_: &Path, a: &Metadata, _: &Path, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn is_same(a: &Path, _: &Metadata, b: &Path, _: &Metadata) -> bool {
    std::fs::canonicalize(a).and_then(|a| Ok(a == std::fs::canonicalize(b)?)).unwrap_or(false)
}

/// Replaces the file at `target`, or makes it.
fn replace(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut temporary = Temporary::beside(target)?;
    temporary.write(bytes)?;
    if let Ok(old) = std::fs::metadata(target) {
        temporary.take_after(&old);
    }
    temporary.rename(target)?;
    sync_directory(temporary::directory(target))
}

#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    match File::open(directory) {
        Ok(directory) => directory.sync_all(),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()), // may be written and not read: the file is there
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(()) // a directory cannot be opened there
}
