//! Commands that compare models by what they cost to describe.

pub(crate) mod describe;
pub(crate) mod select;
