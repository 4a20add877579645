//! Max pooling of 2 x 2, and the input.
//!
//! The even and the odd floats of a row are two shuffles, their order is mended once for each 8 outputs.

use super::Avx2;
use super::halves::HALF;
use crate::base::math::finite;
use crate::kernels::simd::Simd;
use crate::kernels::values::{Run, Values};
use std::arch::x86_64::__m256;

/// The floats of 16 columns of a row.
type Columns = [f32; 2 * HALF];

impl Values for Avx2 {
    fn scale(&self, bytes: &[u8], scale: f32, offset: f32, out: &mut [f32]) {
        self.with_features(
            out,
            #[inline(always)]
            |out| {
                for (out, &byte) in out.iter_mut().zip(bytes) {
                    *out = finite(f32::from(byte) * scale + offset);
                }
            },
        );
    }

    fn scale_runs(&self, runs: &[Run], bytes: &[u8], scale: f32, offset: f32, out: &mut [f32]) {
        self.with_features(
            out,
            #[inline(always)]
            |out| {
                let (scales, offsets) = (self.splat_f32(scale), self.splat_f32(offset));
                for run in runs {
                    let (bytes, out) = (&bytes[run.from as usize..], &mut out[run.to as usize..]);
                    let mut last = [0; HALF];
                    let eight = bytes.first_chunk().unwrap_or_else(
                        #[inline(always)]
                        || {
                            // The last bytes of an input are fewer.
                            last[..bytes.len()].copy_from_slice(bytes);
                            &last
                        },
                    );
                    let x = self.to_f32(self.widen_u8(self.load_bytes(eight)));
                    let out = out.first_chunk_mut().expect("invariant: 8 floats more");
                    self.store8(out, self.finite(self.add(self.multiply(x, scales), offsets)));
                }
            },
        );
    }

    fn max_of_pairs(&self, map: &[f32], pitch: usize, cols: usize, out: &mut [f32]) {
        self.with_features(
            out,
            #[inline(always)]
            |out| {
                let row = |y: usize| &map[y * pitch..];
                let (pairs, rest) = if cols == HALF / 2 { out.as_chunks_mut::<HALF>() } else { (&mut [][..], out) };
                for (i, out) in pairs.iter_mut().enumerate() {
                    // Two rows of 4 outputs.
                    let (top, bottom) =
                        (self.two_rows(row(4 * i), row(4 * i + 2)), self.two_rows(row(4 * i + 1), row(4 * i + 3)));
                    self.store8(out, self.greatest(top, bottom));
                }
                let first = pairs.len() * 2;
                for (i, out) in rest.chunks_exact_mut(cols.max(1)).enumerate() {
                    let y = 2 * (first + i);
                    self.row(&row(y)[..2 * cols], &row(y + 1)[..2 * cols], out);
                }
            },
        );
    }
}

#[inline(always)]
fn sixteen(row: &[f32]) -> &Columns {
    row.first_chunk().expect("invariant: two columns for each output")
}

impl Avx2 {
    /// A row of outputs.
    #[inline(always)]
    fn row(self, top: &[f32], bottom: &[f32], out: &mut [f32]) {
        let cols = out.len();
        if cols < HALF {
            let (mut rows, mut pooled) = ([[0.0; 2 * HALF]; 2], [0.0; HALF]);
            rows[0][..2 * cols].copy_from_slice(top);
            rows[1][..2 * cols].copy_from_slice(bottom);
            self.store8(&mut pooled, self.greatest(self.columns(&rows[0]), self.columns(&rows[1])));
            return out.copy_from_slice(&pooled[..cols]);
        }
        for first in (0..cols).step_by(HALF) {
            // The last vector may overlap the one before.
            let first = first.min(cols - HALF);
            let (top, bottom) = (self.columns(sixteen(&top[2 * first..])), self.columns(sixteen(&bottom[2 * first..])));
            let out = out[first..].first_chunk_mut().expect("invariant: a vector of outputs");
            self.store8(out, self.greatest(top, bottom));
        }
    }

    #[inline(always)]
    fn columns(self, columns: &Columns) -> [__m256; 2] {
        let [low, high] = columns.as_chunks::<HALF>().0 else { unreachable!("invariant: two halves") };
        [self.load8(low), self.load8(high)]
    }

    #[inline(always)]
    fn two_rows(self, first: &[f32], second: &[f32]) -> [__m256; 2] {
        let eight = "invariant: 8 columns";
        [self.load8(first.first_chunk().expect(eight)), self.load8(second.first_chunk().expect(eight))]
    }

    /// The greatest of each two columns of two rows; of equal ones the first.
    #[inline(always)]
    fn greatest(self, top: [__m256; 2], bottom: [__m256; 2]) -> __m256 {
        let mut m = self.pick::<0x88>(top[0], top[1]);
        m = self.max(self.pick::<0xDD>(top[0], top[1]), m);
        m = self.max(self.pick::<0x88>(bottom[0], bottom[1]), m);
        m = self.max(self.pick::<0xDD>(bottom[0], bottom[1]), m);
        // Pairs 0 2 | 1 3 to 0 1 2 3.
        self.order_pairs::<0xD8>(m)
    }
}
