//! The removal of units after pruning, and the shrunk network that is left.

mod layer;
mod network;
mod pruning;
mod removal;
mod units;

pub(crate) use layer::{OriginalLayer, WeightValues};
pub(crate) use network::OriginalNetwork;
pub(crate) use pruning::{GroupKind, LayerGroups, Pruning};
pub(crate) use removal::{ShrunkLayer, ShrunkNetwork, shrink};
