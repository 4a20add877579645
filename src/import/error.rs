//! The errors of this module.

use crate::base::error::{Error, ErrorKind};

/// A file that is damaged or contradicts itself.
pub(super) fn damaged(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Import, message)
}

/// A file that holds what this library does not run. `message` names the nearest way out.
pub(super) fn unsupported(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Unsupported, message)
}
