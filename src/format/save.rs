//! Saves a file. If saving fails, the old file stays.

use crate::base::error::{Error, Result};
use std::io::Write;
use std::path::Path;

/// Saves `bytes` at `path`. At any moment, also after a crash, the path holds either the old or the new content.
///
/// The bytes go to a temporary file in the same directory, which is synced and renamed to `path`; then the directory is synced.
///
/// # Errors
/// `io`, with the path.
pub fn save(path: &Path, bytes: &[u8]) -> Result<()> {
    let fail = |error| Error::io(format!("cannot write {}", path.display()), error);
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let (temporary, mut file) = create_beside(path, directory).map_err(fail)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| std::fs::rename(&temporary, path));
    if let Err(error) = written {
        let _ = std::fs::remove_file(&temporary); // the first error is the one to report
        return Err(fail(error));
    }
    sync_directory(directory).map_err(fail)
}

/// Creates a new file in the directory of `path`.
///
/// Its name is not derived from `path`, which may already have the greatest length. The name holds the process id and the time. The id alone
/// is not enough: in containers every process may have the same id, and files left by killed processes would block the name.
fn create_beside(path: &Path, directory: &Path) -> std::io::Result<(std::path::PathBuf, std::fs::File)> {
    path.file_name().ok_or_else(|| std::io::Error::other("the path has no file name"))?;
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_nanos();
    let mut attempt = 0u32;
    loop {
        let temporary = directory.join(format!(".curt-{}-{since_1970:x}-{attempt}.tmp", std::process::id()));
        match std::fs::OpenOptions::new().write(true).create_new(true).open(&temporary) {
            Ok(file) => return Ok((temporary, file)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && attempt < 100 => {
                attempt = attempt.saturating_add(1);
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(unix)]
fn sync_directory(directory: &Path) -> std::io::Result<()> {
    std::fs::File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> std::io::Result<()> {
    Ok(()) // these systems cannot open a directory
}
