//! Allocates lists whose length a file decides. A failed allocation is an error, not an abort.

use crate::base::error::{Error, ErrorKind, Result};

/// An empty list with room for `len` elements.
///
/// # Errors
/// `no_memory`.
pub(crate) fn with_capacity<T>(len: usize) -> Result<Vec<T>> {
    let mut list = Vec::new();
    let no_memory =
        |_| Error::new(ErrorKind::NoMemory, format!("memory allocation failed for a matrix of {len} columns or elements"));
    list.try_reserve_exact(len).map_err(no_memory)?;
    Ok(list)
}

/// A list that holds `value` `len` times.
///
/// # Errors
/// `no_memory`.
pub(crate) fn filled<T: Clone>(value: T, len: usize) -> Result<Vec<T>> {
    let mut list = with_capacity(len)?;
    list.resize(len, value);
    Ok(list)
}
