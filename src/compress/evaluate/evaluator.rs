//! Error and loss of a network on the validation samples, as the runtime computes them.
//!
//! Every candidate is written as a file and run. So the chosen network is the measured one, bit for bit, on every processor.

use super::assemble::assemble;
use super::budget::ErrorBudget;
use super::score::{Score, class_of};
use super::task::{Goal, Picked, Task};
use crate::base::error::Result;
use crate::compress::options::CompressOptions;
use crate::compress::quantize::{self, Quantized};
use crate::compress::shrink::{OriginalNetwork, ShrunkNetwork};
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
    task: Task<'a>,
}

impl<'a> Evaluator<'a> {
    /// An evaluator of candidates for `network` on the samples of `task`, which fit it.
    pub(crate) fn new(posterior: &'a Posterior, network: &'a OriginalNetwork<'a>, task: Task<'a>) -> Self {
        Self { posterior, network, task }
    }

    /// The same network on other samples, which must fit it.
    pub(crate) fn on<'b>(&'b self, task: Task<'b>) -> Evaluator<'b> {
        Evaluator { task, ..*self }
    }

    /// The samples for whose index `is_picked` is true.
    pub(crate) fn pick(&self, is_picked: impl Fn(usize) -> bool) -> Picked {
        self.task.pick(self.posterior.input().shape.elements(), is_picked)
    }

    /// The network before compression.
    pub(crate) fn posterior(&self) -> &'a Posterior {
        self.posterior
    }

    /// The number of samples.
    pub(crate) fn samples(&self) -> usize {
        self.task.count()
    }

    /// The bounds of a network: `full` plus the part `share` (0 to 1) of what `options` allow.
    pub(crate) fn budget(&self, options: &CompressOptions, full: Score, share: f64) -> ErrorBudget {
        match self.task.goal {
            Goal::Labels(_) => ErrorBudget::of_labels(options, full, share),
            Goal::Agreement { .. } => ErrorBudget::of_agreement(options, full, share),
        }
    }

    /// The name of what the answers are compared with: labels, or the objective of agreement.
    pub(crate) fn objective(&self) -> &'static str {
        match self.task.goal {
            Goal::Labels(_) => "labels",
            Goal::Agreement { kind, .. } => kind.name(),
        }
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
        let samples = self.task.count() as u64;
        let score = |errors, loss: f64| Score { errors, samples, loss: loss / samples as f64 };
        let scores = Scores::of(model.graph());
        let (mut errors, mut loss) = (0u64, 0.0f64);
        let is_whole = blocks(model, self.task.samples, |first, out, each| {
            for (i, own) in (first..).zip(out.chunks_exact(each)) {
                let (wrong, nats) = match self.task.goal {
                    Goal::Labels(labels) => judge(own, scores, usize::try_from(labels[i]).unwrap_or(usize::MAX)),
                    Goal::Agreement { kind, outputs, each } => kind.judge(&outputs[i * each..][..each], own),
                };
                errors += u64::from(wrong);
                loss += nats;
            }
            budget.holds(score(errors, loss)) // more samples lower neither errors nor summed loss
        })?;
        Ok(is_whole.then(|| score(errors, loss)))
    }

    /// The largest difference of an output of a candidate from the full network's, where agreement is asked.
    ///
    /// # Errors
    ///
    /// Those of [`Evaluator::file`].
    pub(crate) fn largest_deviation(&self, shrunk: &ShrunkNetwork, layers: &[&Quantized]) -> Result<Option<f64>> {
        let Goal::Agreement { outputs, .. } = self.task.goal else { return Ok(None) };
        let (_, model) = self.file(shrunk, layers)?;
        let mut largest = 0f64;
        blocks(&model, self.task.samples, |first, out, each| {
            let full = &outputs[first * each..][..out.len()];
            largest = full.iter().zip(out).fold(largest, |largest, (a, b)| largest.max((f64::from(*a) - f64::from(*b)).abs()));
            true
        })?;
        Ok(Some(largest))
    }
}

/// The outputs of a network in 32-bit floats for all samples, one after the other.
///
/// # Errors
///
/// Those of [`Evaluator::file`].
pub(crate) fn outputs(
    posterior: &Posterior,
    network: &OriginalNetwork<'_>,
    shrunk: &ShrunkNetwork,
    samples: Input<'_>,
) -> Result<Vec<f32>> {
    let layers = quantize::exact(shrunk);
    let (_, model) = assemble(posterior, network, shrunk, &layers.iter().collect::<Vec<_>>())?;
    let mut all = Vec::new();
    blocks(&model, samples, |_, out, _| {
        all.extend_from_slice(out);
        true
    })?;
    Ok(all)
}

/// Hands the outputs of one block of samples after the other to `take`, with the index of its first sample and the outputs of a sample, until
/// `take` wants no more. Whether all were taken.
fn blocks(model: &Model, samples: Input<'_>, mut take: impl FnMut(usize, &[f32], usize) -> bool) -> Result<bool> {
    let mut session = Session::with_options(model, &SessionOptions::new().batch(BATCH))?;
    let (inputs, each) = (session.input_len(), session.output_len());
    let count = samples.elements() / inputs.max(1);
    let mut out = vec![0.0; BLOCK * each];
    for first in (0..count).step_by(BLOCK) {
        let number = BLOCK.min(count - first);
        let (out, range) = (&mut out[..number * each], first * inputs..(first + number) * inputs);
        match samples {
            Input::U8(bytes) => session.run(&bytes[range], out)?,
            Input::F32(values) => session.run(&values[range], out)?,
        }
        if !take(first, out, each) {
            return Ok(false);
        }
    }
    Ok(true)
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
