//! The columns whose activations are not zero, in ascending order.

use super::layout::Bounds;
use crate::kernels::segments::SEGMENTS;
use crate::kernels::simd::Simd;
use std::ops::Range;

/// The places of the set bits of a byte, in ascending order.
const PLACES: [[u8; 8]; 256] = {
    let mut table = [[0; 8]; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut bit, mut count) = (0, 0);
        while bit < 8 {
            if byte >> bit & 1 == 1 {
                table[byte][count] = bit as u8;
                count += 1;
            }
            bit += 1;
        }
        byte += 1;
    }
    table
};

/// The number of set bits of a byte.
const COUNTS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).count_ones() as u8;
        byte += 1;
    }
    table
};

/// The numbers that [`find`] needs room for.
pub(super) fn room(cols: usize) -> usize {
    cols + 8
}

/// Writes the columns of each segment to `found`, one segment after the other; returns where each lies. `x` has [`PADDING`](crate::kernels::PADDING)
/// floats after the last column.
#[inline(always)]
pub(super) fn find<S: Simd>(simd: S, x: &[f32], bounds: &Bounds, found: &mut [u32]) -> [Range<usize>; SEGMENTS] {
    let mut at = 0;
    let mut places = [0..0, 0..0, 0..0, 0..0];
    for (place, bounds) in places.iter_mut().zip(bounds) {
        let start = at;
        let mut col = bounds.start;
        while col < bounds.end {
            let mut mask = simd.not_zero(simd.load_lanes(&x[col..]));
            // Lanes after the segment do not count.
            let left = bounds.end - col;
            if left < S::LANES {
                mask &= (1 << left) - 1;
            }
            for byte in 0..S::LANES / 8 {
                let byte_mask = (mask >> (8 * byte) & 0xFF) as usize;
                let out = found[at..].first_chunk_mut().expect("invariant: room for 8 more");
                simd.store_columns(out, &PLACES[byte_mask], (col + 8 * byte) as u32);
                at += usize::from(COUNTS[byte_mask]);
            }
            col += S::LANES;
        }
        *place = start..at;
    }
    places
}
