//! What pruning removes, and the smaller network that is left.

mod compact;
mod layer;
mod network;
mod pruning;
mod units;

pub(crate) use compact::{Compact, Compacted, compact};
pub(crate) use layer::{Layer, Values};
pub(crate) use network::Network;
pub(crate) use pruning::{Kind, LayerGroups, Pruning};
