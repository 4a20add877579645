//! Sparse, all three encodings: `prepare` expands them to lists of floats and columns.
//!
//! The stored slots have 16 rows in the lanes and need one permute of 32 activations per slot. In this tier that is four `vpermps` and
//! three blends for 8 rows, which costs more than 8 loads of activations. Lists need the 8 loads too, but they leave the free slots out.
//!
//! `prepare` makes **octets** of every two rows. Lane `4 i + s` is the next entry of segment `s` of row `i`; after the segments, it is the
//! next entry of list chain `s`. A chain that has ended gets the weight +0 and the column after the last, whose activation is +0. An
//! octet is 8 loads of activations and one fma. Two loads start per cycle, so an octet takes at least 4 to 5 cycles, which hide the fma's 4.
//!
//! Words of the prepared layout, for `P` pairs of rows and `N` octets: `2 P + 1` starts (the segments of a pair, its list, ..., the end); zeros
//! up to a multiple of 8; `8 N` weights; `8 N` columns of 16 bits, or 32 when there are more than 65535.

use super::Avx2;
use super::memory::Activations;
use crate::base::align::AlignedVec;
use crate::base::error::Result;
use crate::base::memory::MemoryBudget;
use crate::encoding::pattern::TILE_COLUMNS;
use crate::encoding::sparse::Sparse;
use crate::kernels::LinearCall;
use crate::kernels::class_s::{self, Transpose};
use crate::kernels::kernel::Kernel;
use crate::kernels::segments::{SEGMENTS, segment};
use std::arch::x86_64::{__m256, __m256i};
use std::ops::Range;

/// Chains of two rows.
const OCTET: usize = 2 * SEGMENTS;
/// Fewer samples are computed one by one.
const WORTHWHILE: usize = 2;

/// The bits of a factor, and a column.
type Entry = (u32, usize);

/// Whether a column needs 32 bits, the one after the last included.
fn is_wide(cols: usize) -> bool {
    cols > usize::from(u16::MAX)
}

/// The entries of chain `chain` of a row, in its segments (free slots are left out) or in its list.
fn chain(w: Sparse<'_>, row: usize, chain: usize, in_list: bool) -> impl Iterator<Item = Entry> {
    let tiles = if in_list { 0..0 } else { segment(w.tiles(), chain) };
    let list = if in_list { w.lists().range(row) } else { 0..0 };
    let slots = tiles.flat_map(move |tile| {
        let used = w.slots(row, tile).map(move |(place, code)| (w.factor(code).to_bits(), tile * TILE_COLUMNS, place));
        // A free slot is a zero, which takes no part.
        used.filter(|&(bits, ..)| bits != 0).map(|(bits, first, place)| (bits, first + place))
    });
    let listed =
        list.skip(chain).step_by(SEGMENTS).map(move |entry| (w.factor(w.listed(entry)).to_bits(), w.lists().column(entry)));
    slots.chain(listed)
}

#[derive(Clone, Copy, Debug)]
pub(super) struct ListKernel(pub(super) Avx2);

impl Kernel for ListKernel {
    type View<'a> = Sparse<'a>;

    fn prepare(self, weights: &Sparse<'_>, memory: &mut MemoryBudget) -> Result<AlignedVec<u32>> {
        prepare(*weights, memory)
    }

    fn scratch_len(self, cols: usize, batch: usize) -> usize {
        class_s::scratch_len::<OCTET>(cols, batch)
    }

    fn run(self, w: &Sparse<'_>, prepared: &[u32], call: &mut LinearCall<'_>) {
        if is_wide(w.cols()) {
            linear(self.0, *w, Octets::<u32>::new(prepared, w.rows()), call);
        } else {
            linear(self.0, *w, Octets::<u16>::new(prepared, w.rows()), call);
        }
    }
}

