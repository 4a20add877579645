//! How fast a model and its parts run beside fair dense baselines: the same tier, the same inputs, interleaved in time.
//!
//! The baselines are [`twins`]: the same network with dense weights, at its shrunk and at its original shape, run by Curt's own
//! session. First their outputs are compared with an f64 [`mod@reference`], within a derived bound. Then all run in turn
//! ([`timing`]), so that a disturbance of the machine affects all of them alike. What is timed has no weight of zero: a dense runtime multiplies
//! all of them.

pub mod bounded;
pub mod check_plan;
pub mod compare;
pub mod machine;
mod operators;
pub mod parts;
pub mod reference;
pub mod synthetic;
pub mod timing;
pub mod twins;

pub use check_plan::{Candidate, PlanCase, PlanCheck};
pub use compare::{Comparison, NetworkTimes};
pub use machine::MachineLimits;
pub use parts::{LayerTimes, PartTime, Times, time_parts};
pub use synthetic::SyntheticLayer;
pub use timing::{Budget, Timing, interleaved};
