//! How fast a model runs, beside fair dense baselines on the same kernels, the same inputs and the same minute.
//!
//! The baselines are [`twins`]: the same network with dense weights, at its shrunk and at its original shape, run by Curt's own
//! session. Before anything is timed their outputs are held against an f64 [`mod@reference`] within a derived bound; then all run in turn
//! ([`timing`]), so that whatever disturbs the machine disturbs all of them alike.

pub mod compare;
pub mod layers;
pub mod machine;
mod operators;
pub mod reference;
pub mod timing;
pub mod twins;

pub use compare::{Comparison, NetworkTimes};
pub use layers::{LayerTimes, LinearTime, time_layers};
pub use machine::MachineLimits;
pub use timing::{Budget, Timing, interleaved};
