//! Codebook: indices of 1 to 8 bits.
//!
//! Up to 16 levels are one register: `vpermps` reads the 4 low bits of each lane, and a table that is repeated to 16 entries makes the bits above a
//! shorter index harmless. More levels are 1, 2, 4 or 8 pairs of registers: `vpermi2ps` looks the 5 low bits up in each pair, the
//! bits above choose among the pairs. All tables stay in registers.

use super::Avx512;
use crate::encoding::codebook::Codebook;
use crate::kernels::LinearCall;
use crate::kernels::class_f::words::{self, Decode};
use crate::kernels::kernel::Kernel;
use std::arch::x86_64::{__m512, __m512i};

/// Up to 16 levels.
#[derive(Clone, Copy, Debug)]
pub(super) struct CodebookKernel(pub(super) Avx512);

impl Kernel for CodebookKernel {
    type View<'a> = Codebook<'a>;

    fn run(self, w: &Codebook<'_>, _: &[u32], call: &mut LinearCall<'_>) {
        match w.words().layout().field_bits() {
            1 => words::run(self.0, w.words(), &Permute::<1>(table(*w)), call),
            2 => words::run(self.0, w.words(), &Permute::<2>(table(*w)), call),
            3 => words::run(self.0, w.words(), &Permute::<3>(table(*w)), call),
            _ => words::run(self.0, w.words(), &Permute::<4>(table(*w)), call),
        }
    }
}

/// 17 to 256 levels.
#[derive(Clone, Copy, Debug)]
pub(super) struct LargeCodebookKernel(pub(super) Avx512);

impl Kernel for LargeCodebookKernel {
    type View<'a> = Codebook<'a>;

    fn run(self, w: &Codebook<'_>, _: &[u32], call: &mut LinearCall<'_>) {
        match w.words().layout().field_bits() {
            5 => words::run(self.0, w.words(), &Pairs::<5, 1, 2>(table(*w)), call),
            6 => words::run(self.0, w.words(), &Pairs::<6, 2, 4>(table(*w)), call),
            7 => words::run(self.0, w.words(), &Pairs::<7, 4, 8>(table(*w)), call),
            _ => words::run(self.0, w.words(), &Pairs::<8, 8, 16>(table(*w)), call),
        }
    }
}

/// The levels, repeated to fill `N` registers.
fn table<const N: usize>(w: Codebook<'_>) -> [[f32; 16]; N] {
    let mut table = [[0.0; 16]; N];
    let parts = table.as_flattened_mut().chunks_exact_mut(w.table().len());
    parts.for_each(|part| part.copy_from_slice(w.table()));
    table
}

/// Up to 16 levels.
#[derive(Clone, Copy)]
struct Permute<const BITS: u32>([[f32; 16]; 1]);

impl<const BITS: u32> Decode<Avx512, 1> for Permute<BITS> {
    #[inline(always)]
    fn decode(&self, avx512: Avx512, words: __m512i) -> ([__m512; 1], __m512i) {
        ([avx512.look_up16(words, avx512.load16(&self.0[0]))], avx512.shift_right::<BITS>(words))
    }
}

/// `32 * PAIRS` levels, in twice as many registers.
#[derive(Clone, Copy)]
struct Pairs<const BITS: u32, const PAIRS: usize, const REGISTERS: usize>([[f32; 16]; REGISTERS]);

impl<const BITS: u32, const PAIRS: usize, const REGISTERS: usize> Decode<Avx512, 1> for Pairs<BITS, PAIRS, REGISTERS> {
    #[inline(always)]
    fn decode(&self, avx512: Avx512, words: __m512i) -> ([__m512; 1], __m512i) {
        let mut levels = [avx512.zeros(); PAIRS];
        for (levels, [low, high]) in levels.iter_mut().zip(self.0.as_chunks().0) {
            *levels = avx512.look_up32(avx512.load16(low), words, avx512.load16(high));
        }
        let (mut left, mut bit) = (PAIRS, 32);
        while left > 1 {
            let upper = avx512.share_bits(words, avx512.splat_u32(bit));
            for i in 0..left / 2 {
                levels[i] = avx512.blend(upper, levels[2 * i], levels[2 * i + 1]);
            }
            (left, bit) = (left / 2, 2 * bit);
        }
        ([levels[0]], avx512.shift_right::<BITS>(words))
    }
}
