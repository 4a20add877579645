//! How a layer's weights are stored. An [`Encoding`] is a [`Layout`] (where weights lie) with [`Values`] (what codes stand for).
//!
//! | layout | values | encodings |
//! |---|---|---|
//! | [`dense`]: an element for every weight | f32, f16 | `dense_f32`, `dense_f16` |
//! | [`words`]: a field, or a digit of one, for every weight | fixed point, ternary, codebook | `fixed_point`, `ternary`, `codebook` |
//! | [`sparse`]: slots for weights that are not zero | f32, fixed point, codebook | `sparse_f32`, `sparse_fixed_point`, `sparse_codebook` |
//! | [`block`]: blocks of rows that share an input | f32 | `block_f32` |
//!
//! The normative pages are `format-spec/encodings/`. A view borrows the stored bytes. Its only fallible constructor checks sizes; `check`
//! checks every code. Everything else that a view needs is in its variant of [`Lookup`]. Kernels take views, never raw bytes.
//!
//! [`Weights`] is any view. [`Weights::codes`] decodes a layer to [`Codes`], and [`encode()`] encodes [`Codes`] to an array, for every layout.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

pub mod block;
mod codes;
pub mod dense;
mod encode;
mod encoded;
mod id;
mod layout;
mod lookup;
mod size;
pub mod sparse;
mod values;
mod weights;
pub mod words;

pub use codes::Codes;
pub use encode::{encode, encode_weights};
pub use encoded::Encoded;
pub use id::Encoding;
pub(crate) use layout::array::check_float;
pub use layout::pattern::Pattern;
pub use layout::{Layout, fields, lists, pattern, tiles};
pub use lookup::{FactorTable, Lookup, SlotFactors};
pub use sparse::Entries;
pub use values::Values;
pub use weights::Weights;
pub use words::{codebook, fixed_point, ternary};
