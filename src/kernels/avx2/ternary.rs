//! Ternary, exact: `t = (p0 + p1) + p2`, `c = c + t` for every three columns, each product looked up.
//!
//! Per column a table of four floats, `[+0, positive * x, negative * x, +0]`, in both halves of a vector: `vpermilps` looks up the product
//! of 8 rows by the two low bits of each lane. The stored base-3 fields would need 27 entries: three times as many permutes, and
//! blends. So `prepare` rewrites them as 2-bit digits when the session is planned:
//!
//! - a word holds 15 columns, column `j` in bits `2j` and `2j + 1`; bits 30 and 31 are zero;
//! - words keep the order of SPEC 6.1; each segment starts a word of its own, its last word is filled with digit 0. The fields of three
//!   columns that this adds contribute +0, and no chain is ever -0 (it starts from +0), so they change nothing.
//!
//! Per step of three columns: 3 shifts, 3 permutes, 3 additions for 8 rows; four of them share each table. On Zen 3 that is about one cycle
//! per column and 8 rows. Shifting by multiplication (`vpmulhuw`) or adding by fma, to use other ports, gained nothing.

use super::Avx2;
use super::halves::half;
use crate::base::align::AlignedVec;
use crate::base::error::Result;
use crate::base::memory::MemoryBudget;
use crate::encoding::ternary::{LAYOUT, Ternary, digits};
use crate::encoding::tiles::{LANES, Tile, Tiling};
use crate::kernels::LinearCall;
use crate::kernels::class_f::TileRows;
use crate::kernels::class_t::{self, TernaryLoops, TernaryWords};
use crate::kernels::kernel::{Kernel, Preference};
use crate::kernels::segments::{SEGMENTS, segment};
use crate::kernels::simd::Rows;
use std::arch::x86_64::{__m256, __m256i};
use std::ops::Range;

/// Columns of a rewritten word.
const COLUMNS: usize = 15;
/// Floats of a column's table.
const ENTRIES: usize = 4;
/// Halves of vectors that share a table while it is in registers.
const SHARE: usize = 4;

/// The units of the rewritten layout: those of each segment, and their number.
fn rewritten(units: usize) -> ([Range<usize>; SEGMENTS], usize) {
    let mut end = 0;
    let segments = std::array::from_fn(|s| {
        let start = end;
        end += (segment(units, s).len() * LAYOUT.columns()).div_ceil(COLUMNS);
        start..end
    });
    (segments, end)
}

fn tiling(w: &Ternary<'_>) -> Tiling {
    let (_, units) = rewritten(w.words().tiling().units());
    Tiling::new(w.words().rows(), units).expect("invariant: rewritten words are fewer than 5/4 of the stored ones and 4")
}

#[derive(Clone, Copy, Debug)]
pub(super) struct TernaryKernel(pub(super) Avx2);

impl Kernel for TernaryKernel {
    type View<'a> = Ternary<'a>;

    fn prepare(self, weights: &Ternary<'_>, _: Preference, memory: &mut MemoryBudget) -> Result<AlignedVec<u32>> {
        prepare(*weights, memory)
    }

    fn run(self, w: &Ternary<'_>, prepared: &[u32], call: &mut LinearCall<'_>) {
        let units = w.words().tiling().units();
        let tiling = tiling(w);
        assert_eq!(prepared.len(), tiling.elements(), "invariant: prepared from the same weights");
        let words = TernaryWords {
            words: prepared,
            tiling,
            segments: rewritten(units).0,
            first_columns: std::array::from_fn(|s| segment(units, s).start * LAYOUT.columns()),
            levels: w.levels(),
        };
        class_t::linear(self.0, &words, *w, call);
    }
}

fn prepare(w: Ternary<'_>, memory: &mut MemoryBudget) -> Result<AlignedVec<u32>> {
    let (stored, tiling) = (w.words(), tiling(&w));
    let (segments, _) = rewritten(stored.tiling().units());
    let mut out = memory.zeroed(tiling.elements(), "the words of a ternary layer")?;
    for row in 0..stored.rows() {
        for (s, segment_units) in segments.iter().enumerate() {
            let fields = segment(stored.tiling().units(), s).flat_map(|unit| LAYOUT.split(stored.word(row, unit)));
            for (column, digit) in fields.flat_map(digits).enumerate() {
                let index = tiling.index(row, segment_units.start + column / COLUMNS);
                out[index] |= digit << (2 * (column % COLUMNS));
            }
        }
    }
    Ok(out)
}

impl TernaryLoops for Avx2 {
    const COLUMNS: usize = COLUMNS;
    const TABLE: usize = COLUMNS * ENTRIES;
    type Eight = Self;

    fn eight(self) -> Self {
        self
    }

