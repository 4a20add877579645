//! How a caller follows a compression.

/// Called with a stage, the steps done and an upper bound of all its steps.
pub type Progress<'a> = &'a mut dyn FnMut(&str, u64, u64);
