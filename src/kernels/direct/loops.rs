//! The inner loops: one vector of positions in each accumulator, one broadcast weight for all of them.

use super::kernel::{Epilogue, Loops};
use super::taps::{Tap, Taps};
use crate::kernels::segments::SEGMENTS;
use crate::kernels::simd::Simd;

/// Vectors of positions that are computed together: as many as hide the latency of fma.
const TOGETHER: usize = 8;

/// The loops on the vectors of a tier, whose token it holds.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernels) struct On<S>(pub(in crate::kernels) S);

impl<S: Simd> Loops for On<S> {
    fn lanes(&self) -> usize {
        S::LANES
    }

    fn all_finite(&self, x: &[f32]) -> bool {
        let mut finite = true;
        self.0.vectorize(
            &mut finite,
            #[inline(always)]
            |finite| *finite = x.iter().fold(true, |all, x| all & x.is_finite()),
        );
        finite
    }

    fn map(&self, taps: &Taps, map: usize, x: &[f32], bases: &[usize], epilogue: Epilogue, out: &mut [f32]) {
        let simd = self.0;
        simd.vectorize(
            out,
            #[inline(always)]
            |out| {
                for (bases, out) in bases.chunks(TOGETHER).zip(out.chunks_mut(TOGETHER * S::LANES)) {
                    match bases.len() {
                        1 => block::<S, 1>(simd, taps, map, x, bases, epilogue, out),
                        2 => block::<S, 2>(simd, taps, map, x, bases, epilogue, out),
                        3 => block::<S, 3>(simd, taps, map, x, bases, epilogue, out),
                        4 => block::<S, 4>(simd, taps, map, x, bases, epilogue, out),
                        5 => block::<S, 5>(simd, taps, map, x, bases, epilogue, out),
                        6 => block::<S, 6>(simd, taps, map, x, bases, epilogue, out),
                        7 => block::<S, 7>(simd, taps, map, x, bases, epilogue, out),
                        _ => block::<S, TOGETHER>(simd, taps, map, x, bases, epilogue, out),
                    }
                }
            },
        );
    }
}

/// `N` vectors of positions.
#[inline(always)]
fn block<S: Simd, const N: usize>(
    simd: S,
    taps: &Taps,
    map: usize,
    x: &[f32],
    bases: &[usize],
    epilogue: Epilogue,
    out: &mut [f32],
) {
    // Slices of one length: one check per tap serves all of them.
    let bases: &[usize; N] = bases.try_into().expect("invariant: N vectors");
    let reach = x.len() - bases.iter().fold(0, |most, &base| base.max(most));
    let mut windows: [&[f32]; N] = [&[]; N];
    for v in 0..N {
        windows[v] = &x[bases[v]..][..reach];
    }
    let list = taps.of(map, true);
    let has_list = list.iter().any(|chain| !chain.is_empty());
    if has_list {
        store(simd, sum(simd, taps.threes, list, windows), out);
    }
    let mut total = sum(simd, taps.threes, taps.of(map, false), windows);
    for (v, y) in total.iter_mut().enumerate() {
        if has_list {
            *y = simd.plus(*y, simd.load_lanes(&out[v * S::LANES..]));
        }
        if let Some(scale) = epilogue.scale {
            *y = simd.times(*y, simd.splat(scale));
        }
        *y = simd.plus(*y, simd.splat(epilogue.bias));
        if epilogue.relu {
            *y = simd.relu(*y);
        }
    }
    store(simd, total, out);
}

#[inline(always)]
fn store<S: Simd, const N: usize>(simd: S, vectors: [S::Floats; N], out: &mut [f32]) {
    for (v, y) in vectors.into_iter().enumerate() {
        simd.store_lanes(&mut out[v * S::LANES..], y);
    }
}

/// The sum of four chains.
#[inline(always)]
fn sum<S: Simd, const N: usize>(simd: S, threes: bool, chains: [&[Tap]; SEGMENTS], windows: [&[f32]; N]) -> [S::Floats; N] {
    if threes { sum_of_threes(simd, chains, windows) } else { sum_of_ones(simd, chains, windows) }
}

/// The sum of four chains of order class F or S: `c = fma(w, x, c)`.
#[inline(always)]
fn sum_of_ones<S: Simd, const N: usize>(simd: S, chains: [&[Tap]; SEGMENTS], windows: [&[f32]; N]) -> [S::Floats; N] {
    let mut total = [simd.zero(); N];
    for chain in chains {
        let Some((first, rest)) = chain.split_first() else { continue };
        let mut c = [simd.zero(); N];
        let w = simd.splat(first.weight);
        for (c, window) in c.iter_mut().zip(windows) {
            *c = simd.times(w, simd.load_lanes(&window[first.offset as usize..]));
        }
        for tap in rest {
            let w = simd.splat(tap.weight);
            for (c, window) in c.iter_mut().zip(windows) {
                *c = simd.fma(w, simd.load_lanes(&window[tap.offset as usize..]), *c);
            }
        }
        for (total, c) in total.iter_mut().zip(c) {
            *total = simd.plus(*total, c);
        }
    }
    total
}

/// The sum of four chains of order class T: `c = c + ((p0 + p1) + p2)`.
#[inline(always)]
fn sum_of_threes<S: Simd, const N: usize>(simd: S, chains: [&[Tap]; SEGMENTS], windows: [&[f32]; N]) -> [S::Floats; N] {
    let mut total = [simd.zero(); N];
    for chain in chains {
        let mut c = [simd.zero(); N];
        for [t0, t1, t2] in chain.as_chunks().0 {
            for (c, window) in c.iter_mut().zip(windows) {
                let [p0, p1, p2] = [product(simd, t0, window), product(simd, t1, window), product(simd, t2, window)];
                *c = simd.plus(*c, simd.plus(simd.plus(p0, p1), p2));
            }
        }
        for (total, c) in total.iter_mut().zip(c) {
            *total = simd.plus(*total, c);
        }
    }
    total
}

/// The products of a tap.
#[inline(always)]
fn product<S: Simd>(simd: S, tap: &Tap, window: &[f32]) -> S::Floats {
    simd.times(simd.splat(tap.weight), simd.load_lanes(&window[tap.offset as usize..]))
}
