//! Fine-tuning: moves levels and biases to lower the loss, once everything else is chosen.
//!
//! This is a coordinate search without gradients. Every number in turn is tried a step higher and a step lower; a move is kept when the mean
//! cross-entropy falls. A number's step doubles after a move that is kept and halves when neither direction helps. Codes and zeros do not
//! change, and numbers on a grid stay on it. So the file keeps its size.
//!
//! Half of the validation samples are tuned on. A pass over all numbers is kept only when the loss on the other half does not rise. So the
//! search ends when it begins to overfit.

use super::encodings::Selection;
use super::parameter::{Grid, Parameter, Target};
use crate::base::error::{Error, ErrorKind, Result};
use crate::compress::evaluate::{ErrorBudget, Evaluator, Picked, Score};
use crate::compress::progress::Progress;
use crate::compress::quantize::Quantized;
use crate::compress::shrink::ShrunkNetwork;
use serde::Serialize;

/// The most samples that moves are tried on.
const MOST_SAMPLES: usize = 5000;
/// `(sqrt 5 - 1) / 2`. The fractional parts of its multiples fill the interval from 0 to 1 evenly.
const GOLDEN_RATIO: f64 = 0.618_033_988_749_894_9;

/// What fine-tuning changed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FineTuning {
    /// Passes over all levels and biases that were kept.
    pub passes: u32,
    /// Moves that were kept.
    pub moves: u64,
    /// The validation samples that moves were tried on.
    pub tuned_on: TuningPart,
    /// The other validation samples.
    pub checked_on: TuningPart,
}

/// What fine-tuning changed on a part of the validation samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TuningPart {
    /// The number of samples of the part.
    pub samples: u64,
    /// Their score before fine-tuning.
    pub before: Score,
    /// Their score after fine-tuning.
    pub after: Score,
}

impl TuningPart {
    /// A part whose score has not changed yet.
    fn new(score: Score) -> Self {
        Self { samples: score.samples, before: score, after: score }
    }
}

/// A quantized network: biases and weights.
#[derive(Clone)]
struct Tunable {
    shrunk: ShrunkNetwork,
    layers: Vec<Quantized>,
}

impl Tunable {
    /// Every number that may move, layer by layer: levels other than zero, and biases unless all of the layer's are zero.
    fn parameters(&self) -> Vec<Parameter> {
        let mut all = Vec::new();
        for (l, layer) in self.layers.iter().enumerate() {
            let (levels, biases) = (&layer.encoded.levels, self.biases(l));
            let grid = Grid::of(levels);
            for (i, &level) in levels.iter().enumerate().filter(|(_, level)| **level != 0.0) {
                // The distances to zero and to the other levels.
                let others = levels.iter().filter(|&&other| other != level).map(|&other| f64::from((level - other).abs()));
                let scale = others.fold(f64::from(level.abs()), f64::min);
                all.push(Parameter::new(l, Target::Level(i), scale, grid));
            }
            let scale = layer.weights.iter().chain(&biases).fold(0.0, |max, value| value.abs().max(max));
            if biases.iter().any(|&bias| bias != 0.0) {
                let grid = Grid::of(&biases);
                all.extend((0..biases.len()).map(|row| Parameter::new(l, Target::Bias(row), f64::from(scale), grid)));
            }
        }
        all
    }

    /// The biases of a layer as stored.
    fn biases(&self, layer: usize) -> Vec<f32> {
        self.shrunk.layers[layer].stored_bias()
    }

    /// The numbers among which a parameter is: the levels or the biases of its layer.
    fn values(&self, parameter: &Parameter) -> Vec<f32> {
        match parameter.target {
            Target::Level(_) => self.layers[parameter.layer].encoded.levels.clone(),
            Target::Bias(_) => self.biases(parameter.layer),
        }
    }

    fn set(&mut self, parameter: &Parameter, value: f32) -> Result<()> {
        match parameter.target {
            Target::Level(i) => self.layers[parameter.layer].set_level(i, value),
            Target::Bias(i) => {
                self.shrunk.layers[parameter.layer].bias[i] = f64::from(value);
                Ok(())
            }
        }
    }

    fn file(&self, evaluator: &Evaluator<'_>) -> Result<Vec<u8>> {
        Ok(evaluator.file(&self.shrunk, &self.layers.iter().collect::<Vec<_>>())?.0)
    }

    fn score(&self, evaluator: &Evaluator<'_>) -> Result<Score> {
        evaluator.score(&self.shrunk, &self.layers.iter().collect::<Vec<_>>())
    }

