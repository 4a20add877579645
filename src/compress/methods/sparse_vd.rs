//! Sparse variational dropout (Molchanov, Ashukha and Vetrov 2017): a weight is pruned when its dropout rate is high.

use super::families::dropout::log_alpha;
use super::families::gaussian;
use super::prepared::Prepared;
use crate::base::error::Result;
use crate::posterior::Posterior;

/// The paper's threshold of 3 (a dropout rate of 0.953), and lower ones. A lower threshold prunes more.
const THRESHOLDS: [f64; 7] = [3.0, 2.5, 2.0, 1.5, 1.0, 0.5, 0.0];

pub(super) fn prepare(posterior: &Posterior) -> Result<Prepared> {
    gaussian::prepare(posterior, log_alpha, &THRESHOLDS, None)
}
