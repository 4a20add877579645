//! The inner loops: a block of positions in the accumulators, one broadcast weight for all of them.

use super::kernel::{Epilogue, Loops, MapCall};
use super::taps::{Tap, Taps};
use super::window::{Block, Window};
use crate::kernels::segments::SEGMENTS;
use crate::kernels::simd::Simd;

/// The loops on the vectors of a tier, whose token it holds.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernels) struct On<S>(pub(in crate::kernels) S);

impl<S: Simd> Loops for On<S> {
    fn lanes(&self) -> usize {
        S::LANES
    }

    fn map(&self, taps: &Taps, map: usize, call: &MapCall<'_>, out: &mut [f32]) {
        let simd = self.0;
        simd.vectorize(
            out,
            #[inline(always)]
            |out| {
                columns(simd, &Sums { simd, taps: [false, true].map(|list| taps.of(map, list)), threes: taps.threes, call }, out)
            },
        );
    }
}

/// What the sums of a map are made of.
struct Sums<'a, S> {
    simd: S,
    /// The chains of the segments, and those of the list.
    taps: [[&'a [Tap]; SEGMENTS]; 2],
    threes: bool,
    call: &'a MapCall<'a>,
}

/// All vectors: up to 4 columns of them at a time, in blocks of as many rows as the registers hold.
#[inline(always)]
fn columns<S: Simd>(_: S, sums: &Sums<'_, S>, out: &mut [f32]) {
    let across = sums.call.vectors;
    let mut first = 0;
    while first < across {
        match across - first {
            1 => rows::<S, 8, 4, 1>(sums, first, out),
            2 => rows::<S, 4, 2, 2>(sums, first, out),
            3 => rows::<S, 4, 2, 3>(sums, first, out),
            _ => rows::<S, 2, 1, 4>(sums, first, out),
        }
        first += 4;
    }
}

/// The rows of `V` columns of vectors: blocks of `MANY`, then of `FEW`, then single rows. A last block of `MANY` or `FEW` may overlap the
/// one before: it computes the same sums again.
#[inline(always)]
fn rows<S: Simd, const MANY: usize, const FEW: usize, const V: usize>(sums: &Sums<'_, S>, column: usize, out: &mut [f32]) {
    let rows = sums.call.rows;
    if rows >= MANY {
        blocks::<S, MANY, V>(sums, column, out);
    } else if rows >= FEW {
        blocks::<S, FEW, V>(sums, column, out);
    } else {
        blocks::<S, 1, V>(sums, column, out);
    }
}

#[inline(always)]
fn blocks<S: Simd, const R: usize, const V: usize>(sums: &Sums<'_, S>, column: usize, out: &mut [f32]) {
    for row in (0..sums.call.rows).step_by(R) {
        block::<S, R, V>(sums, row.min(sums.call.rows - R), column, out);
    }
}

/// `R` rows of `V` vectors from vector (`row`, `column`).
#[inline(always)]
fn block<S: Simd, const R: usize, const V: usize>(sums: &Sums<'_, S>, row: usize, column: usize, out: &mut [f32]) {
    let (simd, call) = (sums.simd, sums.call);
    let window = Window::<S, R, V>::new(&call.x[row * call.pitch + column * S::LANES..], call.pitch);
    let [segments, list] = sums.taps;
    let mut total = sum(sums, segments, &window);
    if list.iter().any(|chain| !chain.is_empty()) {
        let list = sum(sums, list, &window);
        plus(simd, &mut total, &list);
    }
    let Epilogue { scale, bias, relu } = call.epilogue;
    for (r, total) in total.into_iter().enumerate() {
        for (v, mut y) in total.into_iter().enumerate() {
            if let Some(scale) = scale {
                y = simd.times(y, simd.splat(scale));
            }
            y = simd.plus(y, simd.splat(bias));
            y = if relu { simd.finite_relu(y) } else { simd.finite(y) };
            simd.store_lanes(&mut out[((row + r) * call.vectors + column + v) * S::LANES..], y);
        }
    }
}

/// `total = total + c`.
#[inline(always)]
fn plus<S: Simd, const R: usize, const V: usize>(simd: S, total: &mut Block<S, R, V>, c: &Block<S, R, V>) {
    for (total, c) in total.as_flattened_mut().iter_mut().zip(c.as_flattened()) {
        *total = simd.plus(*total, *c);
    }
}

/// The sum of four chains.
#[inline(always)]
fn sum<S: Simd, const R: usize, const V: usize>(
    sums: &Sums<'_, S>,
    chains: [&[Tap]; SEGMENTS],
    window: &Window<'_, S, R, V>,
) -> Block<S, R, V> {
    let simd = sums.simd;
    let mut total = [[simd.zero(); V]; R];
    for chain in chains {
        let c = if sums.threes { threes(simd, chain, window) } else { ones(simd, chain, window) };
        if let Some(c) = c {
            plus(simd, &mut total, &c);
        }
    }
    total
}

/// A chain of order class F or S.
#[inline(always)]
fn ones<S: Simd, const R: usize, const V: usize>(simd: S, chain: &[Tap], window: &Window<'_, S, R, V>) -> Option<Block<S, R, V>> {
    let (first, rest) = chain.split_first()?;
    let mut c = window.product(simd, first);
    for tap in rest {
        window.continue_chain(simd, tap, &mut c);
    }
    Some(c)
}

/// A chain of order class T.
#[inline(always)]
fn threes<S: Simd, const R: usize, const V: usize>(
    simd: S,
    chain: &[Tap],
    window: &Window<'_, S, R, V>,
) -> Option<Block<S, R, V>> {
    let mut c = [[simd.zero(); V]; R];
    for taps in chain.as_chunks().0 {
        window.continue_threes(simd, taps, &mut c);
    }
    Some(c)
}
