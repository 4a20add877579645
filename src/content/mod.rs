//! What a file says, whichever profile it is stored in: the graph, the tables, the weights, the origin.
//!
//! This module knows no layout of bytes: `format` reads content from a file and writes it to one.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

pub(crate) mod graph_words;
mod origin;
mod tables;

use crate::encoding::Encoded;
use crate::graph::Graph;
pub(crate) use origin::is_forbidden;
pub use origin::{Origin, OriginNode, OriginShape};
use std::borrow::Cow;
use std::ops::Range;
pub use tables::{AffineTables, LayerTables, Tables};

/// The content of a file to be written.
#[derive(Clone, Debug)]
pub struct Contents {
    /// The graph.
    pub graph: Graph,
    /// The tables; their levels are those of `layers`.
    pub tables: Tables,
    /// One for each layer with weights, in order.
    pub layers: Vec<Encoded>,
    /// Names and masks, optional.
    pub origin: Option<Origin>,
}

/// The content of a mapped file that was validated. The weights stay in the file.
#[derive(Debug)]
pub struct Validated {
    /// The graph.
    pub graph: Graph,
    /// The tables, copied out of the file.
    pub tables: Tables,
    /// The range of each layer's weight array in the file. Each starts at a multiple of 64.
    pub arrays: Vec<Range<usize>>,
    /// The original network, if the file describes it.
    pub origin: Option<Origin>,
}

/// Additions by a later version of the format. This library keeps them when it packs and unpacks, and otherwise ignores them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extensions<'a> {
    /// The bits of optional features.
    pub features: u32,
    /// Id and bytes of each optional section with an unknown id, in order.
    pub sections: Vec<(u32, Cow<'a, [u8]>)>,
}
