//! What Curt's tests, benches and fuzz bodies share: one copy of each helper.
//!
//! - [`random`]: numbers that are the same on every run.
//! - [`golden`]: the golden files of `format-spec/vectors`. [`container`]: their sections, taken apart and put together.
//! - [`layers`]: layers of random weights in every encoding. [`again`]: the layers of a model, decoded and encoded again.
//! - [`posterior`]: posterior files, right and wrong.
//! - [`effort`]: how much of a long test runs. [`allocator`]: counts what a test allocates. [`folder`]: a folder for one test.
//! - [`source`]: Rust source as the tests of the house rules see it; [`circles`]: imports in circles;
//!   [`repeats`]: repeated blocks; [`figures`]: lengths of functions, public items.

#![allow(clippy::unwrap_used)] // a helper that fails fails its test

pub mod again;
pub mod allocator;
pub mod circles;
pub mod container;
pub mod effort;
pub mod figures;
pub mod folder;
pub mod golden;
pub mod graphs;
pub mod layers;
pub mod posterior;
pub mod random;
pub mod repeats;
pub mod source;

pub use folder::Folder;
pub use golden::{root, tiers, tiers_above_scalar};
pub use random::Random;
