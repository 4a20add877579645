//! Networks in which the weights of a layer share a few values (Deep Compression, Han et al. 2016; soft weight sharing, Ullrich et al. 2017).
//! The values are stored exactly, most often in a codebook.

use super::families::plain;
use super::prepared::Prepared;
use crate::base::error::Result;
use crate::compress::shrink::WeightValues;
use crate::posterior::Posterior;

pub(super) fn prepare(posterior: &Posterior) -> Result<Prepared> {
    plain::prepare(posterior, |_| WeightValues::Few)
}
