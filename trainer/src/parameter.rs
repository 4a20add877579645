//! A trained array with its optimiser state, and the Adam step on it.

/// Values and Adam moments of one array, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    pub shape: Vec<usize>,
    pub value: Vec<f32>,
    pub first_moment: Vec<f32>,
    pub second_moment: Vec<f32>,
}

impl Parameter {
    pub fn new(shape: Vec<usize>, value: Vec<f32>) -> Self {
        assert_eq!(shape.iter().product::<usize>(), value.len(), "invariant: the shape {shape:?} describes the values");
        let zeros = vec![0.0; value.len()];
        Self { shape, value, first_moment: zeros.clone(), second_moment: zeros }
    }

    /// Keeps only these positions along `axis`; values and moments move together.
    pub fn keep(&mut self, axis: usize, positions: &[usize]) {
        for array in [&mut self.value, &mut self.first_moment, &mut self.second_moment] {
            *array = keep(array, &self.shape, axis, positions);
        }
        self.shape[axis] = positions.len();
    }
}

/// Keeps only these positions along one axis of a row-major array.
pub fn keep(values: &[f32], shape: &[usize], axis: usize, positions: &[usize]) -> Vec<f32> {
    let inner: usize = shape[axis + 1..].iter().product();
    let outer: usize = shape[..axis].iter().product();
    let mut kept = Vec::with_capacity(outer * positions.len() * inner);
    for block in values.chunks_exact(shape[axis] * inner).take(outer) {
        for &position in positions {
            kept.extend_from_slice(&block[position * inner..(position + 1) * inner]);
        }
    }
    kept
}

/// Adam (Kingma and Ba 2015, algorithm 1) with the bias corrections of step `step`, counted from 1.
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    rate: f32,
    first_correction: f32,
    second_correction: f32,
}

impl Adam {
    const FIRST_DECAY: f32 = 0.9;
    const SECOND_DECAY: f32 = 0.999;
    const EPSILON: f32 = 1e-8;

    pub fn at_step(step: u64, rate: f64) -> Self {
        let step = step as f64;
        Self {
            rate: rate as f32,
            first_correction: (1.0 / (1.0 - f64::from(Self::FIRST_DECAY).powf(step))) as f32,
            second_correction: (1.0 / (1.0 - f64::from(Self::SECOND_DECAY).powf(step))) as f32,
        }
    }

    /// Moves the parameter against its gradient, with `factor` times the learning rate.
    pub fn update(&self, parameter: &mut Parameter, gradient: &[f32], factor: f32) {
        assert_eq!(parameter.value.len(), gradient.len(), "invariant: one gradient per value");
        let rate = self.rate * factor;
        let moments = parameter.first_moment.iter_mut().zip(&mut parameter.second_moment);
        for ((value, (first, second)), &slope) in parameter.value.iter_mut().zip(moments).zip(gradient) {
            *first = Self::FIRST_DECAY * *first + (1.0 - Self::FIRST_DECAY) * slope;
            *second = Self::SECOND_DECAY * *second + (1.0 - Self::SECOND_DECAY) * slope * slope;
            let deviation = (*second * self.second_correction).sqrt() + Self::EPSILON;
            *value -= rate * (*first * self.first_correction) / deviation;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keep_selects_along_either_axis() {
        let values: Vec<f32> = (0..6).map(|v| v as f32).collect();
        assert_eq!(keep(&values, &[2, 3], 0, &[1]), [3.0, 4.0, 5.0]);
        assert_eq!(keep(&values, &[2, 3], 1, &[0, 2]), [0.0, 2.0, 3.0, 5.0]);
        assert_eq!(keep(&values, &[1, 3, 2], 1, &[2, 0]), [4.0, 5.0, 0.0, 1.0]);
    }

    #[test]
    fn keep_moves_the_moments_along() {
        let mut parameter = Parameter::new(vec![2, 2], vec![1.0, 2.0, 3.0, 4.0]);
        parameter.first_moment = vec![5.0, 6.0, 7.0, 8.0];
        parameter.keep(1, &[1]);
        assert_eq!(parameter.shape, [2, 1]);
        assert_eq!(parameter.value, [2.0, 4.0]);
        assert_eq!(parameter.first_moment, [6.0, 8.0]);
    }

    /// The first step has the length of the learning rate for any gradient. The second follows the recurrence, calculated by hand for gradients 2
    /// and 1.
    #[test]
    fn adam_follows_the_recurrence() {
        let mut parameter = Parameter::new(vec![1], vec![0.0]);
        Adam::at_step(1, 0.1).update(&mut parameter, &[2.0], 1.0);
        assert!((parameter.value[0] + 0.1).abs() < 1e-6);
        Adam::at_step(2, 0.1).update(&mut parameter, &[1.0], 1.0);
        let first = (0.9 * 0.2 + 0.1) / (1.0 - 0.81);
        let second: f64 = (0.999 * 0.004 + 0.001) / (1.0 - 0.998_001);
        let expected = -0.1 - 0.1 * first / second.sqrt();
        assert!((f64::from(parameter.value[0]) - expected).abs() < 1e-5);
    }
}
