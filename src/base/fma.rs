//! The fused multiply-add, the same on every machine (`format-spec/arithmetic.md`).

/// How a scalar kernel computes `a * b + c` with one rounding.
///
/// Two implementations give equal results: the processor's instruction, and an emulation for processors without it.
pub trait Fma: Copy {
    /// `a * b + c`, rounded once to nearest, ties to even.
    fn fma(a: f32, b: f32, c: f32) -> f32;
}

/// The processor's instruction, when inlined into a function with the target feature `fma`; otherwise a call of the C library's `fmaf`.
#[derive(Clone, Copy, Debug)]
pub struct Hardware;

impl Fma for Hardware {
    #[inline(always)]
    fn fma(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
}

/// Emulation in f64. The product of two f32 is exact and the sum is rounded to odd, so only the last rounding counts
/// (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd", 2008).
#[derive(Clone, Copy, Debug)]
pub struct Emulated;

impl Fma for Emulated {
    #[inline(always)]
    fn fma(a: f32, b: f32, c: f32) -> f32 {
        let product = f64::from(a) * f64::from(b);
        let addend = f64::from(c);
        let sum = product + addend;
        // Knuth's 2Sum (TAOCP vol. 2, section 4.2.2): `error` is exactly what the rounding of `sum` lost.
        let part = sum - product;
        let error = (product - (sum - part)) + (addend - part);
        let bits = sum.to_bits();
        if error != 0.0 && error.is_finite() && sum.is_finite() && bits & 1 == 0 {
            // Inexact and even: round to the odd neighbour on the side of the exact value.
            let away = (error > 0.0) == (sum > 0.0);
            let odd = if away { bits + 1 } else { bits - 1 };
            return round(f64::from_bits(odd));
        }
        round(sum)
    }
}

/// `fma` for code that is not hot: activation functions and tests.
#[inline]
#[must_use]
pub fn fma(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(target_feature = "fma") { Hardware::fma(a, b, c) } else { Emulated::fma(a, b, c) }
}

#[inline(always)]
#[allow(clippy::cast_possible_truncation)]
fn round(x: f64) -> f32 {
    x as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The C library's `fmaf` is the outside reference: correctly rounded on every platform that Rust supports.
    #[test]
    fn emulation_equals_the_correctly_rounded_library_function() {
        let mut state = 0x9E37_79B9_7F4A_7C15u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            u32::try_from(state >> 32).unwrap()
        };
        let mut checked = 0;
        while checked < 400_000 {
            let (a, b) = (f32::from_bits(next()), f32::from_bits(next()));
            // Half of the addends nearly cancel the product, where double rounding would show.
            let c = if checked % 2 == 0 { f32::from_bits(next()) } else { -(a * b) * (1.0 + f32::EPSILON) };
            let (expected, found) = (a.mul_add(b, c), Emulated::fma(a, b, c));
            if expected.is_nan() {
                assert!(found.is_nan());
            } else {
                assert_eq!(expected.to_bits(), found.to_bits(), "{a:e} * {b:e} + {c:e}");
            }
            checked += 1;
        }
    }

    #[test]
    fn double_rounding_is_avoided() {
        // a * b lies half way between two f32. c decides, although it is far below an ulp of the f64 sum.
        let (a, b) = (1.0 + 2f32.powi(-12), 1.0 - 2f32.powi(-12) + 2f32.powi(-23));
        for c in [2f32.powi(-80), -(2f32.powi(-80)), 0.0] {
            assert_eq!(Emulated::fma(a, b, c).to_bits(), a.mul_add(b, c).to_bits());
        }
    }
}
