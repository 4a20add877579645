//! The code shared by methods whose posteriors have the same tensors.

pub(super) mod dropout;
pub(super) mod gaussian;
pub(super) mod plain;
pub(super) mod scaled;
