//! Steps: what a plan runs. Each reads slots of the arena and writes another.
//!
//! A step holds all that it needs besides the model's stored weights; nothing here knows the nodes of a graph.

mod call;
pub mod convolution;
mod input;
pub mod linear;
pub mod pointwise;
pub mod pooling;
mod slot;
mod step;

pub use call::{Action, Call, LayerWork, Memory};
pub use input::{Converter, Input};
pub use slot::Slot;
pub use step::{AnyAction, Step};
