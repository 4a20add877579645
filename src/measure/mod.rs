//! How fast a model runs beside fair dense baselines: the same tier, the same inputs, interleaved in time.
//!
//! The baselines are [`twins`]: the same network with dense weights, at its shrunk and at its original shape, run by Curt's own
//! session. First their outputs are compared with an f64 [`mod@reference`], within a derived bound. Then all run in turn
//! ([`timing`]), so that a disturbance of the machine affects all of them alike.

pub mod bounded;
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
