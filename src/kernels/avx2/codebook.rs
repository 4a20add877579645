//! Codebook: indices of 1 to 8 bits.
//!
//! - up to 4 levels: `vpermilps` on a table repeated to 4 entries, which makes the second bit of a 1-bit index harmless;
//! - up to 8: `vpermps` on a table of 8;
//! - up to 16: `vpermps` would take two lookups and a blend (a `vpermps` takes 1.3 cycles on Zen 3). Bytes are faster: the 16 levels are four
//!   tables of 16 bytes, one per byte of the float. A word holds 8 indices; a 4 x 4 transpose of bytes brings the same byte of four
//!   rows together, `vpshufb` looks up 32 bytes at once, and interleaving the four results makes floats of 8 rows: 25 shuffles for 64
//!   weights;
//! - more: `vgatherdps` on a table of 256, with indices masked to 8 bits at most (8 cycles for 8 rows on Zen 3, what single loads take).
#![allow(unsafe_code)] // functions that need this tier's features

use super::WRONG;
use super::memory::{gather, load, load_bytes};
use super::packed::{self, Decode};
use crate::encoding::Weights;
use crate::encoding::codebook::Codebook;
use crate::kernels::LinearCall;
use std::arch::x86_64::{
    __m256, __m256i, _mm256_and_si256, _mm256_castsi256_ps, _mm256_permutevar_ps, _mm256_permutevar8x32_ps, _mm256_set1_epi8,
    _mm256_set1_epi32, _mm256_shuffle_epi8, _mm256_srli_epi16, _mm256_srli_epi32, _mm256_unpackhi_epi8, _mm256_unpackhi_epi16,
    _mm256_unpacklo_epi8, _mm256_unpacklo_epi16,
};

/// Up to 16 levels.
pub(super) fn run(weights: &Weights<'_>, _: &[u32], call: &mut LinearCall<'_>) {
    let Weights::Codebook(w) = *weights else { panic!("{WRONG}") };
    match w.words().layout().field_bits() {
        1 => packed::linear(w.words(), &Permute::<1>(table(w)), call),
        2 => packed::linear(w.words(), &Permute::<2>(table(w)), call),
        3 => packed::linear(w.words(), &Permute::<3>(table(w)), call),
        _ => packed::linear(w.words(), &Bytes(planes(&table(w))), call),
    }
}

/// 17 to 256 levels.
pub(super) fn run_large(weights: &Weights<'_>, _: &[u32], call: &mut LinearCall<'_>) {
    let Weights::Codebook(w) = *weights else { panic!("{WRONG}") };
    match w.words().layout().field_bits() {
        5 => packed::linear(w.words(), &Gather::<5>(&table(w)), call),
        6 => packed::linear(w.words(), &Gather::<6>(&table(w)), call),
        7 => packed::linear(w.words(), &Gather::<7>(&table(w)), call),
        _ => packed::linear(w.words(), &Gather::<8>(&table(w)), call),
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

impl<const BITS: i32> Decode<1> for Permute<BITS> {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn decode(&self, words: __m256i) -> ([__m256; 1], __m256i) {
        let table = load(&self.0);
        let levels = if BITS < 3 { _mm256_permutevar_ps(table, words) } else { _mm256_permutevar8x32_ps(table, words) };
        ([levels], _mm256_srli_epi32::<BITS>(words))
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

impl Decode<8> for Bytes {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn decode(&self, words: __m256i) -> ([__m256; 8], __m256i) {
        let low = _mm256_set1_epi8(15);
        // Dword q now holds byte q of four rows: the indices of the columns 2q (low) and 2q + 1.
        let indices = _mm256_shuffle_epi8(words, load_bytes(&TRANSPOSE));
        let [c0, c2, c4, c6] = levels(&self.0, _mm256_and_si256(indices, low));
        let [c1, c3, c5, c7] = levels(&self.0, _mm256_and_si256(_mm256_srli_epi16::<4>(indices), low));
        ([c0, c1, c2, c3, c4, c5, c6, c7], words)
    }
}

/// The levels of 32 indices: four columns of 8 rows.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn levels(planes: &[[u8; 32]; 4], indices: __m256i) -> [__m256; 4] {
    let p0 = _mm256_shuffle_epi8(load_bytes(&planes[0]), indices);
    let p1 = _mm256_shuffle_epi8(load_bytes(&planes[1]), indices);
    let p2 = _mm256_shuffle_epi8(load_bytes(&planes[2]), indices);
    let p3 = _mm256_shuffle_epi8(load_bytes(&planes[3]), indices);
    let (low01, high01) = (_mm256_unpacklo_epi8(p0, p1), _mm256_unpackhi_epi8(p0, p1));
    let (low23, high23) = (_mm256_unpacklo_epi8(p2, p3), _mm256_unpackhi_epi8(p2, p3));
    [
        _mm256_castsi256_ps(_mm256_unpacklo_epi16(low01, low23)),
        _mm256_castsi256_ps(_mm256_unpackhi_epi16(low01, low23)),
        _mm256_castsi256_ps(_mm256_unpacklo_epi16(high01, high23)),
        _mm256_castsi256_ps(_mm256_unpackhi_epi16(high01, high23)),
    ]
}

/// Up to 256 levels, in memory.
#[derive(Clone, Copy)]
struct Gather<'a, const BITS: i32>(&'a [f32; 256]);

impl<const BITS: i32> Decode<1> for Gather<'_, BITS> {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn decode(&self, words: __m256i) -> ([__m256; 1], __m256i) {
        let indices = _mm256_and_si256(words, _mm256_set1_epi32((1 << BITS) - 1));
        ([gather(self.0, indices)], _mm256_srli_epi32::<BITS>(words))
    }
}
