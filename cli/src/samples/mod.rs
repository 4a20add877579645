//! Samples from untrusted files: IDX and `.npy` arrays and PNG pictures, recognised by their first bytes.

pub(crate) mod embedded;
pub(crate) mod labels;
pub(crate) mod npy;
mod number;
mod picture;
mod set;

pub(crate) use labels::open as open_labels;
pub(crate) use set::SampleSet;

use curt::{Error, ErrorKind};

/// An error of an input.
fn refuse(message: &str) -> Error {
    Error::new(ErrorKind::Input, message)
}
