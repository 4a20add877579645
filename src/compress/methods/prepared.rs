//! The result of a method: a network and how to prune it.

use crate::base::error::{Error, ErrorKind};
use crate::compress::shrink::{OriginalLayer, Pruning};

/// The network of a posterior, and how it may be pruned.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The posterior mean. Nothing is pruned except what the posterior itself masks.
    pub(crate) layers: Vec<OriginalLayer>,
    /// The posterior variance of each weight, if the posterior has variances.
    pub(crate) variances: Option<Vec<Vec<f64>>>,
    /// How the method prunes, if it does.
    pub(crate) pruning: Option<Pruning>,
}

/// The error of a method that was given the tensors of another method.
pub(super) fn mismatch() -> Error {
    Error::new(ErrorKind::Internal, "a method was given the posterior of another")
}
