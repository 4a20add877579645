//! Sparse: the activations of a column tile are two registers, and `vpermi2ps` picks 16 of them by the 5 low bits of each lane: the place.
//!
//! So a slot of 16 rows costs one permute and one fma, and nothing in a word can leave the tile. Factors are floats as they lie, or codes: up to
//! 4 bits look their factor up with `vpermps` in a table repeated to 16 entries; more are integers, shifted into place and
//! converted. Four vectors of rows are four chains; four samples share what was decoded. The entries that found no slot follow in their tile.

use super::Avx512;
use super::overflow::{self, Overflow};
use crate::base::align::AlignedVec;
use crate::base::error::Result;
use crate::base::memory::MemoryBudget;
use crate::encoding::pattern::TILE_COLUMNS;
use crate::encoding::sparse::{Sparse, Stored};
use crate::encoding::tiles::{LANES, TILE_ROWS, Tile};
use crate::kernels::LinearCall;
use crate::kernels::class_f::TileRows;
use crate::kernels::kernel::{Cycles, Kernel, Preference};
use crate::kernels::simd::Rows;
use std::arch::x86_64::{__m512, __m512i};

/// Samples that share what was decoded.
const SHARE: usize = 4;

/// What holds slots; `P` of them to a unit.
trait Slots<const P: usize>: Copy {
    /// The factors and the places (5 low bits of each lane) of the slots of vector `vector`.
    fn slots(&self, avx512: Avx512, vector: usize) -> [(__m512, __m512i); P];
}

/// Floats, and their places.
#[derive(Clone, Copy)]
struct Floats<'a> {
    units: &'a [Rows<u32>],
    places: &'a [Rows<u8>],
}

impl Slots<1> for Floats<'_> {
    #[inline(always)]
    fn slots(&self, avx512: Avx512, vector: usize) -> [(__m512, __m512i); 1] {
        let factors = avx512.as_f32(avx512.load_u32(&self.units[vector]));
        [(factors, avx512.widen_u8(avx512.load_u8(&self.places[vector])))]
    }
}

/// Words of fields of `FIELD` bits whose codes have up to 4, so that they are in a table.
#[derive(Clone, Copy)]
struct Looked<'a, const FIELD: u32> {
    words: &'a [Rows<u32>],
    table: [f32; 16],
}

impl<const FIELD: u32, const P: usize> Slots<P> for Looked<'_, FIELD> {
    #[inline(always)]
    fn slots(&self, avx512: Avx512, vector: usize) -> [(__m512, __m512i); P] {
        let (mut word, table) = (avx512.load_u32(&self.words[vector]), avx512.load16(&self.table));
        let mut slots = [(avx512.zeros(), word); P];
        for slot in &mut slots {
            *slot = (avx512.look_up16(avx512.shift_right::<5>(word), table), word);
            word = avx512.shift_right::<FIELD>(word);
        }
        slots
    }
}

/// Words of fields of `FIELD` bits with integers, which `LEFT` and `RIGHT` shifts extend.
#[derive(Clone, Copy)]
struct Integers<'a, const FIELD: u32, const LEFT: u32, const RIGHT: u32>(&'a [Rows<u32>]);

impl<const FIELD: u32, const LEFT: u32, const RIGHT: u32, const P: usize> Slots<P> for Integers<'_, FIELD, LEFT, RIGHT> {
    #[inline(always)]
    fn slots(&self, avx512: Avx512, vector: usize) -> [(__m512, __m512i); P] {
        let mut word = avx512.load_u32(&self.0[vector]);
        let mut slots = [(avx512.zeros(), word); P];
        for slot in &mut slots {
            let integers = avx512.shift_right_signed::<RIGHT>(avx512.shift_left::<LEFT>(word));
            *slot = (avx512.to_f32(integers), word);
            word = avx512.shift_right::<FIELD>(word);
        }
        slots
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct SlotKernel(pub(super) Avx512);

impl Kernel for SlotKernel {
    type View<'a> = Sparse<'a>;

    fn prepare(self, w: &Sparse<'_>, _: Preference, memory: &mut MemoryBudget) -> Result<AlignedVec<u32>> {
        overflow::prepare(*w, memory)
    }

    fn cycles(self, w: &Sparse<'_>, prepared: &[u32]) -> Cycles {
        // Not measured: a lookup of 16 slots a cycle; chains of 4 cycles where a tile has fewer than four vectors.
        let cycles = w.tiling().elements() / LANES * w.layout().per_unit() + 2 * overflow::slots(prepared, *w) + 200;
        Cycles { alone: cycles, among: cycles }
    }

    fn run(self, w: &Sparse<'_>, prepared: &[u32], call: &mut LinearCall<'_>) {
        let layer = Layer { avx512: self.0, w: *w, overflow: Overflow::new(prepared, *w) };
        match w.stored() {
            Stored::Floats { units, places, .. } => {
                layer.linear::<_, 1>(Floats { units: units.as_chunks().0, places: places.as_chunks().0 }, call);
            }
            Stored::Codes { words, table, .. } => {
                let (words, bits) = (words.as_chunks().0, w.layout().code_bits());
                let table = std::array::from_fn(|i| table[i % table.len()]);
                match bits {
                    1 => layer.linear::<_, 5>(Looked::<6> { words, table }, call),
                    2 => layer.linear::<_, 4>(Looked::<7> { words, table }, call),
                    3 => layer.linear::<_, 4>(Looked::<8> { words, table }, call),
                    4 => layer.linear::<_, 3>(Looked::<9> { words, table }, call),
                    5 => layer.linear::<_, 3>(Integers::<10, 22, 27>(words), call),
                    6 => layer.linear::<_, 2>(Integers::<11, 21, 26>(words), call),
                    7 => layer.linear::<_, 2>(Integers::<12, 20, 25>(words), call),
                    _ => layer.linear::<_, 2>(Integers::<13, 19, 24>(words), call),
                }
            }
        }
    }
}

/// A layer, and the entries that found no slot.
#[derive(Clone, Copy)]
struct Layer<'a> {
    avx512: Avx512,
    w: Sparse<'a>,
    overflow: Overflow<'a>,
}

