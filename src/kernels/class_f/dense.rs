//! Dense floats: one fma per element, `c = fma(w, x, c)`, in ascending columns.
//!
//! An fma takes 4 cycles and one or two start per cycle, so 8 chains keep it busy: a full tile has them in half vectors; smaller ones run two or
//! four segments side by side. Weights are memory operands, each activation is broadcast once per column. A part of a tile's last
//! vector is skipped when it holds padding rows only. Elements of 16 bits are widened as they are loaded.

use super::array::{Array, Segment, Segments, TileChains, TileRows};
use super::layer::linear;
use crate::encoding::dense::{DenseF16, DenseF32};
use crate::encoding::tiles::{Tile, Tiling};
use crate::kernels::LinearCall;
use crate::kernels::kernel::Kernel;
use crate::kernels::segments::SEGMENTS;
use crate::kernels::simd::{Rows, Simd, part_of};
use std::ops::Range;

/// The kernel of 32-bit floats.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernels) struct F32Kernel<S>(pub(in crate::kernels) S);

impl<S: Simd> Kernel for F32Kernel<S> {
    type View<'a> = DenseF32<'a>;

    fn run(self, weights: &DenseF32<'_>, _: &[u32], call: &mut LinearCall<'_>) {
        run(self.0, weights.raw(), weights.tiling(), call);
    }
}

/// The kernel of 16-bit floats.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernels) struct F16Kernel<S>(pub(in crate::kernels) S);

impl<S: Simd> Kernel for F16Kernel<S> {
    type View<'a> = DenseF16<'a>;

    fn run(self, weights: &DenseF16<'_>, _: &[u32], call: &mut LinearCall<'_>) {
        run(self.0, weights.raw(), weights.tiling(), call);
    }
}

/// A stored float.
trait Element: Copy {
    /// Part `part` of a stored vector, as 32-bit floats.
    fn load<S: Simd>(simd: S, from: &Rows<Self>, part: usize) -> S::Floats;
}

impl Element for f32 {
    #[inline(always)]
    fn load<S: Simd>(simd: S, from: &Rows<Self>, part: usize) -> S::Floats {
        simd.load(from, part)
    }
}

/// The bits of a 16-bit float.
impl Element for u16 {
    #[inline(always)]
    fn load<S: Simd>(simd: S, from: &Rows<Self>, part: usize) -> S::Floats {
        simd.load_f16(from, part)
    }
}

fn run<S: Simd, T: Element>(simd: S, elements: &[T], tiling: Tiling, call: &mut LinearCall<'_>) {
    let chains = |tile: &Tile, segments: &Segments<'_, T>, out: &mut TileChains| gemv(simd, tile, segments, out);
    let expand = |vectors: &[Rows<T>], first: usize, stride: usize, panel: &mut [Rows<f32>]| {
        simd.vectorize(
            panel,
            #[inline(always)]
            |panel| expand(simd, vectors, first, stride, panel),
        );
    };
    let array = Array { elements, tiling, cols: tiling.units(), unit_columns: 1, chains: &chains, expand: &expand };
    linear(simd, &array, call);
}

/// Chooses the loop for the tile's shape: its vectors, the parts that hold real rows, the segments at a time.
fn gemv<S: Simd, T: Element>(simd: S, tile: &Tile, segments: &Segments<'_, T>, chains: &mut TileChains) {
    macro_rules! shapes {
        ($($lanes:pat, $vectors:pat, $parts:pat => $v:literal, $p:literal, $at_once:literal;)*) => {
            match (S::LANES, tile.vectors, tile.rows.div_ceil(S::LANES)) {
                $(($lanes, $vectors, $parts) => simd.vectorize(
                    chains,
                    #[inline(always)]
                    |chains| side_by_side::<S, T, $v, $p, $at_once>(simd, segments, chains),
                ),)*
            }
        };
    }
    shapes! {
        8, 4, 8 => 4, 8, 1;
        8, 4, _ => 4, 7, 1;
        8, 3, 6 => 3, 6, 2;
        8, 3, _ => 3, 5, 2;
        8, 2, 4 => 2, 4, 2;
        8, 2, _ => 2, 3, 4;
        8, _, 2 => 1, 2, 4;
        8, _, _ => 1, 1, 4;
        _, 4, _ => 4, 4, 2;
        _, 3, _ => 3, 3, 2;
        _, 2, _ => 2, 2, 4;
        _, _, _ => 1, 1, 4;
    }
}

/// All segments, `AT_ONCE` at a time.
#[inline(always)]
fn side_by_side<S: Simd, T: Element, const VECTORS: usize, const PARTS: usize, const AT_ONCE: usize>(
    simd: S,
    segments: &Segments<'_, T>,
    chains: &mut TileChains,
) {
    const { assert!(SEGMENTS.is_multiple_of(AT_ONCE)) };
    let (segments, chains) = (segments.as_chunks::<AT_ONCE>().0, chains.as_chunks_mut::<AT_ONCE>().0);
    for (segments, chains) in segments.iter().zip(chains) {
        let common = segments[AT_ONCE - 1].x.len();
        columns::<S, T, VECTORS, PARTS, AT_ONCE>(simd, segments, 0..common, chains);
        for (segment, chain) in segments.iter().zip(chains) {
            // The last segments may be shorter than the first.
            let rest = common..segment.x.len();
            columns::<S, T, VECTORS, PARTS, 1>(simd, &[*segment], rest, std::array::from_mut(chain));
        }
    }
}

/// One sample: continues the chains of `COUNT` segments over some columns, in the first `PARTS` parts of `VECTORS` vectors.
#[inline(always)]
fn columns<S: Simd, T: Element, const VECTORS: usize, const PARTS: usize, const COUNT: usize>(
    simd: S,
    segments: &[Segment<'_, T>; COUNT],
    columns: Range<usize>,
    chains: &mut [TileRows; COUNT],
) {
    if columns.is_empty() {
        return;
    }
    let len = columns.len();
    let mut weights: [&[[Rows<T>; VECTORS]]; COUNT] = [&[]; COUNT];
    let mut x: [&[f32]; COUNT] = [&[]; COUNT];
    let mut c = [[simd.zero(); PARTS]; COUNT];
    for s in 0..COUNT {
        // Cut to one length that the compiler knows: no check is left in the loop.
        weights[s] = &segments[s].vectors.as_chunks().0[columns.start..][..len];
        x[s] = &segments[s].x[columns.start..][..len];
        for (i, c) in c[s].iter_mut().enumerate() {
            let (rows, part) = part_of::<S, _>(chains[s].as_chunks().0, i);
            *c = simd.load(rows, part);
        }
    }
    for k in 0..len {
        for s in 0..COUNT {
            let x = simd.splat(x[s][k]);
            for (i, c) in c[s].iter_mut().enumerate() {
                let (rows, part) = part_of::<S, _>(&weights[s][k], i);
                *c = simd.fma(T::load(simd, rows, part), x, *c);
            }
        }
    }
    for (c, chain) in c.iter().zip(chains) {
        for (i, c) in c.iter().enumerate() {
            simd.store(&mut chain.as_chunks_mut().0[i / S::PARTS], i % S::PARTS, *c);
        }
    }
}

/// The weights of one vector of 16 rows, as a panel.
#[inline(always)]
fn expand<S: Simd, T: Element>(simd: S, vectors: &[Rows<T>], first: usize, stride: usize, panel: &mut [Rows<f32>]) {
    for (vectors, out) in vectors.chunks_exact(stride).zip(panel) {
        for part in 0..S::PARTS {
            simd.store(out, part, T::load(simd, &vectors[first], part));
        }
    }
}
