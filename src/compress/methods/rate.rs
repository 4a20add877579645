//! Networks from rate-constrained training: their weights lie on a grid and are stored exactly.

use super::families::plain;
use super::prepared::Prepared;
use crate::base::error::Result;
use crate::compress::shrink::WeightValues;
use crate::posterior::Posterior;

pub(super) fn prepare(posterior: &Posterior) -> Result<Prepared> {
    plain::prepare(posterior, |layer| layer.step.map_or(WeightValues::Any, WeightValues::Grid))
}
