//! The parts of a packed file, one file each: content to bits, and back.

pub(super) mod extensions;
pub(super) mod graph;
pub(super) mod origin;
pub(super) mod tables;
pub(super) mod weights;
