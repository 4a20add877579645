//! Direct convolution: the positions of a map lie in the lanes, and each weight that is not zero costs one fma per vector of positions.
//!
//! There is no im2col. A **tap** is a weight with the offset of its activation from the first element of a window. A vector of neighbouring
//! positions reads neighbouring floats. Time is proportional to the number of weights that are not zero.
//!
//! The sums are those of `format-spec/arithmetic.md`, section 3. Products of zero weights are left out, as the section allows.

mod conv;
mod geometry;
mod kernel;
#[cfg(target_arch = "x86_64")]
mod loops;
mod taps;
#[cfg(target_arch = "x86_64")]
mod window;

pub use conv::{ConvCall, DirectConv};
pub use geometry::ConvShape;
pub use kernel::DirectKernel;
#[cfg(target_arch = "x86_64")]
pub(super) use loops::{On, Pairs};
