//! What methods with the same tensors have in common.

pub(super) mod dropout;
pub(super) mod gaussian;
pub(super) mod plain;
pub(super) mod scaled;
