//! Temporary files beside the file that they will replace, and what killed writers left of theirs.
//!
//! A writer holds a lock on its file, which the system releases when the process ends, however it ends. A file that can be locked has
//! no writer any more. Where the file system has no locks, nothing is removed.

use crate::bytes::open_without_waiting;
use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Names that are tried for one file.
const ATTEMPTS: u32 = 100;
/// Entries of a directory that are looked at for files of killed writers.
const MAX_ENTRIES: usize = 1 << 16;

/// A file that is removed unless it is renamed.
pub(super) struct Temporary {
    path: Option<PathBuf>,
    file: File,
}

/// The directory of `path`.
pub(super) fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

impl Temporary {
    /// A new file in the directory of `target`. Nobody else may read it before it has the permissions of an old file.
    ///
    /// Its name is not derived from the target's, which may have the greatest length already. It holds the process id and the time: in
    /// containers every process may have the same id.
    pub(super) fn beside(target: &Path) -> io::Result<Self> {
        target.file_name().ok_or_else(|| io::Error::other("the path has no file name"))?;
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_nanos();
        let is_private = std::fs::symlink_metadata(target).is_ok();
        for attempt in 0..ATTEMPTS {
            let path = directory(target).join(format!(".curt-{}-{since_1970:x}-{attempt}.tmp", std::process::id()));
            let file = match create(&path, is_private) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            };
            let temporary = Self { path: Some(path), file };
            let is_taken = matches!(temporary.file.try_lock(), Err(TryLockError::WouldBlock));
            if !is_taken && is_named(&temporary.file)? {
                return Ok(temporary);
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    /// Writes the content, up to the disk.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.file.sync_all()
    }

    /// Renames it to `target`.
    pub(super) fn rename(mut self, target: &Path) -> io::Result<()> {
        if let Some(path) = &self.path {
            std::fs::rename(path, target)?;
        }
        self.path = None;
        Ok(())
    }

    /// Takes the permissions and the owner of an old file, as far as the system allows it. A permission is never given to others than before.
    #[cfg(unix)]
    pub(super) fn take_after(&self, old: &Metadata) {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
        const GROUP: u32 = 0o070;
        let mut mode = old.mode() & 0o7777;
        let is_owned = |own: &Metadata| (own.uid(), own.gid()) == (old.uid(), old.gid());
        if !self.file.metadata().is_ok_and(|own| is_owned(&own)) && fchown(&self.file, Some(old.uid()), Some(old.gid())).is_err()
        {
            mode &= 0o777; // nothing runs as another user than before
            if fchown(&self.file, None, Some(old.gid())).is_err() {
                let others_as_group = (mode & 0o007).wrapping_shl(3);
                mode &= !GROUP | others_as_group;
            }
        }
        let _ = self.file.set_permissions(std::fs::Permissions::from_mode(mode)); // a file system without them has none to keep
    }

    /// There is nothing to take.
    #[cfg(not(unix))]
    pub(super) fn take_after(&self, _: &Metadata) {}
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = std::fs::remove_file(path); // the first error is the one to report
        }
    }
}

#[cfg(unix)]
fn create(path: &Path, is_private: bool) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let mode = if is_private { 0o600 } else { 0o666 };
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

#[cfg(not(unix))]
fn create(path: &Path, _: bool) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Whether the file has still a name: between its creation and its lock another process may have taken it for one that was left.
#[cfg(unix)]
fn is_named(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(file.metadata()?.nlink() > 0)
}

#[cfg(not(unix))]
fn is_named(_: &File) -> io::Result<bool> {
    Ok(true)
}

/// Removes the temporary files of ended processes in the directory of `target`. What cannot be removed stays.
pub(super) fn remove_stale(target: &Path) {
    let Ok(entries) = std::fs::read_dir(directory(target)) else { return };
    for entry in entries.take(MAX_ENTRIES).flatten() {
        if !is_ours(&entry.file_name().to_string_lossy()) || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        if let Ok(file) = open_without_waiting(&entry.path(), OpenOptions::new().read(true))
            && file.try_lock().is_ok()
        {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Whether a name is one that [`Temporary::beside`] gives.
fn is_ours(name: &str) -> bool {
    let middle = name.strip_prefix(".curt-").and_then(|rest| rest.strip_suffix(".tmp"));
    let parts: Vec<&str> = middle.map(|middle| middle.split('-').collect()).unwrap_or_default();
    let is_digits = |part: &str, radix| !part.is_empty() && part.chars().all(|digit| digit.is_digit(radix));
    matches!(parts.as_slice(), [process, time, attempt] if is_digits(process, 10) && is_digits(time, 16) && is_digits(attempt, 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_temporary_files_are_ours() {
        assert!(is_ours(".curt-17-18a4f0c2-0.tmp"));
        for name in [
            ".curt-.tmp",
            ".curt-17-18a4-0",
            "curt-17-18a4-0.tmp",
            ".curt-17-18a4-x.tmp",
            ".curt-a-18a4-0.tmp",
            ".curt-1-2-3-4.tmp",
        ] {
            assert!(!is_ours(name), "{name}");
        }
    }
}
