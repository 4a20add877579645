//! The code length of one sample given the outputs of a network.

use crate::graph::{Graph, Op};

/// What the outputs of a classifier are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scores {
    /// Logarithms of probabilities, up to a constant.
    Logits,
    /// Probabilities.
    Probabilities,
}

impl Scores {
    /// Probabilities if the last operator is a softmax, otherwise logits.
    #[must_use]
    pub fn of(graph: &Graph) -> Self {
        match graph.nodes().last().map(|node| node.op) {
            Some(Op::Softmax) => Self::Probabilities,
            _ => Self::Logits,
        }
    }
}

/// Whether an output is lost: NaN, infinite, or the greatest number, which stands for an infinity (`format-spec/arithmetic.md`, section 1).
pub(crate) fn is_lost(output: f32) -> bool {
    output.is_nan() || output.abs() >= f32::MAX
}

/// The code length of a label, nats: `-ln p(label)`.
///
/// `p = softmax(outputs)` of logits; probabilities are divided by their sum, which rounding to 32 bits moves away from 1. It is computed in 64
/// bits as `ln(1 + sum_i exp(x_i - max)) + max - x_label`, with the sum over all but the greatest, so that the code of a sure label keeps its digits. It is infinite where the label has no probability: one of zero, none among the outputs,
/// or outputs lost in an overflow.
///
/// ```
/// use curt::evidence::{Scores, label_nats};
/// let three_to_one = [3.0f32.ln(), 0.0];
/// assert!((label_nats(&three_to_one, Scores::Logits, 1) - 4.0f64.ln()).abs() < 1e-7);
/// assert!((label_nats(&[0.75, 0.25], Scores::Probabilities, 1) - 4.0f64.ln()).abs() < 1e-15);
/// assert_eq!(label_nats(&[1.0, 0.0], Scores::Probabilities, 1), f64::INFINITY);
/// ```
#[must_use]
pub fn label_nats(outputs: &[f32], scores: Scores, label: usize) -> f64 {
    let Some(&of_label) = outputs.get(label) else { return f64::INFINITY };
    if outputs.iter().any(|&output| is_lost(output)) {
        return f64::INFINITY;
    }
    let (of_label, all) = (f64::from(of_label), outputs.iter().map(|&output| f64::from(output)));
    match scores {
        Scores::Logits => {
            let (at, max) = all.clone().enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((label, of_label));
            let others = all.enumerate().filter(|(i, _)| *i != at).map(|(_, logit)| (logit - max).exp());
            others.sum::<f64>().ln_1p() + (max - of_label)
        }
        Scores::Probabilities if of_label > 0.0 => all.sum::<f64>().ln() - of_label.ln(),
        Scores::Probabilities => f64::INFINITY,
    }
}

/// The code length of a number whose expectation is `residual` away, nats: `1/2 ln(2 pi v) + residual^2 / (2 v)`, the negative logarithm of a
/// normal density of variance `v`.
///
/// It is of a density: numbers of precision d cost `-ln d` more, whatever the model. It may be negative.
#[must_use]
pub fn gaussian_nats(residual: f64, variance: f64) -> f64 {
    0.5 * (std::f64::consts::TAU * variance).ln() + residual * residual / (2.0 * variance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_a_label_is_its_cross_entropy() {
        let logits = |outputs: &[f32], label| label_nats(outputs, Scores::Logits, label);
        assert_eq!(logits(&[1000.0, 0.0], 0), 0.0);
        assert_eq!(logits(&[1000.0, 0.0], 1), 1000.0);
        assert!((logits(&[0.0; 10], 3) - 10.0f64.ln()).abs() < 1e-15);
        // scipy.special.log_softmax([2, -1, 0.5])
        for (label, expected) in [(0, 0.241_311_30), (1, 3.241_311_30), (2, 1.741_311_30)] {
            assert!((logits(&[2.0, -1.0, 0.5], label) - expected).abs() < 1e-8, "{label}");
        }
        // Far below what 32 bits hold of 1 - p: ln(1 + e^-30).
        assert!((logits(&[30.0, 0.0], 0) / 9.357_622_968_839_737e-14 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_has_no_probability_has_an_infinite_code() {
        let (nan, inf) = (f32::NAN, f32::INFINITY);
        for outputs in [[nan, 1.0], [1.0, nan], [inf, 1.0], [1.0, -inf], [f32::MAX, 1.0], [0.0, -f32::MAX]] {
            for label in [0, 1] {
                assert_eq!(label_nats(&outputs, Scores::Logits, label), f64::INFINITY, "{outputs:?}");
            }
        }
        assert_eq!(label_nats(&[0.0, 1.0], Scores::Logits, 2), f64::INFINITY);
        assert_eq!(label_nats(&[0.0, 1.0], Scores::Probabilities, 0), f64::INFINITY);
        // The least number of 32 bits is 2^-149.
        let least = label_nats(&[f32::from_bits(1), 1.0], Scores::Probabilities, 0);
        assert!((least - 149.0 * std::f64::consts::LN_2).abs() < 1e-12);
        // Probabilities are those of their sum.
        assert!((label_nats(&[0.5, 1.5], Scores::Probabilities, 0) - 4.0f64.ln()).abs() < 1e-15);
    }

    #[test]
    fn the_code_of_a_number_is_that_of_a_normal_density() {
        // -scipy.stats.norm.logpdf(residual, scale=sqrt(variance))
        for (residual, variance, expected) in
            [(0.0, 1.0, 0.918_938_533), (1.5, 0.25, 4.725_791_353), (-0.1, 1e-4, 46.313_768_347)]
        {
            assert!((gaussian_nats(residual, variance) - expected).abs() < 1e-9, "{residual} {variance}");
        }
    }
}