fn prepare(w: Sparse<'_>, memory: &mut MemoryBudget) -> Result<AlignedVec<u32>> {
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
    let mut out = memory.zeroed(header + octets * (OCTET + columns), "the lists of a sparse layer")?;
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
    fn part(self, part: usize) -> Part<'a, C> {
        let range: Range<usize> = self.starts[part] as usize..self.starts[part + 1] as usize;
        (&self.factors[range.clone()], &self.columns[range])
    }
}

/// The factors and the columns of some octets, as many of each.
type Part<'a, C> = (&'a [[f32; OCTET]], &'a [[C; OCTET]]);

/// A column of 16 or 32 bits.
trait Column: bytemuck::AnyBitPattern + Into<u32> {
    /// 8 columns.
    fn load(avx2: Avx2, columns: &[Self; OCTET]) -> __m256i;
}

impl Column for u16 {
    #[inline(always)]
    fn load(avx2: Avx2, columns: &[Self; OCTET]) -> __m256i {
        avx2.widen_u16(avx2.load_u16(columns))
    }
}

impl Column for u32 {
    #[inline(always)]
    fn load(avx2: Avx2, columns: &[Self; OCTET]) -> __m256i {
        avx2.load_u32(columns)
    }
}

impl Transpose<8> for Avx2 {
    /// Pairs of lanes, then of pairs, then of halves.
    #[inline(always)]
    fn transpose(self, samples: [&[f32; 8]; 8], columns: &mut [[f32; 8]; 8]) {
        let [a, b, c, d, e, f, g, h] = samples.map(
            #[inline(always)]
            |sample| self.load8(sample),
        );
        let (lower, upper) = columns.split_at_mut(4);
        let quarters = self.quarters([a, b, c, d]).into_iter().zip(self.quarters([e, f, g, h]));
        for ((low, high), (first, second)) in lower.iter_mut().zip(upper).zip(quarters) {
            self.store8(low, self.pick_halves::<0x20>(first, second));
            self.store8(high, self.pick_halves::<0x31>(first, second));
        }
    }
}

impl Avx2 {
    /// Transposes 4 x 4 floats in each half of the vectors.
    #[inline(always)]
    fn quarters(self, [a, b, c, d]: [__m256; 4]) -> [__m256; 4] {
        let (low0, high0) = (self.interleave_low(a, b), self.interleave_high(a, b));
        let (low1, high1) = (self.interleave_low(c, d), self.interleave_high(c, d));
        [
            self.pick::<0x44>(low0, low1),
            self.pick::<0xEE>(low0, low1),
            self.pick::<0x44>(high0, high1),
            self.pick::<0xEE>(high0, high1),
        ]
    }
}

fn linear<C: Column>(avx2: Avx2, w: Sparse<'_>, octets: Octets<'_, C>, call: &mut LinearCall<'_>) {
    let (rows, cols) = (w.rows(), w.cols());
    let one = |sample: usize, call: &mut LinearCall<'_>| {
        let x = Activations::new(&call.input[sample * call.input_stride..], cols);
        let mut sums = [0.0; ROWS];
        for row in (0..rows).step_by(ROWS) {
            let block = row..(row + ROWS).min(rows);
            let rows = block.clone();
            avx2.with_features(
                &mut sums,
                #[inline(always)]
                |sums| one_sample(avx2, octets, rows, x, sums),
            );
            call.finish(avx2, sample, row, &sums[..block.len()]);
        }
    };
    let many = |rows: Range<usize>, x: &[[f32; 8]], sums: &mut [[f32; 8]]| {
        avx2.with_features(
            sums,
            #[inline(always)]
            |sums| many_samples(avx2, octets, rows, x, sums),
        );
    };
    class_s::linear(avx2, [rows, cols], WORTHWHILE, call, one, many);
}

/// Rows whose sums are kept before they are written.
const ROWS: usize = 64;

