//! Error and loss of a network on the validation samples, as the runtime computes them.
//!
//! Every candidate is written as a file and run. So the chosen network is the measured one, bit for bit, on every processor.

use super::assemble::assemble;
use super::budget::ErrorBudget;
use super::score::{Score, class_of};
use crate::base::error::Result;
use crate::compress::quantize::{self, Quantized};
use crate::compress::shrink::{OriginalNetwork, ShrunkNetwork};
use crate::compress::validation::{Picked, Validation};
use crate::evidence::{Scores, is_lost, label_nats};
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
        let scores = Scores::of(model.graph());
        let (mut errors, mut loss) = (0u64, 0.0f64);
        let mut out = vec![0.0; BLOCK * outputs];
        for (block, labels) in self.validation.labels.chunks(BLOCK).enumerate() {
            let (first, out) = (block * BLOCK * inputs, &mut out[..labels.len() * outputs]);
            match self.validation.samples {
                Input::U8(bytes) => session.run(&bytes[first..][..labels.len() * inputs], out)?,
                Input::F32(values) => session.run(&values[first..][..labels.len() * inputs], out)?,
            }
            for (outputs, &label) in out.chunks_exact(outputs).zip(labels) {
                let (wrong, nats) = judge(outputs, scores, usize::try_from(label).unwrap_or(usize::MAX));
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

/// Whether the class of the outputs is not `label`, and their cross-entropy in nats: infinite where an output is lost.
///
/// A probability counts as the least normal number at least. A zero that 32 bits made of it would forbid the network.
fn judge(outputs: &[f32], scores: Scores, label: usize) -> (bool, f64) {
    if outputs.iter().any(|&output| is_lost(output)) {
        return (true, f64::INFINITY);
    }
    let most = if scores == Scores::Probabilities { -f64::from(f32::MIN_POSITIVE).ln() } else { f64::INFINITY };
    (class_of(outputs) != Some(label), label_nats(outputs, scores, label).min(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_is_wrong_and_costs_everything() {
        let (nan, inf) = (f32::NAN, f32::INFINITY);
        for outputs in [[nan, 1.0], [1.0, nan], [nan, nan], [inf, 1.0], [inf, inf], [1.0, -inf], [-inf, -inf], [f32::MAX, 1.0]] {
            for (scores, label) in [(Scores::Logits, 0), (Scores::Logits, 1), (Scores::Probabilities, 0)] {
                assert_eq!(judge(&outputs, scores, label), (true, f64::INFINITY), "{outputs:?}");
            }
        }
    }

    #[test]
    fn equal_outputs_are_wrong_and_a_probability_of_zero_costs_a_finite_loss() {
        let (wrong, loss) = judge(&[0.0, 0.0], Scores::Logits, 0);
        assert!(wrong && (loss - 2.0f64.ln()).abs() < 1e-12);
        let (wrong, loss) = judge(&[0.0, 3.0f32.ln()], Scores::Logits, 0);
        assert!(wrong && (loss - 4.0f64.ln()).abs() < 1e-7, "{loss}");
        // The least normal number is 2^-126.
        let least = 126.0 * std::f64::consts::LN_2;
        for p in [0.0, f32::from_bits(1)] {
            let (wrong, loss) = judge(&[p, 1.0], Scores::Probabilities, 0);
            assert!(wrong && (loss - least).abs() < 1e-12, "{loss}");
        }
        assert_eq!(judge(&[0.0, 1.0], Scores::Probabilities, 1), (false, 0.0));
        assert!(judge(&[1000.0, 0.0], Scores::Logits, 1).1 > least, "logits have no least");
    }
}
