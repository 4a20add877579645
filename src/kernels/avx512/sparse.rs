//! Sparse: the activations of a column tile are two registers, and `vpermi2ps` picks 16 of them by the 5 low bits of each lane: the place.
//!
//! So a slot of 16 rows costs one permute and one fma, and nothing in a word can leave the tile. Factors are floats as they lie, or codes: up to
//! 4 bits look their factor up with `vpermps` in a table repeated to 16 entries; more are integers, shifted into place and
//! converted. Four vectors of rows are four chains; four samples share what was decoded. The residue follows row by row.
//!
//! Without slots there is nothing to permute: the lists of the tier below.
#![allow(unsafe_code)] // calls into functions of this tier

use super::memory::{load, load_bytes, load_words, store};
use super::{WRONG, proof};
use crate::base::align::AlignedVec;
use crate::base::error::Result;
use crate::base::fma::Hardware;
use crate::encoding::Weights;
use crate::encoding::pattern::TILE_COLUMNS;
use crate::encoding::sparse::{Sparse, Stored};
use crate::encoding::tiles::{LANES, TILE_ROWS, Tile};
use crate::kernels::panels::{Rows, TileRows};
use crate::kernels::segments::{SEGMENTS, segment};
use crate::kernels::{LinearCall, avx2, scalar};
use std::arch::x86_64::{
    __m512, __m512i, _mm512_add_ps, _mm512_castsi512_ps, _mm512_cvtepi32_ps, _mm512_cvtepu8_epi32, _mm512_fmadd_ps,
    _mm512_permutex2var_ps, _mm512_permutexvar_ps, _mm512_setzero_ps, _mm512_slli_epi32, _mm512_srai_epi32, _mm512_srli_epi32,
};

/// Samples that share what was decoded.
const SHARE: usize = 4;

/// What holds slots; `P` of them to a unit.
trait Slots<const P: usize>: Copy {
    /// The factors and the places (5 low bits of each lane) of the slots of vector `vector`.
    ///
    /// # Safety
    /// Only from functions of this tier.
    unsafe fn slots(&self, vector: usize) -> [(__m512, __m512i); P];
}

/// Floats, and their places.
#[derive(Clone, Copy)]
struct Floats<'a> {
    units: &'a [Rows<u32>],
    places: &'a [Rows<u8>],
}

impl Slots<1> for Floats<'_> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
    unsafe fn slots(&self, vector: usize) -> [(__m512, __m512i); 1] {
        let factors = _mm512_castsi512_ps(load_words(&self.units[vector]));
        [(factors, _mm512_cvtepu8_epi32(load_bytes(&self.places[vector])))]
    }
}

/// Words of fields of `FIELD` bits whose codes have up to 4, so that they are in a table.
#[derive(Clone, Copy)]
struct Looked<'a, const FIELD: u32> {
    words: &'a [Rows<u32>],
    table: [f32; 16],
}

impl<const FIELD: u32, const P: usize> Slots<P> for Looked<'_, FIELD> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
    unsafe fn slots(&self, vector: usize) -> [(__m512, __m512i); P] {
        let (mut word, table) = (load_words(&self.words[vector]), load(&self.table));
        let mut slots = [(_mm512_setzero_ps(), word); P];
        for slot in &mut slots {
            *slot = (_mm512_permutexvar_ps(_mm512_srli_epi32::<5>(word), table), word);
            word = _mm512_srli_epi32::<FIELD>(word);
        }
        slots
    }
}

/// Words of fields of `FIELD` bits with integers, which `LEFT` and `RIGHT` shifts extend.
#[derive(Clone, Copy)]
struct Integers<'a, const FIELD: u32, const LEFT: u32, const RIGHT: u32>(&'a [Rows<u32>]);

impl<const FIELD: u32, const LEFT: u32, const RIGHT: u32, const P: usize> Slots<P> for Integers<'_, FIELD, LEFT, RIGHT> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
    unsafe fn slots(&self, vector: usize) -> [(__m512, __m512i); P] {
        let mut word = load_words(&self.0[vector]);
        let mut slots = [(_mm512_setzero_ps(), word); P];
        for slot in &mut slots {
            let integers = _mm512_srai_epi32::<RIGHT>(_mm512_slli_epi32::<LEFT>(word));
            *slot = (_mm512_cvtepi32_ps(integers), word);
            word = _mm512_srli_epi32::<FIELD>(word);
        }
        slots
    }
}

pub(super) fn prepare(weights: &Weights<'_>) -> Result<AlignedVec<u32>> {
    let Weights::Sparse(w) = *weights else { panic!("{WRONG}") };
    if w.units() == 0 { avx2::sparse::prepare(weights) } else { AlignedVec::zeroed(0) }
}

