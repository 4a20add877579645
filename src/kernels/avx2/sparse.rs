//! Sparse, all three encodings: `prepare` expands them to lists of floats and columns.
//!
//! The stored slots have 16 rows in the lanes, which wants one permute of 32 activations per slot. This tier would need four `vpermps` and
//! three blends for 8 rows, more than loading 8 activations one by one, which lists do as well; and lists leave the free slots out.
//! So `prepare` makes of every two rows **octets**: lane `4 i + s` is the next entry of segment `s` of row `i`, or, after the segments, the
//! next entry of list chain `s`. Chains that have ended get the weight +0 and the column after the last, whose activation is +0. One
//! octet is 8 loads of activations and one fma; two loads start per cycle, so that 4 to 5 cycles are the least, and the chain (4 cycles) hides.
//!
//! Words of the prepared layout, for `P` pairs of rows and `N` octets: `2 P + 1` starts (the segments of a pair, its list, ..., the end); zeros
//! up to a multiple of 8; `8 N` weights; `8 N` columns of 16 bits, or 32 when there are more than 65535.
#![allow(unsafe_code)] // calls into functions of this tier

use super::memory::{Activations, load, load_columns, load_wide_columns, store};
use super::{Avx2, WRONG, proof};
use crate::base::align::AlignedVec;
use crate::base::error::Result;
use crate::encoding::Weights;
use crate::encoding::pattern::TILE_COLUMNS;
use crate::encoding::sparse::Sparse;
use crate::kernels::LinearCall;
use crate::kernels::scattered::{self, Transpose, by_reference, firsts, free_slots_add_nothing};
use crate::kernels::segments::{SEGMENTS, segment};
use std::arch::x86_64::{
    __m256, __m256i, _mm256_add_ps, _mm256_fmadd_ps, _mm256_permute2f128_ps, _mm256_set1_ps, _mm256_setzero_ps,
    _mm256_shuffle_ps, _mm256_unpackhi_ps, _mm256_unpacklo_ps,
};
use std::ops::Range;

/// Chains of two rows.
const OCTET: usize = 2 * SEGMENTS;
/// Fewer samples are computed one by one.
const WORTHWHILE: usize = 2;

/// The bits of a factor, and a column.
type Entry = (u32, usize);

/// Whether a column needs 32 bits: the one after the last is one, too.
fn is_wide(cols: usize) -> bool {
    cols > usize::from(u16::MAX)
}

/// The entries of chain `chain` of a row, in its segments (free slots are left out) or in its list.
fn chain(w: Sparse<'_>, row: usize, chain: usize, in_list: bool) -> impl Iterator<Item = Entry> {
    let tiles = if in_list { 0..0 } else { segment(w.tiles(), chain) };
    let list = if in_list { w.lists().range(row) } else { 0..0 };
    let slots = tiles.flat_map(move |tile| {
        let used = w.slots(row, tile).map(move |(place, code)| (w.factor(code).to_bits(), tile * TILE_COLUMNS, place));
        // Of a mapped file that has changed, other zeros count as well.
        used.filter(|&(bits, _, place)| bits != 0 || place != 0).map(|(bits, first, place)| (bits, first + place))
    });
    let listed =
        list.skip(chain).step_by(SEGMENTS).map(move |entry| (w.factor(w.listed(entry)).to_bits(), w.lists().column(entry)));
    slots.chain(listed)
}

pub(in crate::kernels) fn prepare(weights: &Weights<'_>) -> Result<AlignedVec<u32>> {
    let Weights::Sparse(w) = *weights else { panic!("{WRONG}") };
    let parts = 2 * w.rows().div_ceil(2);
    let chains = |part: usize| {
        let lane = move |lane: usize| {
            let row = part / 2 * 2 + lane / SEGMENTS;
            (row < w.rows()).then(|| chain(w, row, lane % SEGMENTS, part % 2 == 1)).into_iter().flatten()
        };
        (0..OCTET).map(lane)
    };
    let longest = |part: usize| chains(part).map(Iterator::count).max().unwrap_or(0);
    let octets: usize = (0..parts).map(longest).sum();
    let (header, columns) = ((parts + 1).next_multiple_of(OCTET), if is_wide(w.cols()) { OCTET } else { OCTET / 2 });
    let mut out = AlignedVec::zeroed(header + octets * (OCTET + columns))?;
    let (starts, rest) = out.split_at_mut(header);
    let (factors, columns) = rest.split_at_mut(octets * OCTET);
    columns.fill(if is_wide(w.cols()) { w.cols() as u32 } else { w.cols() as u32 * 0x1_0001 });
    let mut first = 0;
    for part in 0..parts {
        for (lane, chain) in chains(part).enumerate() {
            for ((bits, column), octet) in chain.zip(first..) {
                let (at, column) = (octet * OCTET + lane, column.min(w.cols()));
                factors[at] = bits;
                if is_wide(w.cols()) {
                    columns[at] = column as u32;
                } else {
                    bytemuck::cast_slice_mut::<u32, u16>(columns)[at] = column as u16;
                }
            }
        }
        first += longest(part);
        starts[part + 1] = u32::try_from(first).expect("invariant: a layer has fewer than 2^32 entries");
    }
    Ok(out)
}

