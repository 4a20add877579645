//! The kernels of linear layers: a table per tier (instruction set), from which a plan takes one kernel per layer.
//!
//! A tier overrides what it is good at and inherits the rest from the tier below. Every kernel computes the chains of
//! `format-spec/arithmetic.md` and nothing else, so that tiers are bit-identical; the scalar one is the reference.

mod call;
pub mod direct;
pub mod isa;
mod kernel;
mod products;
mod scalar;
pub mod segments;
mod table;
mod tiers;
mod values;

// The tiers with vectors, and the loops around their inner loops, by order class.
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod class_f;
#[cfg(target_arch = "x86_64")]
mod class_s;
#[cfg(target_arch = "x86_64")]
mod class_t;
#[cfg(target_arch = "x86_64")]
mod expanded;
#[cfg(target_arch = "x86_64")]
mod simd;

pub use call::{LinearCall, PADDING, SCRATCH};
pub use isa::Isa;
pub use kernel::{LinearKernel, Preference, Reads};
pub use scalar::run_rows;
pub use table::Kernels;
pub use values::{Run, ValueKernel};
