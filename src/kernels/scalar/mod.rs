//! The reference: every encoding in plain Rust, one screen each.
//!
//! A kernel is one generic body. It is instantiated for the emulated fma, and for the instruction where the processor has it.

mod block;
mod codebook;
mod dense;
mod fixed_point;
mod shell;
mod sparse;
mod table;
mod ternary;

pub(super) use table::kernels;
pub use table::run_rows;
