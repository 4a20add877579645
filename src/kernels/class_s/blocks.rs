//! Blocks: one broadcast activation for the 8 or 16 rows of a block, `r = fma(w, x, r)`.
//!
//! A strip of rows has one chain for each of its vectors, and an fma takes 4 cycles. So several strips, or several samples, advance together. The strips
//! are sorted by their number of blocks: those that advance together end together.

use crate::base::align::AlignedVec;
use crate::base::error::Result;
use crate::base::memory::MemoryBudget;
use crate::encoding::block::Blocks;
use crate::encoding::lists::Columns;
use crate::kernels::LinearCall;
use crate::kernels::kernel::{Cycles, Kernel, Preference, Reads};
use crate::kernels::simd::Simd;
use std::cmp::Reverse;

/// The most rows of a block.
const MOST_ROWS: usize = 16;
/// Samples that share the loads of their weights.
const SHARE: usize = 4;

/// The kernel of blocks of `V` vectors.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernels) struct BlockKernel<S, const V: usize>(pub(in crate::kernels) S);

impl<S: Simd, const V: usize> Kernel for BlockKernel<S, V> {
    type View<'a> = Blocks<'a>;

    /// The strips, those of most blocks first.
    fn prepare(self, w: &Blocks<'_>, _: Preference, memory: &mut MemoryBudget) -> Result<AlignedVec<u32>> {
        let mut strips = memory.zeroed(w.lists().lists(), "the order of a layer's strips")?;
        for (strip, slot) in (0..).zip(&mut *strips) {
            *slot = strip;
        }
        strips.sort_unstable_by_key(|&strip| (Reverse(w.lists().range(strip as usize).len()), strip));
        Ok(strips)
    }

    fn cycles(self, w: &Blocks<'_>, _: &[u32]) -> Cycles {
        let (blocks, strips) = (w.lists().entries(), w.lists().lists());
        Cycles { alone: (3 * V + 1) * blocks + 100 * strips + 200, among: (2 * V + 1) * blocks + 40 * strips + 50 }
    }

    fn reads(self, _: &[u32], _: usize) -> Reads {
        Reads::Stored
    }

    fn run(self, w: &Blocks<'_>, prepared: &[u32], call: &mut LinearCall<'_>) {
        assert_eq!(w.height(), V * S::LANES, "invariant: the table gives each kernel blocks of its own height");
        match w.lists().columns() {
            Columns::Narrow(columns) => Layer::<_, _, V> { simd: self.0, w: *w, columns }.run(prepared, call),
            Columns::Wide(columns) => Layer::<_, _, V> { simd: self.0, w: *w, columns }.run(prepared, call),
        }
    }
}

/// A layer, and its columns as they are stored.
#[derive(Clone, Copy)]
struct Layer<'a, S, C, const V: usize> {
    simd: S,
    w: Blocks<'a>,
    columns: &'a [C],
}

/// The sums of some strips for some samples.
type Sums<const G: usize, const N: usize> = [[[f32; MOST_ROWS]; N]; G];

impl<S: Simd, C: Copy + Into<u32>, const V: usize> Layer<'_, S, C, V> {
    fn run(self, strips: &[u32], call: &mut LinearCall<'_>) {
        call.check(self.w.rows(), self.w.cols());
        for first in (0..call.batch).step_by(SHARE) {
            if call.batch - first < SHARE {
                for sample in first..call.batch {
                    self.samples::<4, 1>(strips, sample, call);
                }
            } else if V == 1 {
                self.samples::<2, SHARE>(strips, first, call);
            } else {
                self.samples::<1, SHARE>(strips, first, call);
            }
        }
    }

    /// `N` samples, `G` strips at a time.
    fn samples<const G: usize, const N: usize>(self, strips: &[u32], first: usize, call: &mut LinearCall<'_>) {
        let mut x: [&[f32]; N] = [&[]; N];
        for (n, x) in x.iter_mut().enumerate() {
            // It ends with a zero, which columns past the last one read.
            *x = &call.sample(first + n)[..=self.w.cols()];
        }
        for some in strips.chunks(G) {
            // A group without a strip has no block.
            let mut blocks: [(&[f32], &[C]); G] = [(&[], &[]); G];
            for (blocks, &strip) in blocks.iter_mut().zip(some) {
                let range = self.w.lists().range(strip as usize);
                let values = &self.w.raw()[range.start * self.w.height()..range.end * self.w.height()];
                *blocks = (values, &self.columns[range]);
            }
            let mut sums: Sums<G, N> = [[[0.0; MOST_ROWS]; N]; G];
            let simd = self.simd;
            simd.vectorize(
                &mut sums,
                #[inline(always)]
                |sums| chains::<S, C, V, G, N>(simd, blocks, x, sums),
            );
            for (&strip, sums) in some.iter().zip(&sums) {
                let row = strip as usize * self.w.height();
                let rows = self.w.height().min(self.w.rows() - row);
                for (n, sums) in sums.iter().enumerate() {
                    call.finish(simd, first + n, row, &sums[..rows]);
                }
            }
        }
    }
}

/// The chains of `G` strips for `N` samples.
#[inline(always)]
fn chains<S: Simd, C: Copy + Into<u32>, const V: usize, const G: usize, const N: usize>(
    simd: S,
    blocks: [(&[f32], &[C]); G],
    x: [&[f32]; N],
    sums: &mut Sums<G, N>,
) {
    let mut r = [[[simd.zero(); V]; N]; G];
    let mut common = blocks[0].1.len();
    for (_, columns) in blocks {
        common = common.min(columns.len());
    }
    for i in 0..common {
        for (r, (values, columns)) in r.iter_mut().zip(blocks) {
            add_block::<S, V, N>(simd, r, &values[i * V * S::LANES..], x, columns[i].into() as usize);
        }
    }
    for (r, (values, columns)) in r.iter_mut().zip(blocks) {
        for (values, &column) in values.chunks_exact(V * S::LANES).zip(columns).skip(common) {
            add_block::<S, V, N>(simd, r, values, x, column.into() as usize);
        }
    }
    for (sums, r) in sums.iter_mut().zip(&r) {
        for (sums, r) in sums.iter_mut().zip(r) {
            for (v, r) in r.iter().enumerate() {
                simd.store_lanes(&mut sums[v * S::LANES..], *r);
            }
        }
    }
}

/// Continues the chains of the rows of a block, `r = fma(w, x, r)`.
#[inline(always)]
fn add_block<S: Simd, const V: usize, const N: usize>(
    simd: S,
    r: &mut [[S::Floats; V]; N],
    values: &[f32],
    x: [&[f32]; N],
    column: usize,
) {
    let mut w = [simd.zero(); V];
    for (v, w) in w.iter_mut().enumerate() {
        *w = simd.load_lanes(&values[v * S::LANES..]);
    }
    for (r, x) in r.iter_mut().zip(x) {
        let x = simd.splat(x[column.min(x.len() - 1)]);
        for (r, w) in r.iter_mut().zip(w) {
            *r = simd.fma(w, x, *r);
        }
    }
}
