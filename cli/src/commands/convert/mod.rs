//! Commands that turn one file into another.

pub(crate) mod compress;
pub(crate) mod export;
pub(crate) mod pack;
