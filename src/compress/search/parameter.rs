//! A level or a bias that fine-tuning moves: its step, and where it may go.

use crate::format::packed;

/// The scale of a number, divided by its first step.
const FIRST_STEP: f64 = 16.0;
/// The first step of a number, divided by its least step.
const FINEST: f64 = 1024.0;
/// A level times this must be finite: no integer of fixed point is greater.
const GREATEST_FACTOR: f32 = 128.0;

/// Which number of a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Target {
    Level(usize),
    Bias(usize),
}

/// Multiples of `unit`, the greatest of which is `most`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Grid {
    unit: f64,
    most: f64,
}

impl Grid {
    /// The grid of numbers that the packed file codes as integers; `most` keeps them from needing more bits. `None` when it codes them as floats.
    pub(super) fn of(values: &[f32]) -> Option<Self> {
        let grid = packed::grid(values, 0)?;
        let greatest = grid.integers.iter().map(|integer| integer.unsigned_abs()).max().unwrap_or(0);
        let unit = f64::from(grid.exponent).exp2();
        Some(Self { unit, most: unit * (f64::from((greatest + 1).next_power_of_two()) - 1.0) })
    }
}

/// A number that may move.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    pub(super) layer: usize,
    pub(super) target: Target,
    /// The next move. Its sign is the direction that is tried first.
    pub(super) step: f64,
    /// The least size of a step.
    pub(super) least: f64,
    grid: Option<Grid>,
}

impl Parameter {
    pub(super) fn new(layer: usize, target: Target, scale: f64, grid: Option<Grid>) -> Self {
        let first = scale / FIRST_STEP;
        let least = (first / FINEST).max(grid.map_or(0.0, |grid| grid.unit));
        Self { layer, target, step: first.max(least), least, grid }
    }

    /// The number after a move by `by`; `None` if the move is not allowed. A level keeps its sign and its place in the order.
    pub(super) fn moved(&self, values: &[f32], by: f64) -> Option<f32> {
        let (Target::Level(i) | Target::Bias(i)) = self.target;
        let moved = f64::from(values[i]) + by;
        let moved = match self.grid {
            None => moved,
            Some(grid) => Some(grid.unit * (moved / grid.unit).round_ties_even()).filter(|t| t.abs() <= grid.most)?,
        };
        let value = moved as f32 + 0.0; // -0 is stored as +0
        let fits = match self.target {
            Target::Bias(_) => value.is_finite(),
            Target::Level(_) => {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_move_where_they_may() {
        let level = |i: usize, grid| Parameter::new(0, Target::Level(i), 1.0, grid);
        let levels = [-0.3f32, 0.0, 0.1, 0.7];
        assert_eq!(level(2, Grid::of(&levels)).moved(&levels, 0.5), Some((f64::from(0.1f32) + 0.5) as f32));
        for (i, by) in [(2, 0.6), (2, -0.15), (2, -0.2), (0, 0.35), (0, 0.4), (3, f64::from(f32::MAX) / 100.0), (3, 0.0)] {
            assert_eq!(level(i, None).moved(&levels, by), None, "level {i} by {by}");
        }
        // 5, -3 and 0 eighths: steps of an eighth, at most seven of them.
        let biases = [0.625f32, -0.375, 0.0];
        let bias = |i: usize| Parameter::new(0, Target::Bias(i), 1.0, Grid::of(&biases));
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
