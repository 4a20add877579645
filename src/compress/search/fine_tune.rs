//! Levels and biases moved to where the loss is least, once everything else is chosen.
//!
//! A search without derivatives: every number in turn is tried a step higher and a step lower, and a move stays when the mean cross-entropy falls. A
//! number's step doubles after a move that stays and halves when neither direction helps. Codes stay as they are, so do zeros, and numbers on a grid stay on it: the
//! file keeps its size.
//!
//! Half of the validation samples are tuned on. A pass over all numbers is kept only when the loss on the others does not rise: the search ends when it begins to
//! learn its samples by heart.

use super::encodings::Selection;
use crate::base::error::{Error, ErrorKind, Result};
use crate::compress::evaluate::{Budget, Evaluator, Score};
use crate::compress::options::Progress;
use crate::compress::quantize::Quantized;
use crate::compress::shrink::Compacted;
use crate::compress::validation::Picked;
use crate::format::packed;

/// Samples that moves are tried on, at most.
const MOST_SAMPLES: usize = 5000;
/// The first step is the scale of a number divided by this.
const FIRST_STEP: f64 = 16.0;
/// The least step is the first one divided by this.
const FINEST: f64 = 1024.0;
/// The fractions of its multiples fill the unit interval evenly.
const GOLDEN_RATIO: f64 = 0.618_033_988_749_894_9;
/// A level times this is finite: no integer of fixed point is greater.
const GREATEST_FACTOR: f32 = 128.0;

/// What moving levels and biases changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FineTuning {
    /// Passes over all levels and biases that were kept.
    pub passes: u32,
    /// Moves that were kept.
    pub moves: u64,
    /// The validation samples that moves were tried on, before and after.
    pub tuned_on: [Score; 2],
    /// The other validation samples, before and after.
    pub checked_on: [Score; 2],
}

/// A quantized network: biases and weights.
#[derive(Clone)]
struct Tunable {
    compacted: Compacted,
    layers: Vec<Quantized>,
}

/// Which number of a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Level(usize),
    Bias(usize),
}

/// Multiples of `unit`, the greatest of which is `most`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Grid {
    unit: f64,
    most: f64,
}

impl Grid {
    /// The grid of numbers that the packed file codes as integers, which get no more bits; `None` when it codes them as floats.
    fn of(values: &[f32]) -> Option<Self> {
        let grid = packed::grid(values, 0)?;
        let greatest = grid.integers.iter().map(|integer| integer.unsigned_abs()).max().unwrap_or(0);
        let unit = f64::from(grid.exponent).exp2();
        Some(Self { unit, most: unit * (f64::from((greatest + 1).next_power_of_two()) - 1.0) })
    }
}

/// A number that may move.
#[derive(Clone, Debug)]
struct Parameter {
    layer: usize,
    place: Place,
    /// What it is moved by next; the sign is the direction that is tried first.
    step: f64,
    /// The least size of a step.
    least: f64,
    grid: Option<Grid>,
}

impl Parameter {
    fn new(layer: usize, place: Place, scale: f64, grid: Option<Grid>) -> Self {
        let first = scale / FIRST_STEP;
        let least = (first / FINEST).max(grid.map_or(0.0, |grid| grid.unit));
        Self { layer, place, step: first.max(least), least, grid }
    }

    /// Where the number comes to when it moves by `by`; `None` where it may not go. A level keeps its sign and its place in the order.
    fn moved(&self, values: &[f32], by: f64) -> Option<f32> {
        let (Place::Level(i) | Place::Bias(i)) = self.place;
        let target = f64::from(values[i]) + by;
        let target = match self.grid {
            None => target,
            Some(grid) => Some(grid.unit * (target / grid.unit).round_ties_even()).filter(|t| t.abs() <= grid.most)?,
        };
        let value = target as f32 + 0.0; // -0 is stored as +0
        let fits = match self.place {
            Place::Bias(_) => value.is_finite(),
            Place::Level(_) => {
                let above_last = i == 0 || values[i - 1] < value;
                let below_next = values.get(i + 1).is_none_or(|&next| value < next);
                value != 0.0
                    && value.signum() == values[i].signum()
                    && above_last
                    && below_next
                    && (GREATEST_FACTOR * value).is_finite()
            }
        };
        (fits && value != values[i]).then_some(value)
    }
}

impl Tunable {
    /// Every number that may move, layer by layer: levels other than zero, and biases, unless a layer has none but zeros.
    fn parameters(&self) -> Vec<Parameter> {
        let mut all = Vec::new();
        for (l, layer) in self.layers.iter().enumerate() {
            let (levels, biases) = (&layer.encoded.levels, self.biases(l));
            let grid = Grid::of(levels);
            for (i, &level) in levels.iter().enumerate().filter(|(_, level)| **level != 0.0) {
                // The way to zero and to the next levels on either side.
                let others = levels.iter().filter(|&&other| other != level).map(|&other| f64::from((level - other).abs()));
                let scale = others.fold(f64::from(level.abs()), f64::min);
                all.push(Parameter::new(l, Place::Level(i), scale, grid));
            }
            let scale = layer.weights.iter().chain(&biases).fold(0.0, |max, value| value.abs().max(max));
            if biases.iter().any(|&bias| bias != 0.0) {
                let grid = Grid::of(&biases);
                all.extend((0..biases.len()).map(|row| Parameter::new(l, Place::Bias(row), f64::from(scale), grid)));
            }
        }
        all
    }

    /// The biases of a layer as stored.
    fn biases(&self, layer: usize) -> Vec<f32> {
        self.compacted.layers[layer].stored_bias()
    }

