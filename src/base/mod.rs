//! The base of all other modules: errors, checked arithmetic, the exact fused multiply-add, aligned memory.

pub mod align;
pub mod checked;
pub mod environment;
pub mod error;
pub mod fma;
mod kinds;
pub mod limits;
pub mod math;
pub mod memory;