pub(super) fn run(weights: &Weights<'_>, prepared: &[u32], call: &mut LinearCall<'_>) {
    let Weights::Sparse(w) = *weights else { panic!("{WRONG}") };
    if w.units() == 0 {
        return avx2::sparse::run(weights, prepared, call);
    }
    match w.stored() {
        Stored::Floats { units, places, .. } => {
            linear::<_, 1>(w, Floats { units: units.as_chunks().0, places: places.as_chunks().0 }, call);
        }
        Stored::Codes { words, table, .. } => {
            let (words, bits) = (words.as_chunks().0, w.layout().code_bits());
            let table = std::array::from_fn(|i| table[i % table.len()]);
            match bits {
                1 => linear::<_, 5>(w, Looked::<6> { words, table }, call),
                2 => linear::<_, 4>(w, Looked::<7> { words, table }, call),
                3 => linear::<_, 4>(w, Looked::<8> { words, table }, call),
                4 => linear::<_, 3>(w, Looked::<9> { words, table }, call),
                5 => linear::<_, 3>(w, Integers::<10, 22, 27>(words), call),
                6 => linear::<_, 2>(w, Integers::<11, 21, 26>(words), call),
                7 => linear::<_, 2>(w, Integers::<12, 20, 25>(words), call),
                _ => linear::<_, 2>(w, Integers::<13, 19, 24>(words), call),
            }
        }
    }
}

fn linear<S: Slots<P>, const P: usize>(w: Sparse<'_>, slots: S, call: &mut LinearCall<'_>) {
    call.check(w.rows(), w.cols());
    for first in (0..call.batch).step_by(SHARE) {
        for tile in w.tiling().tiles() {
            if call.batch - first >= SHARE {
                samples::<S, P, SHARE>(w, slots, &tile, first, call);
            } else {
                (first..call.batch).for_each(|sample| samples::<S, P, 1>(w, slots, &tile, sample, call));
            }
        }
    }
}

/// A tile for `N` samples.
fn samples<S: Slots<P>, const P: usize, const N: usize>(
    w: Sparse<'_>,
    slots: S,
    tile: &Tile,
    first: usize,
    call: &mut LinearCall<'_>,
) {
    let tier = proof();
    let x: [&[f32]; N] = std::array::from_fn(|n| &call.input[(first + n) * call.input_stride..][..call.input_stride]);
    let mut sums = [[0.0; TILE_ROWS]; N];
    // SAFETY: `tier` proves the features, all that the function asks for.
    unsafe { tile_sums::<S, P, N>(w, slots, tile, x, &mut sums) }
    for (n, sums) in sums.iter_mut().enumerate() {
        // SAFETY: as above.
        unsafe { add_residue(w, tile, x[n], sums) }
        call.finish(tier, first + n, tile.row, &sums[..tile.rows]);
    }
}

/// Adds the residue of each row of a tile to its sum.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
fn add_residue(w: Sparse<'_>, tile: &Tile, x: &[f32], sums: &mut TileRows) {
    let lists = w.lists();
    for (row, sum) in (tile.row..tile.row + tile.rows).zip(sums) {
        // A mapped column may be any number: zeros follow the last one.
        let entry = |i: usize| (w.factor(w.listed(i)), lists.column(i).min(w.cols()));
        *sum += scalar::list::<Hardware>(lists.range(row), x, entry);
    }
}

/// Chooses the loop for the vectors of the tile.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
fn tile_sums<S: Slots<P>, const P: usize, const N: usize>(
    w: Sparse<'_>,
    slots: S,
    tile: &Tile,
    x: [&[f32]; N],
    sums: &mut [TileRows; N],
) {
    match tile.vectors {
        4 => vector_sums::<S, P, 4, N>(w, slots, tile, x, sums),
        3 => vector_sums::<S, P, 3, N>(w, slots, tile, x, sums),
        2 => vector_sums::<S, P, 2, N>(w, slots, tile, x, sums),
        _ => vector_sums::<S, P, 1, N>(w, slots, tile, x, sums),
    }
}

/// The sums of the slots of a tile of `V` vectors.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
fn vector_sums<S: Slots<P>, const P: usize, const V: usize, const N: usize>(
    w: Sparse<'_>,
    slots: S,
    tile: &Tile,
    x: [&[f32]; N],
    sums: &mut [TileRows; N],
) {
    let mut total = [[_mm512_setzero_ps(); V]; N];
    for s in 0..SEGMENTS {
        let mut c = [[_mm512_setzero_ps(); V]; N];
        for column_tile in segment(w.tiles(), s) {
            let mut activations = [[_mm512_setzero_ps(); 2]; N];
            for (activations, x) in activations.iter_mut().zip(x) {
                let (halves, _) = x[column_tile * TILE_COLUMNS..][..TILE_COLUMNS].as_chunks();
                *activations = [load(&halves[0]), load(&halves[1])];
            }
            let first = tile.start / LANES + column_tile * w.units() * V;
            for unit in 0..w.units() {
                for v in 0..V {
                    // SAFETY: this function has the tier's features.
                    let slots = unsafe { slots.slots(first + unit * V + v) };
                    for (factors, places) in slots {
                        for (c, [low, high]) in c.iter_mut().zip(activations) {
                            c[v] = _mm512_fmadd_ps(factors, _mm512_permutex2var_ps(low, places, high), c[v]);
                        }
                    }
                }
            }
        }
        for (total, c) in total.as_flattened_mut().iter_mut().zip(c.as_flattened()) {
            // The first segment replaces: +0 + -0 would be +0.
            *total = if s == 0 { *c } else { _mm512_add_ps(*total, *c) };
        }
    }
    for (sums, total) in sums.iter_mut().zip(total) {
        for (sums, total) in sums.as_chunks_mut().0.iter_mut().zip(total) {
            store(sums, total);
        }
    }
}
