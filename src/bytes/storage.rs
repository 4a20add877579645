//! The bytes of a model: read into memory, mapped from a file, or part of the program.
#![allow(unsafe_code)] // the one call that maps a file

use crate::base::align::{AlignedVec, LINE_BYTES};
use crate::base::checked::{to_u64, to_usize};
use crate::base::error::{Defect, Error, ErrorKind, Result};
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::path::Path;

/// The bytes of one model, aligned to 64.
#[derive(Debug)]
pub enum Storage {
    /// Read into memory: nothing else can change it.
    Owned(AlignedVec<u8>),
    /// Mapped: another process may change it, so no bound may rest on its content.
    Mapped(memmap2::Mmap),
    /// Part of the program.
    Static(&'static [u8]),
}

impl Storage {
    /// All bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Mapped(map) => map,
            Self::Static(bytes) => bytes,
        }
    }

    /// Reads the file at `path` into memory.
    ///
    /// # Errors
    /// `io`, `not_a_file`, `limit` (before anything is allocated), `no_memory`; `truncated` when the file shrinks while it is read.
    pub fn read(path: &Path, max_bytes: u64) -> Result<Self> {
        let (mut file, len) = open_regular(path, max_bytes)?;
        let mut bytes = AlignedVec::zeroed(len)?;
        file.read_exact(&mut bytes).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => {
                Error::new(Defect::Truncated, format!("{} became shorter while it was read", path.display()))
            }
            _ => Error::io(format!("cannot read {}", path.display()), error),
        })?;
        Ok(Self::Owned(bytes))
    }

    /// Maps the file at `path`.
    ///
    /// # Errors
    /// `io`, `not_a_file`, `limit`.
    ///
    /// # Safety
    /// While the value lives, nobody truncates the file or writes into it in place.
    pub unsafe fn map(path: &Path, max_bytes: u64) -> Result<Self> {
        let (file, len) = open_regular(path, max_bytes)?;
        if len == 0 {
            return Ok(Self::Static(&[])); // an empty file cannot be mapped; the validator refuses it as `empty`
        }
        // SAFETY: the caller promises that the file is neither truncated nor written in place while mapped.
        let map = unsafe { memmap2::Mmap::map(&file) };
        map.map(Self::Mapped).map_err(|error| Error::io(format!("cannot map {}", path.display()), error))
    }

    /// Bytes of the program. They are copied if they are not aligned to 64; `include_model!` aligns them.
    ///
    /// # Errors
    /// `no_memory`.
    pub fn from_static(bytes: &'static [u8]) -> Result<Self> {
        if bytes.as_ptr().addr().is_multiple_of(LINE_BYTES) { Ok(Self::Static(bytes)) } else { Self::copy(bytes) }
    }

    /// A copy of `bytes`.
    ///
    /// # Errors
    /// `no_memory`.
    pub fn copy(bytes: &[u8]) -> Result<Self> {
        let mut copy = AlignedVec::zeroed(bytes.len())?;
        copy.copy_from_slice(bytes);
        Ok(Self::Owned(copy))
    }
}

/// Opens a regular file and returns its length. It does not block on a pipe, and it refuses a device.
fn open_regular(path: &Path, max_bytes: u64) -> Result<(File, usize)> {
    let cannot = |error| Error::io(format!("cannot open {}", path.display()), error);
    let file = open_without_waiting(path, File::options().read(true)).map_err(cannot)?;
    let metadata = file.metadata().map_err(cannot)?;
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "a directory" } else { "not a regular file" };
        return Err(Error::new(ErrorKind::NotAFile, format!("{} is {what}", path.display())));
    }
    let len = metadata.len();
    if len > max_bytes {
        let message = format!("{} has {len} bytes, the limit is {max_bytes}", path.display());
        return Err(Error::new(ErrorKind::Limit, message));
    }
    Ok((file, to_usize(len, "the file's length")?))
}

/// Opens `path` as `options` say, but does not wait where the other end of a pipe is not open.
#[cfg(unix)]
pub(crate) fn open_without_waiting(path: &Path, options: &mut OpenOptions) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const O_NONBLOCK: i32 = if cfg!(any(target_arch = "mips", target_arch = "mips64")) { 0x80 } else { 0x800 };
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const O_NONBLOCK: i32 = 0x4;
    options.custom_flags(O_NONBLOCK).open(path)
}

/// Opens `path` as `options` say.
#[cfg(not(unix))]
pub(crate) fn open_without_waiting(path: &Path, options: &mut OpenOptions) -> std::io::Result<File> {
    options.open(path)
}

/// The length of `bytes` as the header counts it.
#[must_use]
pub fn len_u64(bytes: &[u8]) -> u64 {
    to_u64(bytes.len())
}
