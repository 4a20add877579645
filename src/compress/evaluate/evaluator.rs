//! Error and loss of a network on the validation samples, as the runtime computes them.
//!
//! Every candidate is written as a file and run. So the chosen network is the measured one, bit for bit, on every processor.

use super::assemble::assemble;
use super::budget::ErrorBudget;
use super::score::{Score, class_of, is_lost};
use crate::base::error::Result;
use crate::compress::quantize::{self, Quantized};
use crate::compress::shrink::{OriginalNetwork, ShrunkNetwork};
use crate::compress::validation::{Picked, Validation};
use crate::graph::Op;
use crate::model::Model;
use crate::posterior::Posterior;
use crate::session::{Input, Session, SessionOptions};

/// Samples that are computed together.
const BATCH: usize = 32;
/// Samples between two comparisons with the budget.
const BLOCK: usize = 8 * BATCH;

/// Runs candidates on the validation samples.
pub(crate) struct Evaluator<'a> {
    posterior: &'a Posterior,
    network: &'a OriginalNetwork<'a>,
    validation: Validation<'a>,
}

impl<'a> Evaluator<'a> {
    /// An evaluator of candidates for `network` on the samples of `validation`.
    ///
    /// # Errors
    ///
    /// `input` when samples or labels do not fit the network.
    pub(crate) fn new(posterior: &'a Posterior, network: &'a OriginalNetwork<'a>, validation: &Validation<'a>) -> Result<Self> {
        validation.check(posterior)?;
        Ok(Self { posterior, network, validation: *validation })
    }

    /// The same network on other samples, which must fit it.
    pub(crate) fn on<'b>(&'b self, validation: Validation<'b>) -> Evaluator<'b> {
        Evaluator { validation, ..*self }
    }

    /// The samples for whose index `is_picked` is true.
    pub(crate) fn pick(&self, is_picked: impl Fn(usize) -> bool) -> Picked {
        self.validation.pick(self.posterior.input().shape.elements(), is_picked)
    }

    /// The number of samples.
    pub(crate) fn samples(&self) -> usize {
        self.validation.labels.len()
    }

    /// Writes a candidate as a file and loads it.
    ///
    /// # Errors
    ///
    /// `non_finite` when a bias is not finite in 32 bits, `internal`, `limit`, `no_memory`.
    pub(crate) fn file(&self, shrunk: &ShrunkNetwork, layers: &[&Quantized]) -> Result<(Vec<u8>, Model)> {
        assemble(self.posterior, self.network, shrunk, layers)
    }

    /// The score of a candidate.
    ///
    /// # Errors
    ///
    /// Those of [`Evaluator::file`].
    pub(crate) fn score(&self, shrunk: &ShrunkNetwork, layers: &[&Quantized]) -> Result<Score> {
        let score = self.score_within(shrunk, layers, ErrorBudget::NONE)?;
        Ok(score.expect("invariant: everything is within no bounds"))
    }

    /// The score of a network in 32-bit floats.
    pub(crate) fn score_exact(&self, shrunk: &ShrunkNetwork) -> Result<Score> {
        let layers = quantize::exact(shrunk);
        self.score(shrunk, &layers.iter().collect::<Vec<_>>())
    }

    /// The score of a candidate; `None` as soon as it exceeds the budget.
    pub(crate) fn score_within(
        &self,
        shrunk: &ShrunkNetwork,
        layers: &[&Quantized],
        budget: ErrorBudget,
    ) -> Result<Option<Score>> {
        self.run(&self.file(shrunk, layers)?.1, budget)
    }

    fn run(&self, model: &Model, budget: ErrorBudget) -> Result<Option<Score>> {
        let samples = self.validation.labels.len() as u64;
        let score = |errors, loss: f64| Score { errors, samples, loss: loss / samples as f64 };
        let mut session = Session::with_options(model, &SessionOptions::new().batch(BATCH))?;
        let (inputs, outputs) = (session.input_len(), session.output_len());
        let probabilities = matches!(model.graph().nodes().last().map(|node| node.op), Some(Op::Softmax));
        let (mut errors, mut loss) = (0u64, 0.0f64);
        let mut out = vec![0.0; BLOCK * outputs];
        for (block, labels) in self.validation.labels.chunks(BLOCK).enumerate() {
            let (first, out) = (block * BLOCK * inputs, &mut out[..labels.len() * outputs]);
            match self.validation.samples {
                Input::U8(bytes) => session.run(&bytes[first..][..labels.len() * inputs], out)?,
                Input::F32(values) => session.run(&values[first..][..labels.len() * inputs], out)?,
            }
            if probabilities {
                out.iter_mut().for_each(|p| *p = logit(*p));
            }
            for (logits, &label) in out.chunks_exact(outputs).zip(labels) {
                let (wrong, nats) = judge(logits, usize::try_from(label).unwrap_or(usize::MAX));
                errors += u64::from(wrong);
                loss += nats;
            }
            if !budget.holds(score(errors, loss)) {
                return Ok(None); // more samples lower neither errors nor summed loss
            }
        }
        Ok(Some(score(errors, loss)))
    }
}

/// The logarithm of a probability, up to a constant. The least normal number replaces smaller ones: the loss of a zero would be infinite.
/// NaN stays NaN, which `f32::max` would hide.
fn logit(p: f32) -> f32 {
    if p < f32::MIN_POSITIVE { f32::MIN_POSITIVE.ln() } else { p.ln() }
}

/// Whether the class of the logits is not `label`, and their cross-entropy in nats: infinite where a logit is lost.
fn judge(logits: &[f32], label: usize) -> (bool, f64) {
    let wrong = class_of(logits) != Some(label);
    if logits.iter().any(|&logit| is_lost(logit)) {
        return (true, f64::INFINITY);
    }
    let max = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let sum: f64 = logits.iter().map(|&value| (f64::from(value) - max).exp()).sum();
    (wrong, sum.ln() + max - f64::from(logits[label]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loss_is_the_cross_entropy_of_the_label() {
        let (wrong, loss) = judge(&[0.0, 3.0f32.ln()], 0);
        assert!(wrong && (loss - 4.0f64.ln()).abs() < 1e-7, "{loss}");
        let (wrong, loss) = judge(&[1000.0, 0.0], 0);
        assert!(!wrong && loss == 0.0);
        let (nan, inf) = (f32::NAN, f32::INFINITY);
        for logits in [[nan, 1.0], [1.0, nan], [nan, nan], [inf, 1.0], [inf, inf], [1.0, -inf], [-inf, -inf], [f32::MAX, 1.0]] {
            for label in [0, 1] {
                assert_eq!(judge(&logits, label), (true, f64::INFINITY), "{logits:?}");
            }
        }
        // Equal logits are an answer of no class.
        let (wrong, loss) = judge(&[0.0, 0.0], 0);
        assert!(wrong && (loss - 2.0f64.ln()).abs() < 1e-12);
        // Of a softmax: a probability of zero is as good as the least normal number, NaN is none.
        assert_eq!([logit(0.0), logit(1.0)], [f32::MIN_POSITIVE.ln(), 0.0]);
        assert!(logit(nan).is_nan());
    }
}