/// The prepared layout.
#[derive(Clone, Copy)]
struct Octets<'a, C> {
    starts: &'a [u32],
    factors: &'a [[f32; OCTET]],
    columns: &'a [[C; OCTET]],
}

impl<'a, C: bytemuck::AnyBitPattern> Octets<'a, C> {
    fn new(prepared: &'a [u32], rows: usize) -> Self {
        let parts = 2 * rows.div_ceil(2);
        let octets = prepared[parts] as usize;
        let (factors, columns) = prepared[(parts + 1).next_multiple_of(OCTET)..].split_at(octets * OCTET);
        let (factors, columns) = (bytemuck::cast_slice::<u32, f32>(factors).as_chunks().0, bytemuck::cast_slice(columns));
        Self { starts: &prepared[..=parts], factors, columns: &columns.as_chunks().0[..octets] }
    }

    /// The octets of part `part`: the segments of a pair of rows (even), or its lists.
    #[inline(always)]
    fn part(self, part: usize) -> (&'a [[f32; OCTET]], &'a [[C; OCTET]]) {
        let range: Range<usize> = self.starts[part] as usize..self.starts[part + 1] as usize;
        (&self.factors[range.clone()], &self.columns[range])
    }
}

/// A column of 16 or 32 bits.
trait Column: bytemuck::AnyBitPattern + Into<u32> {
    /// # Safety
    /// Only from functions of this tier.
    unsafe fn load(columns: &[Self; OCTET]) -> __m256i;
}

impl Column for u16 {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load(columns: &[Self; OCTET]) -> __m256i {
        load_columns(columns)
    }
}

impl Column for u32 {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load(columns: &[Self; OCTET]) -> __m256i {
        load_wide_columns(columns)
    }
}

impl Transpose<8> for Avx2 {
    fn transpose(self, samples: [&[f32; 8]; 8], columns: &mut [[f32; 8]; 8]) {
        // SAFETY: `self` proves the features.
        unsafe { transpose(samples, columns) }
    }
}

/// Pairs of lanes, then of pairs, then of halves.
#[target_feature(enable = "avx2,fma,f16c")]
fn transpose(samples: [&[f32; 8]; 8], columns: &mut [[f32; 8]; 8]) {
    let [a, b, c, d, e, f, g, h] = samples.map(|sample| load(sample));
    let fours = |a, b, c, d| {
        let (low0, high0) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
        let (low1, high1) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
        [
            _mm256_shuffle_ps::<0x44>(low0, low1),
            _mm256_shuffle_ps::<0xEE>(low0, low1),
            _mm256_shuffle_ps::<0x44>(high0, high1),
            _mm256_shuffle_ps::<0xEE>(high0, high1),
        ]
    };
    let (lower, upper) = columns.split_at_mut(4);
    for (((low, high), first), second) in lower.iter_mut().zip(upper).zip(fours(a, b, c, d)).zip(fours(e, f, g, h)) {
        store(low, _mm256_permute2f128_ps::<0x20>(first, second));
        store(high, _mm256_permute2f128_ps::<0x31>(first, second));
    }
}

pub(in crate::kernels) fn run(weights: &Weights<'_>, prepared: &[u32], call: &mut LinearCall<'_>) {
    let Weights::Sparse(w) = *weights else { panic!("{WRONG}") };
    if is_wide(w.cols()) {
        linear(weights, w, Octets::<u32>::new(prepared, w.rows()), call);
    } else {
        linear(weights, w, Octets::<u16>::new(prepared, w.rows()), call);
    }
}

