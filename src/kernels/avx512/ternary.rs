//! Ternary, exact: `t = (p0 + p1) + p2`, `c = c + t` for every three columns, each `t` looked up.
//!
//! Per field of three columns a table of its 27 sums (and 5 that no valid code names), two registers: `vpermi2ps` looks up 16 rows by
//! the 5 low bits of each lane, straight from the stored words. Per field: permute, add, shift; four vectors of rows share each table.
//! The addition is an fma by 1, which is exact and leaves the ports of permutes and shifts alone; the 1 is hidden from
//! the compiler, which would make an addition of it.

use super::Avx512;
use crate::encoding::ternary::{LAYOUT, Ternary};
use crate::encoding::tiles::Tile;
use crate::kernels::LinearCall;
use crate::kernels::avx2::Avx2;
use crate::kernels::class_f::TileRows;
use crate::kernels::class_t::{self, TernaryLoops, TernaryWords};
use crate::kernels::kernel::Kernel;
use crate::kernels::segments::segment;
use crate::kernels::simd::Rows;

/// Fields of a word.
const FIELDS: usize = 6;
/// The table of a field: the sum of each code, two registers.
type Table = [[f32; 16]; 2];

/// Digit `i` of code `c`, at `[i][c / 16][c % 16]`: as `encoding::ternary::digits`, for 32 codes.
const DIGITS: [[[u32; 16]; 2]; 3] = {
    let mut digits = [[[0; 16]; 2]; 3];
    let mut code = 0;
    while code < 32 {
        digits[0][code / 16][code % 16] = code as u32 % 3;
        digits[1][code / 16][code % 16] = code as u32 / 3 % 3;
        digits[2][code / 16][code % 16] = code as u32 / 9 % 3;
        code += 1;
    }
    digits
};

#[derive(Clone, Copy, Debug)]
pub(super) struct TernaryKernel(pub(super) Avx512);

impl Kernel for TernaryKernel {
    type View<'a> = Ternary<'a>;

    fn run(self, w: &Ternary<'_>, _: &[u32], call: &mut LinearCall<'_>) {
        let tiling = w.words().tiling();
        let segments = std::array::from_fn(|s| segment(tiling.units(), s));
        let words = TernaryWords {
            words: w.words().raw(),
            tiling,
            first_columns: std::array::from_fn(|s| segment(tiling.units(), s).start * LAYOUT.columns()),
            segments,
            levels: w.levels(),
        };
        class_t::linear(self.0, &words, *w, call);
    }
}

impl TernaryLoops for Avx512 {
    const COLUMNS: usize = LAYOUT.columns();
    const TABLE: usize = FIELDS * 32;
    type Eight = Avx2;

    fn eight(self) -> Avx2 {
        self.avx2()
    }

    fn tables(self, levels: [f32; 3], x: &[f32], tables: &mut [f32]) {
        self.with_features(
            tables,
            #[inline(always)]
            |tables| make_tables(self, levels, x, tables),
        );
    }

    fn accumulate(self, tile: &Tile, words: &[Rows<u32>], tables: &[f32], chains: &mut TileRows) {
        macro_rules! vectors {
            ($($vectors:pat => $v:literal),*) => {
                match tile.vectors {
                    $($vectors => self.with_features(
                        chains,
                        #[inline(always)]
                        |chains| vectors::<$v>(self, words, tables, chains),
                    ),)*
                }
            };
        }
        vectors!(4 => 4, 3 => 3, 2 => 2, _ => 1);
    }
}

#[inline(always)]
fn make_tables(avx512: Avx512, [_, positive, negative]: [f32; 3], x: &[f32], tables: &mut [f32]) {
    let mut levels = [0.0; 16];
    (levels[1], levels[2]) = (positive, negative);
    let levels = avx512.load16(&levels);
    let (tables, _) = tables.as_chunks_mut::<16>();
    let (tables, _) = tables.as_chunks_mut::<2>();
    for (table, x) in tables.iter_mut().zip(x.as_chunks::<3>().0) {
        for (half, table) in table.iter_mut().enumerate() {
            let mut products = [avx512.zeros(); 3];
            for (i, product) in products.iter_mut().enumerate() {
                // Only the lanes 1 and 2: digit 0 is +0, whatever the activation is.
                let by_digit = avx512.multiply_or_zero(0b110, levels, avx512.splat_f32(x[i]));
                *product = avx512.look_up16(avx512.load_u32(&DIGITS[i][half]), by_digit);
            }
            avx512.store16(table, avx512.add(avx512.add(products[0], products[1]), products[2]));
        }
    }
}

/// A tile of `VECTORS` vectors.
#[inline(always)]
fn vectors<const VECTORS: usize>(avx512: Avx512, words: &[Rows<u32>], tables: &[f32], chains: &mut TileRows) {
    let (halves, _) = tables.as_chunks::<16>();
    let (tables, _): (&[Table], _) = halves.as_chunks();
    let (tables, _) = tables.as_chunks::<FIELDS>();
    let one = std::hint::black_box(avx512.splat_f32(1.0));
    let (chains, _) = chains.as_chunks_mut::<16>();
    let mut c = [avx512.zeros(); VECTORS];
    for (c, chain) in c.iter_mut().zip(chains.iter()) {
        *c = avx512.load16(chain);
    }
    for (words, tables) in words.as_chunks::<VECTORS>().0.iter().zip(tables) {
        let mut word = [avx512.zeros_u32(); VECTORS];
        for (word, words) in word.iter_mut().zip(words) {
            *word = avx512.load_u32(words);
        }
        for [low, high] in tables {
            let (low, high) = (avx512.load16(low), avx512.load16(high));
            for (c, word) in c.iter_mut().zip(&mut word) {
                *c = avx512.multiply_add(avx512.look_up32(low, *word, high), one, *c);
                *word = avx512.shift_right::<5>(*word);
            }
        }
    }
    for (c, chain) in c.iter().zip(chains) {
        avx512.store16(chain, *c);
    }
}
