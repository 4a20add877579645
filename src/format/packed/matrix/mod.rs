//! Matrices of weights and masks, coded by context mixing (`format-spec/packed.md`, section 8).

pub(super) mod columns;
pub(super) mod elements;
mod magnitudes;
mod place;
mod zeros;
