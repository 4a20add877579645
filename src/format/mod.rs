//! The `.curt` file: the only code that knows its bytes. `format-spec/SPEC.md` is the normative text.
//!
//! [`validate`] is the last code that can refuse a file; [`write()`] makes the one canonical file of a model.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod graph_section;
pub mod header;
pub mod origin;
pub mod packed;
mod sections;
pub mod tables;
mod validate;
mod weights_section;
mod write;

pub use origin::{Origin, OriginNode, OriginShape};
pub use tables::{AffineTables, LayerTables, Tables};
pub use validate::{Check, Validated, validate};
pub use write::{Contents, save, strip, write};

/// Ids of the sections.
pub(crate) mod id {
    pub(crate) const GRAPH: u32 = 1;
    pub(crate) const TABLES: u32 = 2;
    pub(crate) const WEIGHTS: u32 = 3;
    pub(crate) const ORIGIN: u32 = 4;
}
