//! The error of this module.

use crate::base::error::{Error, ErrorKind};

/// A violation of `docs/posteriors.md`.
pub(super) fn fail(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Posterior, message)
}
