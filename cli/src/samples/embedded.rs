//! The built-in network, and digits that it was not trained on.

use super::labels;
use super::set::SampleSet;
use crate::limits;
use curt::{Model, Result};
use std::path::Path;

/// LeNet-300-100, trained with group normal-Jeffreys scales; `models/` says how it was made.
static NETWORK: &[u8] = curt::include_model!("../../data/lenet-300-100-gnj.curt");
/// 50 MNIST test digits of each class, drawn by `scripts/sample-digits`.
static IMAGES: &[u8] = include_bytes!("../../data/digits-images-idx3-ubyte");
/// Their labels.
static LABELS: &[u8] = include_bytes!("../../data/digits-labels-idx1-ubyte");

/// The model at `path`, otherwise the embedded one.
pub(crate) fn model(path: Option<&Path>) -> Result<Model> {
    path.map_or_else(|| Model::from_static(NETWORK), limits::open)
}

/// The embedded digits and their labels.
pub(crate) fn digits() -> Result<(SampleSet, Vec<u32>)> {
    Ok((SampleSet::parse_idx(IMAGES)?, labels::parse(LABELS)?))
}