    fn tables(self, levels: [f32; 3], x: &[f32], tables: &mut [f32]) {
        self.with_features(
            tables,
            #[inline(always)]
            |tables| make_tables(self, levels, x, tables),
        );
    }

    /// Chooses the loops for the tile's shape: its halves that hold real rows, at most [`SHARE`] at a time.
    fn accumulate(self, tile: &Tile, words: &[Rows<u32>], tables: &[f32], chains: &mut TileRows) {
        macro_rules! shapes {
            ($($vectors:pat, $halves:pat => $v:literal: $($first:literal + $count:literal),*;)*) => {
                match (tile.vectors, tile.rows.div_ceil(LANES / 2)) {
                    $(($vectors, $halves) => self.with_features(
                        chains,
                        #[inline(always)]
                        |chains| {
                            $(halves::<$v, $first, $count>(self, words, tables, chains);)*
                        },
                    ),)*
                }
            };
        }
        shapes! {
            4, 8 => 4: 0 + 4, 4 + 4;
            4, _ => 4: 0 + 4, 4 + 3;
            3, 6 => 3: 0 + 4, 4 + 2;
            3, _ => 3: 0 + 4, 4 + 1;
            2, 4 => 2: 0 + 4;
            2, _ => 2: 0 + 3;
            _, 2 => 1: 0 + 2;
            _, _ => 1: 0 + 1;
        }
    }
}

#[inline(always)]
fn make_tables(avx2: Avx2, [_, positive, negative]: [f32; 3], x: &[f32], tables: &mut [f32]) {
    let levels = avx2.four_of(0.0, positive, negative, 0.0);
    for (table, x) in tables.as_chunks_mut().0.iter_mut().zip(x) {
        // Digit 0 is +0, whatever the activation is.
        let products = avx2.multiply_four(levels, avx2.splat_four(*x));
        avx2.store_four(table, avx2.blend_four::<0b0110>(avx2.splat_four(0.0), products));
    }
}

/// The tables of a word.
type Tables = [[f32; ENTRIES]; COLUMNS];

/// `COUNT` halves from half `FIRST` of a tile of `VECTORS` vectors.
#[inline(always)]
fn halves<const VECTORS: usize, const FIRST: usize, const COUNT: usize>(
    avx2: Avx2,
    words: &[Rows<u32>],
    tables: &[f32],
    chains: &mut TileRows,
) {
    const { assert!(COUNT <= SHARE && FIRST + COUNT <= 2 * VECTORS) };
    let (by_column, _) = tables.as_chunks();
    let (tables, _): (&[Tables], _) = by_column.as_chunks();
    let (chains, _) = chains.as_chunks_mut::<8>();
    let chains = &mut chains[FIRST..FIRST + COUNT];
    let mut c = [avx2.zeros(); COUNT];
    for (c, chain) in c.iter_mut().zip(chains.iter()) {
        *c = avx2.load8(chain);
    }
    let (columns, _) = words.as_chunks::<VECTORS>();
    for (words, tables) in columns.iter().zip(tables) {
        let mut word = [avx2.zeros_u32(); COUNT];
        for (h, word) in word.iter_mut().enumerate() {
            *word = avx2.load_u32(half(&words[(FIRST + h) / 2], (FIRST + h) % 2));
        }
        step::<0, 2, 4, COUNT>(avx2, word, &tables[0..3], &mut c);
        step::<6, 8, 10, COUNT>(avx2, word, &tables[3..6], &mut c);
        step::<12, 14, 16, COUNT>(avx2, word, &tables[6..9], &mut c);
        step::<18, 20, 22, COUNT>(avx2, word, &tables[9..12], &mut c);
        step::<24, 26, 28, COUNT>(avx2, word, &tables[12..15], &mut c);
    }
    for (c, chain) in c.iter().zip(chains) {
        avx2.store8(chain, *c);
    }
}

/// Three columns, whose digits start at the bits `A`, `B` and `C`.
#[inline(always)]
fn step<const A: i32, const B: i32, const C: i32, const COUNT: usize>(
    avx2: Avx2,
    word: [__m256i; COUNT],
    tables: &[[f32; ENTRIES]],
    c: &mut [__m256; COUNT],
) {
    let (first, second, third) = (avx2.load_twice(&tables[0]), avx2.load_twice(&tables[1]), avx2.load_twice(&tables[2]));
    for (c, word) in c.iter_mut().zip(word) {
        let p0 = avx2.look_up4(first, avx2.shift_right::<A>(word));
        let p1 = avx2.look_up4(second, avx2.shift_right::<B>(word));
        let p2 = avx2.look_up4(third, avx2.shift_right::<C>(word));
        *c = avx2.add(*c, avx2.add(avx2.add(p0, p1), p2));
    }
}
