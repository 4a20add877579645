//! How many bits of a weight a posterior variance leaves significant, and the papers' accounting of rates.
//!
//! There are two rules. The **reference** rule gave the published "fast prediction" rates (Louizos et al. 2017, released code). It compares
//! twice the variance with powers of two and charges a sign, an exponent and a significand. The **variance-matched** rule takes the coarsest
//! power-of-two step whose rounding noise, of variance `step^2 / 12`, stays within the posterior variance.

/// The most significand bits: those of an `f32`.
const MAX_BITS: u32 = 23;

/// Significand bits by the reference rule: the number of `k` in 1 to 23 with `2 V < 2^-k`.
pub(super) fn reference(variance: f64) -> u32 {
    (1..=MAX_BITS).take_while(|&k| 2.0 * variance < power(k)).count() as u32
}

/// Fractional bits by the variance-matched rule: the least `t >= 0` with `2^-t <= sqrt(12 V)`, at most 23.
pub(super) fn variance_matched(variance: f64) -> u32 {
    (0..MAX_BITS).find(|&t| power(t) * power(t) <= 12.0 * variance).unwrap_or(MAX_BITS)
}

/// The bits of a layer: the mean over its weights, rounded up; 0 for a layer without weights.
pub(super) fn of_layer(variances: impl Iterator<Item = f64>, rule: fn(f64) -> u32) -> u32 {
    let (sum, count) = variances.fold((0u64, 0u64), |(sum, count), v| (sum + u64::from(rule(v)), count + 1));
    sum.div_ceil(count.max(1)) as u32
}

/// Exponent bits of a network whose greatest weight is `max_abs`: `ceil(log2(log2(max_abs) + 1) + 1)`, at least 1.
///
/// The formula has no value for `max_abs <= 0.5` and is below 1 just above it: in both cases the result is 1.
pub(super) fn exponent(max_abs: f64) -> u32 {
    let bits = ((max_abs.log2() + 1.0).log2() + 1.0).ceil();
    if bits >= 1.0 { bits as u32 } else { 1 }
}

/// Bits of a symmetric fixed-point integer with `t` fractional bits that reaches `max_abs`: a sign and the magnitude, at least 2.
pub(super) fn fixed_point(max_abs: f64, t: u32) -> u32 {
    let greatest = (max_abs / power(t)).round();
    2u32.max(1 + (greatest + 1.0).log2().ceil() as u32)
}

fn power(t: u32) -> f64 {
    f64::from(t).exp2().recip()
}

/// A layer in the papers' accounting, which counts weights only: no biases, no header, no index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LayerCount {
    /// Weights of the original layer.
    pub(super) original: u64,
    /// Weights kept.
    pub(super) kept: u64,
    /// Bits of a weight kept.
    pub(super) bits: u32,
}

/// Original weights over weights kept.
pub(super) fn pruning_rate(layers: &[LayerCount]) -> f64 {
    let sum = |count: fn(&LayerCount) -> u64| layers.iter().map(count).sum::<u64>() as f64;
    sum(|layer| layer.original) / sum(|layer| layer.kept)
}

