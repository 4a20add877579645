//! Adaptive models: they predict the next bit from the bits before it (`format-spec/packed.md`, sections 4 to 6).

pub(super) mod floats;
pub(super) mod number;
pub(super) mod probability;
