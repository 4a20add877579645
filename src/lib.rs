//! Curt runs networks that compression has cut down.

pub mod base;
pub mod bytes;
pub mod encoding;
pub mod format;
pub mod graph;
pub mod model;
pub mod tensor;
