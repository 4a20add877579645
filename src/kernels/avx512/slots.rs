//! Sparse: the activations of a column tile are two registers, and `vpermi2ps` picks 16 of them by the 5 low bits of each lane: the place.
//!
//! So a slot of 16 rows costs one permute and one fma, and nothing in a word can leave the tile. Factors are floats as they lie, or codes: up to
//! 4 bits look their factor up with `vpermps` in a table repeated to 16 entries; more are integers, shifted into place and
//! converted. Four vectors of rows are four chains; four samples share what was decoded. The residue follows row by row.

use super::Avx512;
use crate::base::fma::Hardware;
use crate::encoding::pattern::TILE_COLUMNS;
use crate::encoding::sparse::{Sparse, Stored};
use crate::encoding::tiles::{LANES, TILE_ROWS, Tile};
use crate::kernels::class_f::TileRows;
use crate::kernels::kernel::Kernel;
use crate::kernels::segments::{SEGMENTS, segment};
use crate::kernels::simd::Rows;
use crate::kernels::{LinearCall, scalar};
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

    fn run(self, w: &Sparse<'_>, _: &[u32], call: &mut LinearCall<'_>) {
        match w.stored() {
            Stored::Floats { units, places, .. } => {
                linear::<_, 1>(self.0, *w, Floats { units: units.as_chunks().0, places: places.as_chunks().0 }, call);
            }
            Stored::Codes { words, table, .. } => {
                let (words, bits) = (words.as_chunks().0, w.layout().code_bits());
                let table = std::array::from_fn(|i| table[i % table.len()]);
                match bits {
                    1 => linear::<_, 5>(self.0, *w, Looked::<6> { words, table }, call),
                    2 => linear::<_, 4>(self.0, *w, Looked::<7> { words, table }, call),
                    3 => linear::<_, 4>(self.0, *w, Looked::<8> { words, table }, call),
                    4 => linear::<_, 3>(self.0, *w, Looked::<9> { words, table }, call),
                    5 => linear::<_, 3>(self.0, *w, Integers::<10, 22, 27>(words), call),
                    6 => linear::<_, 2>(self.0, *w, Integers::<11, 21, 26>(words), call),
                    7 => linear::<_, 2>(self.0, *w, Integers::<12, 20, 25>(words), call),
                    _ => linear::<_, 2>(self.0, *w, Integers::<13, 19, 24>(words), call),
                }
            }
        }
    }
}

fn linear<S: Slots<P>, const P: usize>(avx512: Avx512, w: Sparse<'_>, slots: S, call: &mut LinearCall<'_>) {
    call.check(w.rows(), w.cols());
    for first in (0..call.batch).step_by(SHARE) {
        for tile in w.tiling().tiles() {
            if call.batch - first >= SHARE {
                samples::<S, P, SHARE>(avx512, w, slots, &tile, first, call);
            } else {
                (first..call.batch).for_each(|sample| samples::<S, P, 1>(avx512, w, slots, &tile, sample, call));
            }
        }
    }
}

/// A tile for `N` samples.
fn samples<S: Slots<P>, const P: usize, const N: usize>(
    avx512: Avx512,
    w: Sparse<'_>,
    slots: S,
    tile: &Tile,
    first: usize,
    call: &mut LinearCall<'_>,
) {
    let x: [&[f32]; N] = std::array::from_fn(|n| call.sample(first + n));
    let mut sums = [[0.0; TILE_ROWS]; N];
    tile_sums::<S, P, N>(avx512, w, slots, tile, x, &mut sums);
    for (n, sums) in sums.iter_mut().enumerate() {
        let x = x[n];
        avx512.with_features(
            sums,
            #[inline(always)]
            |sums| add_residue(w, tile, x, sums),
        );
        call.finish(avx512, first + n, tile.row, &sums[..tile.rows]);
    }
}

/// Adds the residue of each row of a tile to its sum.
#[inline(always)]
fn add_residue(w: Sparse<'_>, tile: &Tile, x: &[f32], sums: &mut TileRows) {
    let lists = w.lists();
    for (row, sum) in (tile.row..tile.row + tile.rows).zip(sums) {
        // A mapped column may be any number: zeros follow the last one.
        let entry = |i: usize| (w.factor(w.listed(i)), lists.column(i).min(w.cols()));
        *sum += scalar::list::<Hardware>(lists.range(row), x, entry);
    }
}

/// Chooses the loop for the vectors of the tile.
fn tile_sums<S: Slots<P>, const P: usize, const N: usize>(
    avx512: Avx512,
    w: Sparse<'_>,
    slots: S,
    tile: &Tile,
    x: [&[f32]; N],
    sums: &mut [TileRows; N],
) {
    macro_rules! vectors {
        ($($vectors:pat => $v:literal),*) => {
            match tile.vectors {
                $($vectors => avx512.with_features(
                    sums,
                    #[inline(always)]
                    |sums| vector_sums::<S, P, $v, N>(avx512, w, slots, tile, x, sums),
                ),)*
            }
        };
    }
    vectors!(4 => 4, 3 => 3, 2 => 2, _ => 1);
}

/// The sums of the slots of a tile of `V` vectors.
#[inline(always)]
fn vector_sums<S: Slots<P>, const P: usize, const V: usize, const N: usize>(
    avx512: Avx512,
    w: Sparse<'_>,
    slots: S,
    tile: &Tile,
    x: [&[f32]; N],
    sums: &mut [TileRows; N],
) {
    let mut total = [[avx512.zeros(); V]; N];
    for s in 0..SEGMENTS {
        let mut c = [[avx512.zeros(); V]; N];
        for column_tile in segment(w.tiles(), s) {
            let mut activations = [[avx512.zeros(); 2]; N];
            for (activations, x) in activations.iter_mut().zip(x) {
                let (halves, _) = x[column_tile * TILE_COLUMNS..][..TILE_COLUMNS].as_chunks();
                *activations = [avx512.load16(&halves[0]), avx512.load16(&halves[1])];
            }
            let first = tile.start / LANES + column_tile * w.units() * V;
            for unit in 0..w.units() {
                for v in 0..V {
                    for (factors, places) in slots.slots(avx512, first + unit * V + v) {
                        for (c, [low, high]) in c.iter_mut().zip(activations) {
                            c[v] = avx512.multiply_add(factors, avx512.look_up32(low, places, high), c[v]);
                        }
                    }
                }
            }
        }
        for (total, c) in total.as_flattened_mut().iter_mut().zip(c.as_flattened()) {
            // The first segment replaces: +0 + -0 would be +0.
            *total = if s == 0 { *c } else { avx512.add(*total, *c) };
        }
    }
    for (sums, total) in sums.iter_mut().zip(total) {
        for (sums, total) in sums.as_chunks_mut().0.iter_mut().zip(total) {
            avx512.store16(sums, total);
        }
    }
}
