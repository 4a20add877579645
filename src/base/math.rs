//! Activation functions, bit for bit as `format-spec/arithmetic.md` defines them. The functions of C libraries differ from each other.

use super::fma::fma;

const LOG2_E: f32 = f32::from_bits(0x3FB8_AA3B);
const LN2_HIGH: f32 = f32::from_bits(0x3F31_8000);
const LN2_LOW: f32 = f32::from_bits(0xB95E_8083);
const HIGHEST: f32 = f32::from_bits(0x42B1_7217);
const LOWEST: f32 = f32::from_bits(0xC2AE_AC4F);
/// `(e^r - 1 - r) / r^2` on `|r| <= ln(2)/2`, highest power first.
const POLYNOMIAL: [u32; 6] = [0x394F_860E, 0x3AB6_C609, 0x3C08_8937, 0x3D2A_AA48, 0x3E2A_AAAA, 0x3F00_0000];

/// ReLU, `max(x, 0)`; negative zero and NaN give +0.
#[inline(always)]
#[must_use]
pub fn relu(x: f32) -> f32 {
    if x > 0.0 { x } else { 0.0 }
}

/// The finite number that stands for `x` (arithmetic.md, section 1): infinities saturate, NaN becomes +0.
#[inline(always)]
#[must_use]
pub fn finite(x: f32) -> f32 {
    #[allow(clippy::eq_op)] // false for NaN: one comparison and a mask in vectors
    let x = if x == x { x } else { 0.0 };
    let x = if x < f32::MAX { x } else { f32::MAX };
    if x > f32::MIN { x } else { f32::MIN }
}

/// `finite(relu(x))`.
#[inline(always)]
#[must_use]
pub fn finite_relu(x: f32) -> f32 {
    let x = relu(x);
    if x < f32::MAX { x } else { f32::MAX }
}

/// `e^x` (arithmetic.md, section 6). The relative error is below 1.5e-7 in the normal range (tested against f64). Smaller results are +0.
#[must_use]
pub fn exp(x: f32) -> f32 {
    if x.is_nan() {
        return f32::NAN;
    }
    if x > HIGHEST {
        return f32::INFINITY;
    }
    if x < LOWEST {
        return 0.0;
    }
    let n = (x * LOG2_E).round_ties_even();
    let r = fma(n, -LN2_LOW, fma(n, -LN2_HIGH, x));
    let p = POLYNOMIAL.iter().skip(1).fold(f32::from_bits(POLYNOMIAL[0]), |p, &c| fma(p, r, f32::from_bits(c)));
    let y = fma(p, r * r, r) + 1.0;
    let half = (n / 2.0).floor();
    y * power_of_two(half) * power_of_two(n - half)
}

/// `2^n` for an integral `n` of -126 to 127.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn power_of_two(n: f32) -> f32 {
    f32::from_bits(((n as i32 + 127) as u32) << 23)
}

/// Softmax in place, `e^(x_i - m) / sum_j e^(x_j - m)` with the maximum `m` (arithmetic.md, section 5).
pub fn softmax(values: &mut [f32]) {
    let Some((&first, rest)) = values.split_first() else { return };
    let greatest = rest.iter().fold(first, |m, &x| if x > m { x } else { m });
    let mut sum = 0.0f32;
    for value in values.iter_mut() {
        *value = exp(*value - greatest);
        sum += *value;
    }
    for value in values {
        *value /= sum;
    }
}

/// `(tanh(x) - x) / x^3` in `x^2` on `|x| < 0.625`, highest power first.
const TANH_POLYNOMIAL: [u32; 5] = [0xBBBA_CCD1, 0x3CA9_0BB2, 0xBD5C_1D18, 0x3E08_838C, 0xBEAA_AA99];

/// The logistic sigmoid `1 / (1 + e^-x)`, computed from `e^-|x|`, which cannot overflow. The relative error is below 4e-7 (tested against f64).
#[must_use]
pub fn sigmoid(x: f32) -> f32 {
    if x >= 0.0 {
        1.0 / (1.0 + exp(-x))
    } else {
        let e = exp(x);
        e / (1.0 + e)
    }
}

