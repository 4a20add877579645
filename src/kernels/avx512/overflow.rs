//! The lists of a layer with slots, as further slots: an entry without a slot waits in the tile of its column.
//!
//! Words: for each vector of 16 rows and each column tile where its further slots start, and where the last ends; zeros up to a multiple of 16; the factors of
//! the slots, 16 each; their places, 16 each. Free lanes have the factor +0.

use crate::base::align::AlignedVec;
use crate::base::error::Result;
use crate::base::memory::{MemoryBudget, bytes_of};
use crate::encoding::pattern::TILE_COLUMNS;
use crate::encoding::sparse::Sparse;
use crate::encoding::tiles::LANES;
use crate::kernels::simd::Rows;

/// The further slots of a layer; none if its lists are empty.
#[derive(Clone, Copy)]
pub(super) struct Overflow<'a> {
    tiles: usize,
    starts: &'a [u32],
    factors: &'a [Rows<f32>],
    places: &'a [Rows<u32>],
}

/// What messages call the memory of this page.
const LISTS: &str = "the lists of a sparse layer";

/// Further slots.
///
/// # Errors
/// `limit`, `no_memory`.
pub(super) fn prepare(w: Sparse<'_>, memory: &mut MemoryBudget) -> Result<AlignedVec<u32>> {
    if w.lists().entries() == 0 {
        return AlignedVec::zeroed(0);
    }
    let groups = w.rows().div_ceil(LANES) * w.tiles();
    let header = (groups + 1).next_multiple_of(LANES);
    let mut starts = memory.zeroed::<u32>(header, LISTS)?;
    // The most entries that a row has in a tile, then where the slots start.
    each(w, |row, tile, number, _, _| {
        let most = &mut starts[row / LANES * w.tiles() + tile + 1];
        *most = (*most).max(number + 1);
    });
    let mut slots = 0u32;
    for start in &mut starts[..=groups] {
        slots += *start;
        *start = slots;
    }
    let slots = slots as usize;
    let mut out = memory.zeroed(header + 2 * LANES * slots, LISTS)?;
    out[..header].copy_from_slice(&starts);
    let (factors, places) = out[header..].split_at_mut(LANES * slots);
    each(w, |row, tile, number, bits, place| {
        let at = (starts[row / LANES * w.tiles() + tile] + number) as usize * LANES + row % LANES;
        // A mapped file that changes between the count and this pass may have more entries.
        if let (Some(factor), Some(slot)) = (factors.get_mut(at), places.get_mut(at)) {
            (*factor, *slot) = (bits, place);
        }
    });
    memory.release(bytes_of::<u32>(header));
    Ok(out)
}

/// Calls `f` with the row of each entry, its column tile, its number in that tile, the bits of its factor and its place.
fn each(w: Sparse<'_>, mut f: impl FnMut(usize, usize, u32, u32, u32)) {
    for row in 0..w.rows() {
        let (mut last, mut number) = (usize::MAX, 0);
        for i in w.lists().range(row) {
            let column = w.lists().column(i);
            let tile = column / TILE_COLUMNS;
            number = if tile == last { number + 1 } else { 0 };
            last = tile;
            // Columns past the last are those of a mapped file that has changed.
            if column < w.cols() {
                f(row, tile, number, w.factor(w.listed(i)).to_bits(), (column % TILE_COLUMNS) as u32);
            }
        }
    }
}

/// The number of further slots, of 16 rows each.
pub(super) fn slots(prepared: &[u32], w: Sparse<'_>) -> usize {
    prepared.get(w.rows().div_ceil(LANES) * w.tiles()).map_or(0, |&slots| slots as usize)
}

impl<'a> Overflow<'a> {
    /// What [`prepare`] made of the same layer.
    pub(super) fn new(prepared: &'a [u32], w: Sparse<'_>) -> Self {
        if prepared.is_empty() {
            return Self { tiles: 0, starts: &[], factors: &[], places: &[] };
        }
        let groups = w.rows().div_ceil(LANES) * w.tiles();
        let (starts, rest) = prepared.split_at((groups + 1).next_multiple_of(LANES));
        let (factors, places) = rest.split_at(LANES * starts[groups] as usize);
        Self { tiles: w.tiles(), starts, factors: bytemuck::cast_slice(factors).as_chunks().0, places: places.as_chunks().0 }
    }

    /// The factors and the places of vector `vector` in a column tile, as many of each.
    #[inline(always)]
    pub(super) fn of(self, vector: usize, tile: usize) -> (&'a [Rows<f32>], &'a [Rows<u32>]) {
        if self.tiles == 0 {
            return (&[], &[]);
        }
        let group = vector * self.tiles + tile;
        let slots = self.starts[group] as usize..self.starts[group + 1] as usize;
        (&self.factors[slots.clone()], &self.places[slots])
    }
}