/// The sums of some rows of one sample, two pairs of rows at a time.
#[inline(always)]
fn one_sample<C: Column>(avx2: Avx2, octets: Octets<'_, C>, rows: Range<usize>, x: Activations<'_>, sums: &mut [f32; ROWS]) {
    let last = rows.end.div_ceil(2);
    for (pair, sums) in (rows.start / 2..last).step_by(2).zip(sums.as_chunks_mut::<4>().0) {
        // The segments of a pair, then its list.
        let part = |of: usize| if pair + of / 2 < last { octets.part(2 * pair + of) } else { (&[][..], &[][..]) };
        let segments = four_sums(avx2, part(0), part(2), x);
        let lists = four_sums(avx2, part(1), part(3), x);
        let mut four = [0.0; OCTET];
        avx2.store8(&mut four, avx2.add(segments, lists));
        *sums = [four[0], four[4], four[1], four[5]];
    }
}

/// The sums of the four chains of two pairs of rows: rows 0 and 2 in lanes 0 and 1, rows 1 and 3 in lanes 4 and 5.
#[inline(always)]
fn four_sums<C: Column>(avx2: Avx2, first: Part<'_, C>, second: Part<'_, C>, x: Activations<'_>) -> __m256 {
    if first.0.is_empty() && second.0.is_empty() {
        return avx2.zeros();
    }
    // Both at once, as long as both last: each hides the latency of the other.
    let common = first.0.len().min(second.0.len());
    let (mut a, mut b) = (avx2.zeros(), avx2.zeros());
    for i in 0..common {
        a = avx2.multiply_add(avx2.load8(&first.0[i]), x.at(avx2, C::load(avx2, &first.1[i])), a);
        b = avx2.multiply_add(avx2.load8(&second.0[i]), x.at(avx2, C::load(avx2, &second.1[i])), b);
    }
    a = chains(avx2, (&first.0[common..], &first.1[common..]), x, a);
    b = chains(avx2, (&second.0[common..], &second.1[common..]), x, b);
    // In each half: chains 0 and 1 of both rows in turn, then chains 2 and 3.
    let (low, high) = (avx2.interleave_low(a, b), avx2.interleave_high(a, b));
    avx2.total([low, avx2.pick::<0xEE>(low, low), high, avx2.pick::<0xEE>(high, high)])
}

/// Continues the chains of two rows for one sample.
#[inline(always)]
fn chains<C: Column>(avx2: Avx2, (factors, columns): Part<'_, C>, x: Activations<'_>, mut c: __m256) -> __m256 {
    for (factors, columns) in factors.iter().zip(columns) {
        c = avx2.multiply_add(avx2.load8(factors), x.at(avx2, C::load(avx2, columns)), c);
    }
    c
}

/// The sums of some rows of 8 samples.
#[inline(always)]
fn many_samples<C: Column>(avx2: Avx2, octets: Octets<'_, C>, rows: Range<usize>, x: &[[f32; 8]], sums: &mut [[f32; 8]]) {
    for (pair, sums) in (rows.start / 2..rows.end.div_ceil(2)).zip(sums.chunks_mut(2)) {
        let segments = sample_chains(avx2, octets.part(2 * pair), x);
        let list = sample_chains(avx2, octets.part(2 * pair + 1), x);
        for (i, sum) in sums.iter_mut().enumerate() {
            avx2.store8(sum, avx2.add(segments[i], list[i]));
        }
    }
}

/// The sums of the four chains of two rows, for 8 samples.
#[inline(always)]
fn sample_chains<C: Column>(avx2: Avx2, (factors, columns): Part<'_, C>, x: &[[f32; 8]]) -> [__m256; 2] {
    let mut c = [avx2.zeros(); OCTET];
    for (factors, columns) in factors.iter().zip(columns) {
        for ((c, &factor), &column) in c.iter_mut().zip(factors).zip(columns) {
            *c = avx2.multiply_add(avx2.splat_f32(factor), avx2.load8(&x[column.into() as usize]), *c);
        }
    }
    let [a0, a1, a2, a3, b0, b1, b2, b3] = c;
    [avx2.total([a0, a1, a2, a3]), avx2.total([b0, b1, b2, b3])]
}