    /// The numbers that a parameter is one of.
    fn values(&self, parameter: &Parameter) -> Vec<f32> {
        match parameter.place {
            Place::Level(_) => self.layers[parameter.layer].encoded.levels.clone(),
            Place::Bias(_) => self.biases(parameter.layer),
        }
    }

    fn set(&mut self, parameter: &Parameter, value: f32) -> Result<()> {
        match parameter.place {
            Place::Level(i) => self.layers[parameter.layer].set_level(i, value),
            Place::Bias(i) => {
                self.compacted.layers[parameter.layer].bias[i] = f64::from(value);
                Ok(())
            }
        }
    }

    fn file(&self, evaluator: &Evaluator<'_>) -> Result<Vec<u8>> {
        Ok(evaluator.file(&self.compacted, &self.layers.iter().collect::<Vec<_>>())?.0)
    }

    fn score(&self, evaluator: &Evaluator<'_>) -> Result<Score> {
        evaluator.score(&self.compacted, &self.layers.iter().collect::<Vec<_>>())
    }

    /// Tries both directions; whether a move lowered `score`, which is brought up to date.
    fn try_moves(&mut self, parameter: &mut Parameter, evaluator: &Evaluator<'_>, score: &mut Score) -> Result<bool> {
        let values = self.values(parameter);
        let (Place::Level(i) | Place::Bias(i)) = parameter.place;
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

/// Moves the levels of `selection` and the biases of `compacted` in at most `passes` passes, within `budget` where they are already; `None` without any.
/// Errors: `input` for less than two samples; those of [`Evaluator::score`].
pub(crate) fn fine_tune(
    evaluator: &Evaluator<'_>,
    compacted: &mut Compacted,
    selection: &mut Selection,
    passes: u32,
    budget: Budget,
    progress: Progress<'_>,
) -> Result<Option<FineTuning>> {
    if passes == 0 {
        return Ok(None);
    }
    let picked = parts(evaluator)?;
    let [tuning, checking] = [0, 1].map(|part: usize| evaluator.on(picked[part].borrowed()));
    let mut network = Tunable { compacted: compacted.clone(), layers: std::mem::take(&mut selection.layers) };
    let mut parameters = network.parameters();
    let [tuned, checked] = [network.score(&tuning)?, network.score(&checking)?];
    let most_errors = budget.errors.max(tuned.errors + checked.errors);
    let mut result = FineTuning { passes: 0, moves: 0, tuned_on: [tuned; 2], checked_on: [checked; 2] };
    for pass in 0..passes {
        let (start, mut tuned) = (network.clone(), result.tuned_on[1]);
        let is_finest = parameters.iter().all(|parameter| parameter.step.abs() <= parameter.least);
        let (mut moves, all) = (0, parameters.len() as u64);
        for (i, parameter) in parameters.iter_mut().enumerate() {
            progress("levels and biases tuned", u64::from(pass) * all + i as u64, u64::from(passes) * all);
            moves += u64::from(network.try_moves(parameter, &tuning, &mut tuned)?);
        }
        let checked = network.score(&checking)?;
        if checked.loss > result.checked_on[1].loss || tuned.errors + checked.errors > most_errors {
            network = start;
            break;
        }
        if moves > 0 {
            (result.passes, result.moves) = (pass + 1, result.moves + moves);
            (result.tuned_on[1], result.checked_on[1]) = (tuned, checked);
        } else if is_finest {
            break;
        }
    }
    (selection.bytes, selection.score) = (network.file(evaluator)?, network.score(evaluator)?);
    (*compacted, selection.layers) = (network.compacted, network.layers);
    Ok(Some(result))
}

/// The samples that moves are tried on, and the others. Errors: `input` for less than two.
fn parts(evaluator: &Evaluator<'_>) -> Result<[Picked; 2]> {
    let samples = evaluator.samples();
    if samples < 2 {
        let message =
            format!("fine-tuning needs at least 2 validation samples, one to tune on and one to check on, not {samples}");
        return Err(Error::new(ErrorKind::Input, message));
    }
    Ok([true, false].map(|part| evaluator.pick(|i| is_tuned_on(i, samples) == part)))
}

/// Whether moves are tried on sample `i`: where the fraction of `i` times the golden ratio is in the first half, or less. Such samples are spread evenly over
/// every order of samples, also where easy and hard ones alternate.
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

    #[test]
    fn numbers_move_where_they_may() {
        let level = |i: usize, grid| Parameter::new(0, Place::Level(i), 1.0, grid);
        let levels = [-0.3f32, 0.0, 0.1, 0.7];
        assert_eq!(level(2, Grid::of(&levels)).moved(&levels, 0.5), Some((f64::from(0.1f32) + 0.5) as f32));
        for (i, by) in [(2, 0.6), (2, -0.15), (2, -0.2), (0, 0.35), (0, 0.4), (3, f64::from(f32::MAX) / 100.0), (3, 0.0)] {
            assert_eq!(level(i, None).moved(&levels, by), None, "level {i} by {by}");
        }
        // 5, -3 and 0 eighths: steps of an eighth, at most seven of them.
        let biases = [0.625f32, -0.375, 0.0];
        let bias = |i: usize| Parameter::new(0, Place::Bias(i), 1.0, Grid::of(&biases));
        assert_eq!((bias(0).step, bias(0).least), (0.125, 0.125));
        assert_eq!(
            [0.125, 0.25, 0.3, -0.625].map(|by| bias(0).moved(&biases, by)),
            [Some(0.75), Some(0.875), Some(0.875), Some(0.0)]
        );
        assert_eq!((bias(0).moved(&biases, 0.375), bias(1).moved(&biases, -0.625)), (None, None));
        assert_eq!(bias(2).moved(&biases, -0.125), Some(-0.125));
        assert!(Grid::of(&[0.1, 0.7]).is_none());
    }
}
