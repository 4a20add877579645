//! Posterior files for tests: built by hand, so that wrong ones can be built too.

pub mod corners;
mod file;
pub mod maps;

pub use file::{PosteriorFile, Tensor};
