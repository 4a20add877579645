//! Order class F (dense, fixed point, codebook) on SIMD: the loops around a tier's inner loops, the same for every tier and encoding.
//!
//! For one sample the inner loop reads the stored array (GEMV). For several, a block of columns of a tile is first expanded to floats in the
//! call's scratch (16 KiB: it stays in L1), a **panel** per vector of 16 rows. Every sample finds it decoded and contiguous. A
//! chain that a block cuts continues through memory, which changes no bit of it.

pub(super) mod dense;
pub(super) mod fixed_point;
mod layer;
mod panel;
pub(super) mod words;

use super::segments::SEGMENTS;
use super::simd::Rows;
use crate::encoding::tiles::{LANES, TILE_ROWS, Tile, Tiling};
use layer::linear;
use std::ops::Range;

/// One number per row of a tile.
pub(super) type TileRows = [f32; TILE_ROWS];
/// The chains of a tile, by segment.
type TileChains = [TileRows; SEGMENTS];

/// A segment of a tile: all vectors of its units in order, and the activations of their columns.
#[derive(Clone, Copy, Debug)]
struct Segment<'a, T> {
    vectors: &'a [Rows<T>],
    x: &'a [f32],
}

/// The segments of a tile.
type Segments<'a, T> = [Segment<'a, T>; SEGMENTS];

/// A stored array, and how a tier reads it.
#[derive(Clone, Copy, Debug)]
struct Array<'a, T, C, E> {
    /// The elements: weights, or words of several.
    elements: &'a [T],
    /// Their order.
    tiling: Tiling,
    /// Columns of the layer.
    cols: usize,
    /// Columns of an element.
    unit_columns: usize,
    /// `chains(tile, segments, chains)`: one sample, the chain of each segment and row of a tile, from +0.
    chains: C,
    /// `expand(vectors, first, stride, panel)`: the weights of the vectors `first`, `first + stride`, ...
    expand: E,
}

/// All vectors of some units of a tile.
pub(super) fn vectors<'a, T>(elements: &'a [T], tile: &Tile, units: Range<usize>) -> &'a [Rows<T>] {
    let start = |unit: usize| tile.start + unit * tile.vectors * LANES;
    elements[start(units.start)..start(units.end)].as_chunks().0
}
