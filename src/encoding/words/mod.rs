//! Fields of a few bits in 32-bit words: every weight is a field, or a digit of one.

pub mod array;
pub mod codebook;
pub mod fixed_point;
pub mod ternary;

pub use array::Words;
