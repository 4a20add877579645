//! What it costs to describe data with a model: code lengths, and estimates of a log marginal likelihood.
//!
//! A two-part code first sends the model, then the data given the model (Rissanen 1978; Grünwald 2007, chapter 1):
//!
//! `L(D) = L(model) + L(D | model)`, here 8 bits for each byte of the packed file and `-log p(label | outputs)` for each sample.
//!
//! A model that fits better may cost more to send than it saves; the shortest sum is the choice of minimum description length (MDL).
//! Code lengths are in nats; [`bits`] converts. Sums and logarithms are in 64-bit floats.

mod estimate;
mod likelihood;
mod linear;
mod marginal;

pub use estimate::{Estimate, bits};
pub(crate) use likelihood::is_lost;
pub use likelihood::{Scores, gaussian_nats, label_nats};
pub use linear::LinearFit;
pub use marginal::{Tail, Weights, doubling, doubling_levels, iwae, log_weights, sumo};
