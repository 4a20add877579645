//! What a method makes of a posterior.

use crate::base::error::{Error, ErrorKind};
use crate::compress::shrink::{OriginalLayer, Pruning};

/// The network of a posterior, and how it may be pruned.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The posterior mean; nothing is pruned but what the posterior itself masks.
    pub(crate) layers: Vec<OriginalLayer>,
    /// The posterior variance of each weight, where there is one.
    pub(crate) variances: Option<Vec<Vec<f64>>>,
    /// How the method prunes, where it does.
    pub(crate) pruning: Option<Pruning>,
}

/// A method was given the tensors of another.
pub(super) fn mismatch() -> Error {
    Error::new(ErrorKind::Internal, "a method was given the posterior of another")
}
