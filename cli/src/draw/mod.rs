//! Pictures in a terminal and as PNG files.

mod canvas;
pub(crate) mod pictures;
pub(crate) mod terminal;
