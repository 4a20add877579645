//! Codebook: indices of 1 to 8 bits.
//!
//! - up to 4 levels: `vpermilps` on a table repeated to 4 entries, which makes the second bit of a 1-bit index harmless;
//! - up to 8: `vpermps` on a table of 8;
//! - up to 16: `vpermps` would take two lookups and a blend (a `vpermps` takes 1.3 cycles on Zen 3). Bytes are faster: the 16 levels are four
//!   tables of 16 bytes, one per byte of the float. A word holds 8 indices; a 4 x 4 transpose of bytes brings the same byte of four
//!   rows together, `vpshufb` looks up 32 bytes at once, and interleaving the four results makes floats of 8 rows: 25 shuffles for 64
//!   weights;
//! - more: `vgatherdps` on a table of 256, with indices masked to 8 bits at most (8 cycles for 8 rows on Zen 3, what single loads take).

use super::Avx2;
use crate::encoding::codebook::Codebook;
use crate::kernels::LinearCall;
use crate::kernels::class_f::words::{self, Decode};
use crate::kernels::kernel::{Cycles, Kernel, elements};
use std::arch::x86_64::{__m256, __m256i};

/// Up to 16 levels.
#[derive(Clone, Copy, Debug)]
pub(super) struct CodebookKernel(pub(super) Avx2);

impl Kernel for CodebookKernel {
    type View<'a> = Codebook<'a>;

    fn run(self, w: &Codebook<'_>, _: &[u32], call: &mut LinearCall<'_>) {
        match w.words().layout().field_bits() {
            1 => words::run(self.0, w.words(), &Permute::<1>(table(*w)), call),
            2 => words::run(self.0, w.words(), &Permute::<2>(table(*w)), call),
            3 => words::run(self.0, w.words(), &Permute::<3>(table(*w)), call),
            _ => words::run(self.0, w.words(), &Bytes(planes(&table(*w))), call),
        }
    }
}

/// 17 to 256 levels.
#[derive(Clone, Copy, Debug)]
pub(super) struct LargeCodebookKernel(pub(super) Avx2);

impl Kernel for LargeCodebookKernel {
    type View<'a> = Codebook<'a>;

    /// A gather takes 8 cycles for 8 weights: floats are faster as long as they stay in a third-level cache, 8 MiB of them.
    fn most_expanded(self) -> usize {
        1 << 21
    }

    fn cycles(self, w: &Codebook<'_>, _: &[u32]) -> Cycles {
        Cycles { alone: usize::MAX, among: elements(w) / 4 + 230 }
    }

    fn run(self, w: &Codebook<'_>, _: &[u32], call: &mut LinearCall<'_>) {
        match w.words().layout().field_bits() {
            5 => words::run(self.0, w.words(), &Gather::<5>(&table(*w)), call),
            6 => words::run(self.0, w.words(), &Gather::<6>(&table(*w)), call),
            7 => words::run(self.0, w.words(), &Gather::<7>(&table(*w)), call),
            _ => words::run(self.0, w.words(), &Gather::<8>(&table(*w)), call),
        }
    }
}

/// The levels, repeated to fill `N` entries: a power of two, as their number is.
fn table<const N: usize>(w: Codebook<'_>) -> [f32; N] {
    let mut table = [0.0; N];
    table.chunks_exact_mut(w.table().len()).for_each(|part| part.copy_from_slice(w.table()));
    table
}

/// Up to 8 levels, in a register.
#[derive(Clone, Copy)]
struct Permute<const BITS: i32>([f32; 8]);

impl<const BITS: i32> Decode<Avx2, 1> for Permute<BITS> {
    #[inline(always)]
    fn decode(&self, avx2: Avx2, words: __m256i) -> ([__m256; 1], __m256i) {
        let table = avx2.load8(&self.0);
        let levels = if BITS < 3 { avx2.look_up4(table, words) } else { avx2.look_up8(table, words) };
        ([levels], avx2.shift_right::<BITS>(words))
    }
}

/// Byte `b` of each of 16 levels, twice: a table of `vpshufb`.
#[derive(Clone, Copy)]
struct Bytes([[u8; 32]; 4]);

fn planes(levels: &[f32; 16]) -> [[u8; 32]; 4] {
    let mut planes = [[0; 32]; 4];
    for (i, level) in levels.iter().enumerate() {
        for (plane, byte) in planes.iter_mut().zip(level.to_le_bytes()) {
            (plane[i], plane[i + 16]) = (byte, byte);
        }
    }
    planes
}

/// Byte `4 r + q` to byte `4 q + r`, in each half of a vector.
const TRANSPOSE: [u8; 32] =
    [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15];

impl Decode<Avx2, 8> for Bytes {
    #[inline(always)]
    fn decode(&self, avx2: Avx2, words: __m256i) -> ([__m256; 8], __m256i) {
        let low = avx2.splat_u8(15);
        // Dword q now holds byte q of four rows: the indices of the columns 2q (low) and 2q + 1.
        let indices = avx2.look_up_bytes(words, avx2.load_u8(&TRANSPOSE));
        let [c0, c2, c4, c6] = levels(avx2, &self.0, avx2.and(indices, low));
        let [c1, c3, c5, c7] = levels(avx2, &self.0, avx2.and(avx2.shift_right_u16::<4>(indices), low));
        ([c0, c1, c2, c3, c4, c5, c6, c7], words)
    }
}

/// The levels of 32 indices: four columns of 8 rows.
#[inline(always)]
fn levels(avx2: Avx2, planes: &[[u8; 32]; 4], indices: __m256i) -> [__m256; 4] {
    let p0 = avx2.look_up_bytes(avx2.load_u8(&planes[0]), indices);
    let p1 = avx2.look_up_bytes(avx2.load_u8(&planes[1]), indices);
    let p2 = avx2.look_up_bytes(avx2.load_u8(&planes[2]), indices);
    let p3 = avx2.look_up_bytes(avx2.load_u8(&planes[3]), indices);
    let (low01, high01) = (avx2.interleave_low_u8(p0, p1), avx2.interleave_high_u8(p0, p1));
    let (low23, high23) = (avx2.interleave_low_u8(p2, p3), avx2.interleave_high_u8(p2, p3));
    [
        avx2.as_f32(avx2.interleave_low_u16(low01, low23)),
        avx2.as_f32(avx2.interleave_high_u16(low01, low23)),
        avx2.as_f32(avx2.interleave_low_u16(high01, high23)),
        avx2.as_f32(avx2.interleave_high_u16(high01, high23)),
    ]
}

/// Up to 256 levels, in memory.
#[derive(Clone, Copy)]
struct Gather<'a, const BITS: i32>(&'a [f32; 256]);

impl<const BITS: i32> Decode<Avx2, 1> for Gather<'_, BITS> {
    #[inline(always)]
    fn decode(&self, avx2: Avx2, words: __m256i) -> ([__m256; 1], __m256i) {
        let indices = avx2.and(words, avx2.splat_u32((1 << BITS) - 1));
        ([avx2.gather(self.0, indices)], avx2.shift_right::<BITS>(words))
    }
}
