//! Scattered weights: slots for each row and tile of 32 columns, and a list for each row (`format-spec/encodings/sparse.md`).

mod check;
mod encode;
mod entries;
mod view;

pub use encode::encode;
pub use entries::Entries;
pub use view::{Sparse, Stored};
