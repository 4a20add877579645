//! The vectors of this tier, as the generic loops use them.

use super::Avx512;
use crate::kernels::simd::{Rows, Simd};
use std::arch::x86_64::{__m512, __m512i, _CMP_NEQ_UQ, _CMP_ORD_Q};

impl Simd for Avx512 {
    const LANES: usize = 16;
    type Floats = __m512;
    type Words = __m512i;

    #[inline(always)]
    fn vectorize<T: ?Sized>(self, out: &mut T, f: impl FnOnce(&mut T)) {
        self.with_features(out, f);
    }

    #[inline(always)]
    fn zero(self) -> __m512 {
        self.zeros()
    }

    #[inline(always)]
    fn zero_words(self) -> __m512i {
        self.zeros_u32()
    }

    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        self.splat_f32(x)
    }

    #[inline(always)]
    fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        self.multiply_add(a, b, c)
    }

    #[inline(always)]
    fn minus(self, a: __m512, b: __m512) -> __m512 {
        self.sub(a, b)
    }

    #[inline(always)]
    fn plus(self, a: __m512, b: __m512) -> __m512 {
        self.add(a, b)
    }

    #[inline(always)]
    fn times(self, a: __m512, b: __m512) -> __m512 {
        self.multiply(a, b)
    }

    #[inline(always)]
    fn finite(self, a: __m512) -> __m512 {
        let number = self.or_zero(self.compare::<_CMP_ORD_Q>(a, a), a);
        self.max(self.min(number, self.splat(f32::MAX)), self.splat(f32::MIN))
    }

    #[inline(always)]
    fn finite_relu(self, a: __m512) -> __m512 {
        self.min(self.max(a, self.zero()), self.splat(f32::MAX))
    }

    #[inline(always)]
    fn not_zero(self, a: __m512) -> u32 {
        u32::from(self.compare::<_CMP_NEQ_UQ>(a, self.zero()))
    }

    #[inline(always)]
    fn store_columns(self, to: &mut [u32; 8], places: &[u8; 8], first: u32) {
        self.avx2().store_columns(to, places, first);
    }

    #[inline(always)]
    fn load_lanes(self, from: &[f32]) -> __m512 {
        self.load16(from.first_chunk().expect("invariant: a vector of floats"))
    }

    #[inline(always)]
    fn store_lanes(self, to: &mut [f32], value: __m512) {
        self.store16(to.first_chunk_mut().expect("invariant: a vector of floats"), value);
    }

    #[inline(always)]
    fn and_xor(self, a: __m512i, b: u32, c: u32) -> __m512i {
        // The truth table of `(a & b) ^ c`.
        const AND_XOR: i32 = (0xF0 & 0xCC) ^ 0xAA;
        self.combine::<AND_XOR>(a, self.splat_u32(b.cast_signed()), self.splat_u32(c.cast_signed()))
    }

    #[inline(always)]
    fn shift(self, a: __m512i, bits: u32) -> __m512i {
        self.shift_right_each(a, self.splat_u32(bits.cast_signed()))
    }

    #[inline(always)]
    fn float_bits(self, a: __m512i) -> __m512 {
        self.as_f32(a)
    }

    #[inline(always)]
    fn load(self, from: &Rows<f32>, _: usize) -> __m512 {
        self.load16(from)
    }

    #[inline(always)]
    fn load_f16(self, from: &Rows<u16>, _: usize) -> __m512 {
        self.widen_f16(self.load_u16(from))
    }

    #[inline(always)]
    fn load_words(self, from: &Rows<u32>, _: usize) -> __m512i {
        self.load_u32(from)
    }

    #[inline(always)]
    fn store(self, to: &mut Rows<f32>, _: usize, value: __m512) {
        self.store16(to, value);
    }
}
