//! How a caller follows a compression.

/// Called with the name of a stage, the number of steps done and an upper bound on the number of all its steps.
pub type Progress<'a> = &'a mut dyn FnMut(&str, u64, u64);
