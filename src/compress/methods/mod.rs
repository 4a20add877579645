//! From a posterior to a network that can be pruned: one file for each method.

mod families;
mod ghs;
mod gnj;
mod graves;
mod plain;
mod prepared;
mod rate;
mod shared;
mod sparse_vd;
mod vnq;

use crate::base::error::Result;
use crate::posterior::{Method, Posterior};
pub(crate) use prepared::Prepared;

/// The network of a posterior, by the posterior's method.
///
/// # Errors
///
/// `posterior` when a mean exceeds the range of f32.
pub(crate) fn prepare(posterior: &Posterior) -> Result<Prepared> {
    match posterior.method() {
        Method::Gnj => gnj::prepare(posterior),
        Method::Ghs => ghs::prepare(posterior),
        Method::SparseVd => sparse_vd::prepare(posterior),
        Method::Graves => graves::prepare(posterior),
        Method::Vnq => vnq::prepare(posterior),
        Method::Plain => plain::prepare(posterior),
        Method::Rate => rate::prepare(posterior),
        Method::Shared => shared::prepare(posterior),
    }
}