fn linear<C: Column>(weights: &Weights<'_>, w: Sparse<'_>, octets: Octets<'_, C>, call: &mut LinearCall<'_>) {
    let tier = proof();
    let (rows, cols) = (w.rows(), w.cols());
    let exact = |call: &LinearCall<'_>, sample: usize| {
        free_slots_add_nothing(w.units(), firsts(&call.input[sample * call.input_stride..], cols))
    };
    if !(0..call.batch).all(|sample| exact(call, sample)) {
        (0..call.batch).for_each(|sample| by_reference(weights, sample, call));
        return;
    }
    let one = |sample: usize, call: &mut LinearCall<'_>| {
        let x = Activations::new(&call.input[sample * call.input_stride..], cols);
        let mut sums = [0.0; ROWS];
        for row in (0..rows).step_by(ROWS) {
            let block = row..(row + ROWS).min(rows);
            // SAFETY: `tier` proves the features, all that the function asks for.
            unsafe { one_sample(octets, block.clone(), x, &mut sums) }
            call.finish(tier, sample, row, &sums[..block.len()]);
        }
    };
    let many = |rows: Range<usize>, x: &[[f32; 8]], sums: &mut [[f32; 8]]| {
        // SAFETY: `tier` proves the features, all that the function asks for.
        unsafe { many_samples(octets, rows, x, sums) }
    };
    scattered::linear(tier, [rows, cols], WORTHWHILE, call, one, many);
}

/// Rows whose sums are kept before they are written.
const ROWS: usize = 64;

/// The sums of some rows of one sample.
#[target_feature(enable = "avx2,fma,f16c")]
fn one_sample<C: Column>(octets: Octets<'_, C>, rows: Range<usize>, x: Activations<'_>, sums: &mut [f32; ROWS]) {
    for (pair, sums) in (rows.start / 2..rows.end.div_ceil(2)).zip(sums.as_chunks_mut::<2>().0) {
        let (mut segments, mut list) = ([0.0; OCTET], [0.0; OCTET]);
        store(&mut segments, chains(octets.part(2 * pair), x));
        store(&mut list, chains(octets.part(2 * pair + 1), x));
        for (i, sum) in sums.iter_mut().enumerate() {
            *sum = total(&segments.as_chunks().0[i]) + total(&list.as_chunks().0[i]);
        }
    }
}

/// The sum of four chains, in their order.
#[inline(always)]
fn total([c0, c1, c2, c3]: &[f32; SEGMENTS]) -> f32 {
    ((c0 + c1) + c2) + c3
}

/// The chains of two rows for one sample.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn chains<C: Column>((factors, columns): (&[[f32; OCTET]], &[[C; OCTET]]), x: Activations<'_>) -> __m256 {
    let mut c = _mm256_setzero_ps();
    for (factors, columns) in factors.iter().zip(columns) {
        // SAFETY: this function has the tier's features.
        let columns = unsafe { C::load(columns) };
        c = _mm256_fmadd_ps(load(factors), x.at(columns), c);
    }
    c
}

/// The sums of some rows of 8 samples.
#[target_feature(enable = "avx2,fma,f16c")]
fn many_samples<C: Column>(octets: Octets<'_, C>, rows: Range<usize>, x: &[[f32; 8]], sums: &mut [[f32; 8]]) {
    for (pair, sums) in (rows.start / 2..rows.end.div_ceil(2)).zip(sums.chunks_mut(2)) {
        let segments = sample_chains(octets.part(2 * pair), x);
        let list = sample_chains(octets.part(2 * pair + 1), x);
        for (i, sum) in sums.iter_mut().enumerate() {
            store(sum, _mm256_add_ps(segments[i], list[i]));
        }
    }
}

/// The sums of the four chains of two rows, for 8 samples.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn sample_chains<C: Column>((factors, columns): (&[[f32; OCTET]], &[[C; OCTET]]), x: &[[f32; 8]]) -> [__m256; 2] {
    let mut c = [_mm256_setzero_ps(); OCTET];
    for (factors, columns) in factors.iter().zip(columns) {
        for ((c, &factor), &column) in c.iter_mut().zip(factors).zip(columns) {
            *c = _mm256_fmadd_ps(_mm256_set1_ps(factor), load(&x[column.into() as usize]), *c);
        }
    }
    let total = |c: &[__m256]| _mm256_add_ps(_mm256_add_ps(_mm256_add_ps(c[0], c[1]), c[2]), c[3]);
    [total(&c[..SEGMENTS]), total(&c[SEGMENTS..])]
}
