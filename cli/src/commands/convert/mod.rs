//! Commands that convert one file to another.

pub(crate) mod compress;
pub(crate) mod export;
mod network;
pub(crate) mod pack;
