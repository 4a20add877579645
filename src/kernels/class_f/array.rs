//! A stored array as the loops see it: elements in tiles, and the inner loops of a tier.

use crate::encoding::tiles::{LANES, TILE_ROWS, Tile, Tiling};
use crate::kernels::segments::SEGMENTS;
use crate::kernels::simd::Rows;
use std::ops::Range;

/// One number per row of a tile.
pub(in crate::kernels) type TileRows = [f32; TILE_ROWS];
/// The chains of a tile, by segment.
pub(super) type TileChains = [TileRows; SEGMENTS];

/// A segment of a tile: all vectors of its units in order, and the activations of their columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'a, T> {
    pub(super) vectors: &'a [Rows<T>],
    pub(super) x: &'a [f32],
}

/// The segments of a tile.
pub(super) type Segments<'a, T> = [Segment<'a, T>; SEGMENTS];

/// One sample: the chain of each segment and row of a tile, from +0.
pub(super) type ChainLoops<'a, T> = dyn Fn(&Tile, &Segments<'_, T>, &mut TileChains) + 'a;
/// The weights of the vectors `first`, `first + stride`, ..., as a panel.
pub(super) type PanelLoops<'a, T> = dyn Fn(&[Rows<T>], usize, usize, &mut [Rows<f32>]) + 'a;

/// A stored array, and how a tier reads it: behind pointers, so that the loops around are compiled once for all decoders.
#[derive(Clone, Copy)]
pub(super) struct Array<'a, T> {
    /// The elements: weights, or words of several.
    pub(super) elements: &'a [T],
    /// Their order.
    pub(super) tiling: Tiling,
    /// Columns of the layer.
    pub(super) cols: usize,
    /// Columns of an element.
    pub(super) unit_columns: usize,
    /// `chains(tile, segments, chains)`.
    pub(super) chains: &'a ChainLoops<'a, T>,
    /// `expand(vectors, first, stride, panel)`.
    pub(super) expand: &'a PanelLoops<'a, T>,
}

/// All vectors of some units of a tile.
pub(in crate::kernels) fn vectors<'a, T>(elements: &'a [T], tile: &Tile, units: Range<usize>) -> &'a [Rows<T>] {
    let start = |unit: usize| tile.start + unit * tile.vectors * LANES;
    elements[start(units.start)..start(units.end)].as_chunks().0
}
