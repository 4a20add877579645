//! How far the outputs of a network are from those of the full one, without labels.
//!
//! The distance is a Kullback-Leibler divergence in nats: of the classes' distributions, of each output's yes and no, or of normal
//! distributions around the outputs.

use super::score::class_of;
use crate::base::error::{Error, ErrorKind, Result};
use crate::compress::criterion::Objective;
use crate::evidence::is_lost;
use crate::graph::{Activation, Graph, Op};
use crate::tensor::Shape;

/// The divergence of a sample with a lost output, in nats. Finite, so that one sample does not decide alone.
const LOST: f64 = 100.0;
/// The least probability: the divergence from a zero would be infinite.
const LEAST: f64 = 1e-12;

/// What outputs mean, and how they are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Agreement {
    /// Scores of classes: logits, or probabilities after a softmax.
    Classes { probabilities: bool },
    /// Yes or no: logits, or probabilities after a sigmoid.
    Binary { probabilities: bool },
    /// Numbers. The variance of each over the samples, on average over the outputs, is their scale.
    Numbers { variance: f64 },
}

impl Agreement {
    /// The agreement with `outputs`, those of the full network for each sample.
    ///
    /// # Errors
    ///
    /// `input` when a network of one output is said to name classes.
    pub(crate) fn new(objective: Objective, graph: &Graph, outputs: &[f32]) -> Result<Self> {
        let last = graph.nodes().last().map(|node| node.op);
        let (is_softmax, is_sigmoid) = (last == Some(Op::Softmax), last == Some(Op::Activation(Activation::Sigmoid)));
        let (shape, each) = (graph.output_shape(), graph.output_shape().elements());
        let is_map = matches!(shape, Shape::Image { height, width, .. } if height * width > 1);
        let objective = match objective {
            Objective::Auto if is_softmax && each > 1 => Objective::Classify,
            Objective::Auto if is_sigmoid => Objective::Binary,
            Objective::Auto if each == 1 || is_map || each == graph.input().shape.elements() => Objective::Regress,
            Objective::Auto => Objective::Classify,
            chosen => chosen,
        };
        match objective {
            Objective::Classify if each == 1 => {
                Err(Error::new(ErrorKind::Input, "the network has one output, which names no class: choose binary or regress"))
            }
            Objective::Classify | Objective::Auto => Ok(Self::Classes { probabilities: is_softmax }),
            Objective::Binary => Ok(Self::Binary { probabilities: is_sigmoid }),
            Objective::Regress => Ok(Self::Numbers { variance: variance(outputs, each) }),
        }
    }

    /// The name of the objective.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Classes { .. } => Objective::Classify.name(),
            Self::Binary { .. } => Objective::Binary.name(),
            Self::Numbers { .. } => Objective::Regress.name(),
        }
    }

    /// Whether the answer to a sample differs from the full network's, and the divergence in nats. A lost output counts as another answer.
    pub(super) fn judge(self, full: &[f32], own: &[f32]) -> (bool, f64) {
        if full.iter().any(|&output| is_lost(output)) {
            return (true, 0.0); // whatever is answered here: the full network gives no answer either
        }
        if own.iter().any(|&output| is_lost(output)) {
            return (true, LOST);
        }
        let pairs = || full.iter().zip(own).map(|(&full, &own)| (f64::from(full), f64::from(own)));
        let mean = |sum: f64| (sum / full.len() as f64).clamp(0.0, LOST);
        match self {
            Self::Classes { probabilities } => {
                let of = |outputs: &[f32]| if probabilities { log(outputs) } else { log_softmax(outputs) };
                let (p, q) = (of(full), of(own));
                let divergence: f64 = p.iter().zip(&q).map(|(p, q)| p.exp() * (p - q)).sum();
                (class_of(own) != class_of(full), divergence.clamp(0.0, LOST))
            }
            Self::Binary { probabilities } => {
                let limit = if probabilities { 0.5 } else { 0.0 };
                let probability = |x: f64| if probabilities { x } else { 1.0 / (1.0 + (-x).exp()) };
                let differs = pairs().any(|(full, own)| (full > limit) != (own > limit));
                (differs, mean(pairs().map(|(full, own)| bernoulli(probability(full), probability(own))).sum()))
            }
            Self::Numbers { variance } => {
                (false, mean(pairs().map(|(full, own)| (full - own) * (full - own) / (2.0 * variance)).sum()))
            }
        }
    }
}

