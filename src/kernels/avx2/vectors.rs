//! The vectors of this tier, as the generic loops use them.

use super::Avx2;
use super::halves::{HALF, half};
use crate::kernels::direct::Pairs;
use crate::kernels::simd::{Rows, Simd};
use std::arch::x86_64::{__m256, __m256i, _CMP_NEQ_UQ, _CMP_ORD_Q};

impl Simd for Avx2 {
    const LANES: usize = HALF;
    type Floats = __m256;
    type Words = __m256i;

    #[inline(always)]
    fn vectorize<T: ?Sized>(self, out: &mut T, f: impl FnOnce(&mut T)) {
        self.with_features(out, f);
    }

    #[inline(always)]
    fn zero(self) -> __m256 {
        self.zeros()
    }

    #[inline(always)]
    fn zero_words(self) -> __m256i {
        self.zeros_u32()
    }

    #[inline(always)]
    fn splat(self, x: f32) -> __m256 {
        self.splat_f32(x)
    }

    #[inline(always)]
    fn fma(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        self.multiply_add(a, b, c)
    }

    #[inline(always)]
    fn minus(self, a: __m256, b: __m256) -> __m256 {
        self.sub(a, b)
    }

    #[inline(always)]
    fn plus(self, a: __m256, b: __m256) -> __m256 {
        self.add(a, b)
    }

    #[inline(always)]
    fn times(self, a: __m256, b: __m256) -> __m256 {
        self.multiply(a, b)
    }

    #[inline(always)]
    fn finite(self, a: __m256) -> __m256 {
        let number = self.and_f32(a, self.compare::<_CMP_ORD_Q>(a, a));
        self.max(self.min(number, self.splat(f32::MAX)), self.splat(f32::MIN))
    }

    #[inline(always)]
    fn finite_relu(self, a: __m256) -> __m256 {
        self.min(self.max(a, self.zero()), self.splat(f32::MAX))
    }

    #[inline(always)]
    fn not_zero(self, a: __m256) -> u32 {
        self.signs(self.compare::<_CMP_NEQ_UQ>(a, self.zero())).cast_unsigned()
    }

    #[inline(always)]
    fn store_columns(self, to: &mut [u32; 8], places: &[u8; 8], first: u32) {
        let places = self.widen_u8(self.load_bytes(places));
        self.store_u32(to, self.add_u32(places, self.splat_u32(first.cast_signed())));
    }

    #[inline(always)]
    fn load_lanes(self, from: &[f32]) -> __m256 {
        self.load8(from.first_chunk().expect("invariant: a vector of floats"))
    }

    #[inline(always)]
    fn store_lanes(self, to: &mut [f32], value: __m256) {
        self.store8(to.first_chunk_mut().expect("invariant: a vector of floats"), value);
    }

    #[inline(always)]
    fn and_xor(self, a: __m256i, b: u32, c: u32) -> __m256i {
        self.xor(self.and(a, self.splat_u32(b.cast_signed())), self.splat_u32(c.cast_signed()))
    }

    #[inline(always)]
    fn shift(self, a: __m256i, bits: u32) -> __m256i {
        self.shift_right_each(a, self.splat_u32(bits.cast_signed()))
    }

    #[inline(always)]
    fn float_bits(self, a: __m256i) -> __m256 {
        self.as_f32(a)
    }

    #[inline(always)]
    fn load(self, from: &Rows<f32>, part: usize) -> __m256 {
        self.load8(half(from, part))
    }

    #[inline(always)]
    fn load_f16(self, from: &Rows<u16>, part: usize) -> __m256 {
        self.widen_f16(self.load_u16(half(from, part)))
    }

    #[inline(always)]
    fn load_words(self, from: &Rows<u32>, part: usize) -> __m256i {
        self.load_u32(half(from, part))
    }

    #[inline(always)]
    fn store(self, to: &mut Rows<f32>, part: usize, value: __m256) {
        self.store8(&mut to.as_chunks_mut().0[part], value);
    }
}

impl Pairs for Avx2 {
    #[inline(always)]
    fn greater(self, a: __m256, b: __m256) -> __m256 {
        self.max(a, b)
    }

    #[inline(always)]
    fn store_greatest(self, to: &mut [f32], a: __m256) {
        let greatest = self.max(a, self.pick::<0xB1>(a, a));
        // Lanes 0 and 2 of each half, then both halves side by side.
        let even = self.order_pairs::<0b1000>(self.pick::<0x88>(greatest, greatest));
        self.store_four(to.first_chunk_mut().expect("invariant: half a vector of floats"), self.lower_f32(even));
    }
}