impl Layer<'_> {
    fn linear<S: Slots<P>, const P: usize>(self, slots: S, call: &mut LinearCall<'_>) {
        call.check(self.w.rows(), self.w.cols());
        for first in (0..call.batch).step_by(SHARE) {
            for tile in self.w.tiling().tiles() {
                if call.batch - first >= SHARE {
                    self.samples::<S, P, SHARE>(slots, &tile, first, call);
                } else {
                    (first..call.batch).for_each(|sample| self.samples::<S, P, 1>(slots, &tile, sample, call));
                }
            }
        }
    }

    /// A tile for `N` samples.
    fn samples<S: Slots<P>, const P: usize, const N: usize>(
        self,
        slots: S,
        tile: &Tile,
        first: usize,
        call: &mut LinearCall<'_>,
    ) {
        let mut x: [&[f32]; N] = [&[]; N];
        for (n, x) in x.iter_mut().enumerate() {
            *x = call.sample(first + n);
        }
        let mut sums = [[0.0; TILE_ROWS]; N];
        self.tile_sums::<S, P, N>(slots, tile, x, &mut sums);
        for (n, sums) in sums.iter().enumerate() {
            call.finish(self.avx512, first + n, tile.row, &sums[..tile.rows]);
        }
    }

    /// Four vectors of the tile at a time, or one.
    fn tile_sums<S: Slots<P>, const P: usize, const N: usize>(
        self,
        slots: S,
        tile: &Tile,
        x: [&[f32]; N],
        sums: &mut [TileRows; N],
    ) {
        let Self { avx512, w, overflow } = self;
        if tile.vectors == 4 {
            avx512.with_features(
                sums,
                #[inline(always)]
                |sums| vector_sums::<S, P, 4, N>(avx512, w, (slots, overflow), tile, 0, x, sums),
            );
            return;
        }
        for vector in 0..tile.vectors {
            avx512.with_features(
                sums,
                #[inline(always)]
                |sums| vector_sums::<S, P, 1, N>(avx512, w, (slots, overflow), tile, vector, x, sums),
            );
        }
    }
}

/// The sums of the slots of `V` vectors of a tile from vector `begin` on.
#[inline(always)]
#[allow(clippy::too_many_arguments)] // the loop invariants of a kernel
fn vector_sums<S: Slots<P>, const P: usize, const V: usize, const N: usize>(
    avx512: Avx512,
    w: Sparse<'_>,
    (slots, overflow): (S, Overflow<'_>),
    tile: &Tile,
    begin: usize,
    x: [&[f32]; N],
    sums: &mut [TileRows; N],
) {
    let mut c = [[avx512.zeros(); V]; N];
    for column_tile in 0..w.tiles() {
        let mut activations = [[avx512.zeros(); 2]; N];
        for (activations, x) in activations.iter_mut().zip(x) {
            let (halves, _) = x[column_tile * TILE_COLUMNS..][..TILE_COLUMNS].as_chunks();
            *activations = [avx512.load16(&halves[0]), avx512.load16(&halves[1])];
        }
        let first = tile.start / LANES + column_tile * w.units() * tile.vectors + begin;
        for unit in 0..w.units() {
            for v in 0..V {
                for (factors, places) in slots.slots(avx512, first + unit * tile.vectors + v) {
                    for (c, [low, high]) in c.iter_mut().zip(activations) {
                        c[v] = avx512.multiply_add(factors, avx512.look_up32(low, places, high), c[v]);
                    }
                }
            }
        }
        for v in 0..V {
            let (factors, places) = overflow.of(tile.row / LANES + begin + v, column_tile);
            for (factors, places) in factors.iter().zip(places) {
                let (factors, places) = (avx512.load16(factors), avx512.load_u32(places));
                for (c, [low, high]) in c.iter_mut().zip(activations) {
                    c[v] = avx512.multiply_add(factors, avx512.look_up32(low, places, high), c[v]);
                }
            }
        }
    }
    for (sums, c) in sums.iter_mut().zip(c) {
        for (sums, c) in sums.as_chunks_mut().0[begin..].iter_mut().zip(c) {
            avx512.store16(sums, c);
        }
    }
}
