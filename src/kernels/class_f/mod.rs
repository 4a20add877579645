//! Order class F (dense, fixed point, codebook) on SIMD: the loops around a tier's inner loops, the same for every tier and encoding.
//!
//! For one sample the inner loop reads the stored array (GEMV). For several, a block of columns of a tile is first expanded to floats in the
//! call's scratch (16 KiB: it stays in L1), a **panel** per vector of 16 rows. Every sample finds it decoded and contiguous. A
//! chain that a block cuts continues through memory, which changes no bit of it.

mod array;
pub(super) mod dense;
pub(super) mod fixed_point;
mod layer;
mod panel;
pub(super) mod words;

pub(super) use array::{TileRows, vectors};