    /// Tries both directions. Returns whether a move lowered `score`, and updates `score`.
    fn try_moves(&mut self, parameter: &mut Parameter, evaluator: &Evaluator<'_>, score: &mut Score) -> Result<bool> {
        let values = self.values(parameter);
        let (Target::Level(i) | Target::Bias(i)) = parameter.target;
        for by in [parameter.step, -parameter.step] {
            let Some(value) = parameter.moved(&values, by) else { continue };
            self.set(parameter, value)?;
            let moved = self.score(evaluator)?;
            if moved.loss < score.loss {
                *score = moved;
                parameter.step = 2.0 * by;
                return Ok(true);
            }
            self.set(parameter, values[i])?;
        }
        parameter.step = (parameter.step.abs() / 2.0).max(parameter.least).copysign(parameter.step);
        Ok(false)
    }
}

/// Moves the levels of `selection` and the biases of `shrunk` in at most `passes` passes; `None` if `passes` is 0.
///
/// A network within `budget` stays within it.
///
/// # Errors
///
/// `input` for fewer than two samples; those of [`Evaluator::score`].
pub(crate) fn fine_tune(
    evaluator: &Evaluator<'_>,
    shrunk: &mut ShrunkNetwork,
    selection: &mut Selection,
    passes: u32,
    budget: ErrorBudget,
    progress: Progress<'_>,
) -> Result<Option<FineTuning>> {
    if passes == 0 {
        return Ok(None);
    }
    let picked = parts(evaluator)?;
    let [tuning, checking] = [0, 1].map(|part: usize| evaluator.on(picked[part].borrowed()));
    let mut network = Tunable { shrunk: shrunk.clone(), layers: std::mem::take(&mut selection.layers) };
    let mut parameters = network.parameters();
    let [tuned, checked] = [network.score(&tuning)?, network.score(&checking)?];
    let most_errors = budget.errors.max(tuned.errors + checked.errors);
    let mut result = FineTuning { passes: 0, moves: 0, tuned_on: TuningPart::new(tuned), checked_on: TuningPart::new(checked) };
    for pass in 0..passes {
        let (start, mut tuned) = (network.clone(), result.tuned_on.after);
        let is_finest = parameters.iter().all(|parameter| parameter.step.abs() <= parameter.least);
        let (mut moves, all) = (0, parameters.len() as u64);
        for (i, parameter) in parameters.iter_mut().enumerate() {
            progress("levels and biases tuned", u64::from(pass) * all + i as u64, u64::from(passes) * all);
            moves += u64::from(network.try_moves(parameter, &tuning, &mut tuned)?);
        }
        let checked = network.score(&checking)?;
        if checked.loss > result.checked_on.after.loss || tuned.errors + checked.errors > most_errors {
            network = start;
            break;
        }
        if moves > 0 {
            (result.passes, result.moves) = (pass + 1, result.moves + moves);
            (result.tuned_on.after, result.checked_on.after) = (tuned, checked);
        } else if is_finest {
            break;
        }
    }
    (selection.bytes, selection.score) = (network.file(evaluator)?, network.score(evaluator)?);
    (*shrunk, selection.layers) = (network.shrunk, network.layers);
    Ok(Some(result))
}

/// The samples that moves are tried on, and the others.
///
/// # Errors
///
/// `input` for fewer than two samples.
fn parts(evaluator: &Evaluator<'_>) -> Result<[Picked; 2]> {
    let samples = evaluator.samples();
    if samples < 2 {
        let message =
            format!("fine-tuning needs at least 2 validation samples, one to tune on and one to check on, not {samples}");
        return Err(Error::new(ErrorKind::Input, message));
    }
    Ok([true, false].map(|part| evaluator.pick(|i| is_tuned_on(i, samples) == part)))
}

/// Whether moves are tried on sample `i`: whether the fractional part of `i` times the golden ratio is below 1/2, or below
/// `MOST_SAMPLES / samples` if that is less. Such samples are spread evenly over any order of samples, even if easy and hard ones alternate.
fn is_tuned_on(i: usize, samples: usize) -> bool {
    let share = (MOST_SAMPLES as f64 / samples as f64).min(0.5);
    (i as f64 * GOLDEN_RATIO).fract() < share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_of_samples_is_divided_evenly() {
        for (samples, share) in [(3000, 0.5), (10_000, 0.5), (60_000, 1.0 / 12.0)] {
            for period in 1..=20 {
                for first in 0..period {
                    let members = (first..samples).step_by(period);
                    let (all, tuned) = (members.len() as f64, members.filter(|&i| is_tuned_on(i, samples)).count() as f64);
                    assert!((tuned / all - share).abs() < 0.1 * share, "{tuned} of {all}: {first} and every {period}. later");
                }
            }
        }
        assert_eq!([0, 1].map(|i| is_tuned_on(i, 2)), [true, false]);
    }
}