/// 32 bits for each original weight over the bits of the weights kept: the papers' "fast prediction".
pub(super) fn fast_rate(layers: &[LayerCount]) -> f64 {
    let original: u64 = layers.iter().map(|layer| layer.original).sum();
    let kept: u64 = layers.iter().map(|layer| layer.kept * u64::from(layer.bits)).sum();
    32.0 * original as f64 / kept as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_rule_gives_the_bits_of_the_released_code() {
        let e = (-9.0f64).exp();
        let cases = [(1.0, 0), (0.25, 0), (0.249, 1), (0.01, 5), (e, 11), (1e-4, 12), (1e-6, 18), (1e-9, 23), (0.0, 23)];
        for (variance, bits) in cases {
            assert_eq!(reference(variance), bits, "V = {variance}");
        }
        assert_eq!((reference(2f64.powi(-12)), reference(2f64.powi(-24))), (10, 22), "a power of two is not below itself");
        assert_eq!(of_layer([1e-4, 1e-3, 1e-2, 0.1].into_iter(), reference), 7);
        assert_eq!(of_layer(std::iter::empty(), reference), 0);
    }

    #[test]
    fn the_variance_matched_rule_takes_the_coarsest_step_within_the_noise() {
        assert_eq!((variance_matched(1e-4), variance_matched(0.0), variance_matched(1.0)), (5, 23, 0));
        assert_eq!((variance_matched(0.25 / 12.0), variance_matched(0.249 / 12.0)), (1, 2), "at the step, and just below");
        for exponent in 1..120 {
            let variance = (-f64::from(exponent) / 10.0).exp();
            let formula = (-(12.0 * variance).sqrt().log2()).ceil().clamp(0.0, 23.0);
            assert_eq!(f64::from(variance_matched(variance)), formula, "V = {variance}");
        }
    }

    #[test]
    fn exponents_are_clamped_where_the_formula_has_no_value() {
        let cases =
            [(0.75, 1), (1.0, 1), (1.5, 2), (2.0, 2), (3.9, 3), (4.0, 3), (10.0, 4), (0.51, 1), (0.5, 1), (0.1, 1), (0.0, 1)];
        for (max, bits) in cases {
            assert_eq!(exponent(max), bits, "max |w| = {max}");
        }
    }

    #[test]
    fn integers_of_fixed_point_have_a_sign_and_a_magnitude() {
        assert_eq!((fixed_point(0.75, 2), fixed_point(0.875, 3), fixed_point(1.0, 3), fixed_point(0.0, 5)), (3, 4, 5, 2));
    }

    /// Input units kept of each layer, then the outputs. A layer also loses the outputs that the next layer prunes as inputs.
    fn linear(original: &[u64], kept: &[u64], bits: &[u32]) -> Vec<LayerCount> {
        let pairs = original.windows(2).zip(kept.windows(2)).zip(bits);
        pairs.map(|((o, k), &bits)| LayerCount { original: o[0] * o[1], kept: k[0] * k[1], bits }).collect()
    }

    fn conv(maps: &[u64], kept: &[u64], kernel: u64, bits: &[u32]) -> Vec<LayerCount> {
        let weights = |layer: &LayerCount| LayerCount { original: layer.original * kernel, kept: layer.kept * kernel, ..*layer };
        linear(maps, kept, bits).iter().map(weights).collect()
    }

    /// Kept weights and published rates, printed with one digit, some rounded and some truncated.
    fn check(layers: &[LayerCount], original: u64, kept: u64, pruning: f64, fast: f64) {
        assert_eq!(layers.iter().map(|layer| layer.original).sum::<u64>(), original);
        assert_eq!(layers.iter().map(|layer| layer.kept).sum::<u64>(), kept);
        for (rate, printed) in [(pruning_rate(layers), pruning), (fast_rate(layers), fast)] {
            assert!(rate - printed < 0.1 && printed - rate < 0.051, "{rate}, printed {printed}");
        }
    }

    #[test]
    fn the_published_architectures_have_the_published_rates() {
        let lenet300 = [784, 300, 100, 10];
        check(&linear(&lenet300, &[278, 98, 13, 10], &[8, 9, 14]), 266_200, 28_648, 9.3, 36.8);
        check(&linear(&lenet300, &[311, 86, 14, 10], &[13, 11, 10]), 266_200, 28_090, 9.5, 23.5);
        for (maps, inputs, bits, kept, pruning, fast) in [
            ([1, 8, 13], [88, 13, 10], [18, 10, 7, 9], 4_074, 105.7, 355.3),
            ([1, 5, 10], [76, 16, 10], [10, 10, 14, 13], 2_751, 156.5, 419.3),
        ] {
            let mut layers = conv(&[1, 20, 50], &maps, 25, &bits[..2]);
            layers.extend(linear(&[800, 500, 10], &inputs, &bits[2..]));
            check(&layers, 430_500, kept, pruning, fast);
        }
        let maps = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512];
        for (kept_maps, inputs, bits, kept, pruning, fast) in [
            (
                [3, 63, 64, 128, 128, 245, 155, 63, 26, 24, 20, 14, 12, 11],
                [11, 15, 10],
                [10, 10, 10, 10, 8, 8, 8, 5, 5, 5, 5, 5, 6, 7, 11],
                1_001_286,
                15.0,
                56.8,
            ),
            (
                [3, 51, 62, 125, 128, 228, 129, 38, 13, 9, 6, 5, 6, 6],
                [6, 20, 10],
                [11, 12, 9, 14, 10, 8, 5, 5, 6, 6, 6, 8, 11, 17, 10],
                822_236,
                18.2,
                59.9,
            ),
        ] {
            let mut layers = conv(&maps, &kept_maps, 9, &bits[..13]);
            layers.extend(linear(&[512, 512, 10], &inputs, &bits[13..]));
            check(&layers, 14_977_728, kept, pruning, fast);
        }
    }
}