/// The divergence of the distribution (p, 1 - p) from (q, 1 - q).
fn bernoulli(p: f64, q: f64) -> f64 {
    let term = |p: f64, q: f64| if p <= 0.0 { 0.0 } else { p * (p / q.max(LEAST)).ln() };
    term(p, q) + term(1.0 - p, 1.0 - q)
}

fn log(probabilities: &[f32]) -> Vec<f64> {
    probabilities.iter().map(|&p| f64::from(p).max(LEAST).ln()).collect()
}

fn log_softmax(logits: &[f32]) -> Vec<f64> {
    let max = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let sum: f64 = logits.iter().map(|&logit| (f64::from(logit) - max).exp()).sum();
    logits.iter().map(|&logit| f64::from(logit) - max - sum.ln()).collect()
}

/// The variance of each output over the samples, on average over the outputs; 1 where all are constant.
fn variance(outputs: &[f32], each: usize) -> f64 {
    let samples = || outputs.chunks_exact(each).filter(|outputs| !outputs.iter().any(|&output| is_lost(output)));
    let count = samples().count() as f64;
    let mut sum = 0.0;
    for i in 0..each {
        let mean = samples().map(|outputs| f64::from(outputs[i])).sum::<f64>() / count;
        sum += samples().map(|outputs| (f64::from(outputs[i]) - mean).powi(2)).sum::<f64>() / count;
    }
    let variance = sum / each as f64;
    if variance > 0.0 && variance.is_finite() { variance } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn the_divergence_is_that_of_the_distributions() {
        // p = (1/4, 3/4), q = (1/2, 1/2): ln(1/2) / 4 + 3 ln(3/2) / 4.
        let expected = 0.25 * 0.5f64.ln() + 0.75 * 1.5f64.ln();
        let classes = |probabilities| Agreement::Classes { probabilities };
        let (differs, nats) = classes(true).judge(&[0.25, 0.75], &[0.5, 0.5]);
        assert!(differs && close(nats, expected), "{nats}");
        let (differs, nats) = classes(false).judge(&[0.0, 3f32.ln()], &[7.0, 7.0]);
        assert!(differs && (nats - expected).abs() < 1e-7, "{nats}");
        assert_eq!(classes(false).judge(&[1.0, 2.0], &[11.0, 12.0]), (false, 0.0), "logits have no zero");
        let binary = |probabilities| Agreement::Binary { probabilities };
        let (differs, nats) = binary(true).judge(&[0.75], &[0.5]);
        assert!(differs && close(nats, expected), "{nats}");
        let (differs, nats) = binary(false).judge(&[3f32.ln(), -1.0], &[0.1, -1.0]);
        assert!(!differs && nats > 0.0);
        assert!(binary(false).judge(&[0.1, -1.0], &[0.1, 1.0]).0, "one of two answers differs");
        // N(1, 2) and N(3, 2): 2^2 / (2 * 2); the other output agrees.
        assert_eq!(Agreement::Numbers { variance: 2.0 }.judge(&[1.0, 5.0], &[3.0, 5.0]), (false, 0.5));
        assert!(close(variance(&[1.0, 10.0, 3.0, 10.0], 2), 0.5));
        assert!(close(variance(&[4.0, 4.0], 1), 1.0));
    }

    #[test]
    fn a_lost_output_is_another_answer_and_swamps_nothing() {
        let kinds = [
            Agreement::Classes { probabilities: false },
            Agreement::Binary { probabilities: false },
            Agreement::Numbers { variance: 1.0 },
        ];
        for kind in kinds {
            for lost in [f32::NAN, f32::INFINITY, f32::MAX, -f32::MAX] {
                assert_eq!(kind.judge(&[1.0, 2.0], &[lost, 2.0]), (true, LOST));
                assert_eq!(kind.judge(&[lost, 2.0], &[1.0, 2.0]), (true, 0.0));
            }
            assert!(kind.judge(&[-3e38, 3e38], &[3e38, -3e38]).1 <= LOST);
        }
    }
}
