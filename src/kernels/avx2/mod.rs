//! x86-64 with AVX2, FMA and F16C: 8 lanes, two vectors for the 16 rows of a stored one.

mod codebook;
mod halves;
mod lists;
mod memory;
mod octets;
mod operations;
mod table;
mod ternary;
mod token;
mod values;
mod vectors;

pub(super) use lists::ListKernel;
pub(super) use table::kernels;
pub(super) use token::Avx2;
