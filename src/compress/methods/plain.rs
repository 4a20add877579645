//! Plain networks: weights and biases as trained, and a mask where training has pruned.

use super::families::plain;
use super::prepared::Prepared;
use crate::base::error::Result;
use crate::compress::shrink::WeightValues;
use crate::posterior::Posterior;

pub(super) fn prepare(posterior: &Posterior) -> Result<Prepared> {
    plain::prepare(posterior, |_| WeightValues::Any)
}
