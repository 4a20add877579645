//! Curt runs networks that compression has cut down.

pub mod base;
pub mod bytes;
#[cfg(feature = "compress")]
pub mod compress;
pub mod encoding;
pub mod format;
pub mod graph;
pub mod kernels;
pub mod model;
pub mod ops;
pub mod plan;
#[cfg(feature = "compress")]
pub mod posterior;
pub mod session;
pub mod tensor;
