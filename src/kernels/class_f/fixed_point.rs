//! Fixed point: integers of `BITS` bits.
//!
//! A field `u` is the integer `(u ^ s) - s` for the sign bit `s`. Put under the exponent of 2^23, `u ^ s` is the float `2^23 + (u ^ s)`; one
//! exact subtraction of `2^23 + s` leaves the integer. So: mask and flip the sign bit (which also sets the exponent), subtract, shift to the
//! next field.

use super::words::{self, Decode};
use crate::encoding::fixed_point::FixedPoint;
use crate::kernels::LinearCall;
use crate::kernels::kernel::Kernel;
use crate::kernels::simd::Simd;

/// The bits of 2^23: the float whose unit in the last place is 1.
const TWO_23: u32 = 0x4B00_0000;

#[derive(Clone, Copy, Debug)]
pub(in crate::kernels) struct FixedPointKernel<S>(pub(in crate::kernels) S);

impl<S: Simd> Kernel for FixedPointKernel<S> {
    type View<'a> = FixedPoint<'a>;

    fn run(self, w: &FixedPoint<'_>, _: &[u32], call: &mut LinearCall<'_>) {
        match w.bits() {
            2 => words::run(self.0, w.words(), &Integers::<2>, call),
            3 => words::run(self.0, w.words(), &Integers::<3>, call),
            4 => words::run(self.0, w.words(), &Integers::<4>, call),
            5 => words::run(self.0, w.words(), &Integers::<5>, call),
            6 => words::run(self.0, w.words(), &Integers::<6>, call),
            7 => words::run(self.0, w.words(), &Integers::<7>, call),
            _ => words::run(self.0, w.words(), &Integers::<8>, call),
        }
    }
}

#[derive(Clone, Copy)]
struct Integers<const BITS: u32>;

impl<S: Simd, const BITS: u32> Decode<S, 1> for Integers<BITS> {
    #[inline(always)]
    fn decode(&self, simd: S, words: S::Words) -> ([S::Floats; 1], S::Words) {
        let sign = 1 << (BITS - 1);
        let offset = f32::from_bits(TWO_23 | sign);
        let float = simd.float_bits(simd.and_xor(words, 2 * sign - 1, TWO_23 | sign));
        ([simd.minus(float, simd.splat(offset))], simd.shift(words, BITS))
    }
}
