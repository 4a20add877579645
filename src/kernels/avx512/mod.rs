//! x86-64 with AVX-512 F, BW, DQ, VL, VBMI and VNNI: 16 lanes, one vector for the 16 rows of a stored one.

mod codebook;
mod memory;
mod operations;
mod overflow;
mod slots;
mod table;
mod ternary;
mod token;
mod vectors;

pub(super) use table::kernels;
pub(super) use token::Avx512;
