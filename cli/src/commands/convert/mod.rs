//! Commands that convert one file to another.

pub(crate) mod compress;
pub(crate) mod export;
pub(crate) mod pack;