/// The hyperbolic tangent; a negative zero gives +0. The relative error is below 4e-7 (tested against f64).
#[must_use]
pub fn tanh(x: f32) -> f32 {
    let size = x.abs();
    if size < 0.625 {
        let t = x * x;
        let p = TANH_POLYNOMIAL.iter().skip(1).fold(f32::from_bits(TANH_POLYNOMIAL[0]), |p, &c| fma(p, t, f32::from_bits(c)));
        return fma(p, t * x, x);
    }
    let y = 1.0 - 2.0 / (exp(2.0 * size) + 1.0);
    if x < 0.0 { -y } else { y }
}

/// `x` clamped to `[min, max]`; NaN stays NaN.
#[inline(always)]
#[must_use]
pub fn clip(x: f32, min: f32, max: f32) -> f32 {
    if x < min {
        min
    } else if x > max {
        max
    } else {
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_near_the_f64_function_over_its_whole_range() {
        let mut worst = 0f64;
        for i in 0..2_000_000u32 {
            let x = -87.3 + 176.0 * (i as f32) / 2_000_000.0;
            let exact = f64::from(x).exp();
            worst = worst.max((f64::from(exp(x)) / exact - 1.0).abs());
        }
        assert!(worst < 1.5e-7, "relative error {worst:e}");
    }

    #[test]
    fn exp_at_its_edges() {
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(HIGHEST).is_finite() && exp(HIGHEST.next_up()).is_infinite());
        assert!(exp(LOWEST) >= f32::MIN_POSITIVE && exp(LOWEST.next_down()) == 0.0);
        assert!(exp(f32::NAN).is_nan() && exp(f32::NEG_INFINITY) == 0.0);
    }

    #[test]
    fn relu_of_odd_values() {
        assert_eq!(relu(-0.0).to_bits(), 0);
        assert_eq!(relu(f32::NAN).to_bits(), 0);
        assert_eq!(relu(f32::INFINITY), f32::INFINITY);
    }

    #[test]
    fn finite_saturates_and_keeps_all_other_bits() {
        let cases = [
            (f32::NAN, 0.0f32),
            (-f32::NAN, 0.0),
            (f32::INFINITY, f32::MAX),
            (f32::NEG_INFINITY, f32::MIN),
            (f32::MIN, f32::MIN),
            (-0.0, -0.0),
            (f32::from_bits(1), f32::from_bits(1)),
        ];
        for (x, expected) in cases {
            assert_eq!(finite(x).to_bits(), expected.to_bits(), "{x}");
            assert_eq!(finite_relu(x).to_bits(), finite(relu(x)).to_bits(), "{x}");
        }
    }

    #[test]
    fn softmax_sums_to_one_and_orders() {
        let mut values = [1.0, 3.0, -2.0, 3.0];
        softmax(&mut values);
        assert!((values.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!(values[1] == values[3] && values[0] > values[2]);
        softmax(&mut []);
    }

    #[test]
    fn sigmoid_and_tanh_are_near_the_f64_functions() {
        let (mut worst_sigmoid, mut worst_tanh) = (0f64, 0f64);
        for i in 0..400_000i32 {
            let x = (i - 200_000) as f32 / 10_000.0;
            let exact = f64::from(x);
            worst_sigmoid = worst_sigmoid.max((f64::from(sigmoid(x)) * (1.0 + (-exact).exp()) - 1.0).abs());
            if x != 0.0 {
                worst_tanh = worst_tanh.max((f64::from(tanh(x)) / exact.tanh() - 1.0).abs());
            }
        }
        assert!(worst_sigmoid < 4e-7 && worst_tanh < 4e-7, "{worst_sigmoid:e} {worst_tanh:e}");
        assert_eq!((sigmoid(200.0), sigmoid(-200.0), tanh(50.0), tanh(-50.0)), (1.0, 0.0, 1.0, -1.0));
        assert!(tanh(-0.0).to_bits() == 0 && tanh(f32::NAN).is_nan() && sigmoid(f32::NAN).is_nan());
    }

    #[test]
    fn clip_clamps_to_its_bounds() {
        assert_eq!((clip(-1.0, 0.0, 6.0), clip(7.0, 0.0, 6.0), clip(3.5, 0.0, 6.0)), (0.0, 6.0, 3.5));
        assert!(clip(f32::NAN, 0.0, 6.0).is_nan());
    }
}
