//! Networks whose layers share a few values among their weights (Deep Compression, Han et al. 2016; soft weight sharing, Ullrich et al.
//! 2017). The values are kept: a layer goes into the smallest encoding that holds them, most often a codebook.

use super::network::Values;
use super::{Method, Prepared, plain};
use crate::base::error::Result;
use crate::posterior::Posterior;

pub(super) const METHOD: Method = Method {
    name: "shared",
    about: "weights that share a few values, as trained: stored exactly, in the smallest encoding that holds them",
    prepare,
};

fn prepare(posterior: &Posterior) -> Result<Prepared> {
    let mut prepared = plain::prepare(posterior)?;
    prepared.layers.iter_mut().for_each(|layer| layer.values = Values::Few);
    Ok(prepared)
}
