//! Order class S (sparse, blocks) on SIMD: the loops that are the same for every tier.

pub(super) mod blocks;
mod samples;

pub(super) use samples::{Transpose, linear, scratch_len};
