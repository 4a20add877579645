//! Quantizers: a layer in each encoding, its codes and the weights that they stand for.

mod candidates;
mod codebook;
mod dense;
mod fixed_point;
mod layer;
mod rate;
mod sparse;
mod ternary;
#[cfg(test)]
mod testing;

pub(crate) use candidates::candidates;
pub(crate) use dense::exact;
pub(crate) use layer::{Quantized, Weighted};
