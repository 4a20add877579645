//! Seeded random numbers. Every epoch has its own stream of the seed, so a run that resumes needs no
//! stored generator state.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// One stream of random numbers.
pub struct Noise(ChaCha8Rng);

impl Noise {
    /// The stream from which the parameters are initialised.
    pub fn for_initialisation(seed: u64) -> Self {
        Self::stream(seed, 0)
    }

    /// The stream of one epoch, counted from 0.
    pub fn for_epoch(seed: u64, epoch: usize) -> Self {
        Self::stream(seed, epoch as u64 + 1)
    }

    /// The stream that draws held-out images.
    pub fn for_held_out(seed: u64) -> Self {
        Self::stream(seed, u64::MAX)
    }

    fn stream(seed: u64, stream: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(stream);
        Self(generator)
    }

    /// Independent samples of N(0, 1).
    pub fn normals(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| StandardNormal.sample(&mut self.0)).collect()
    }

    /// Independent samples of N(mean, deviation^2).
    pub fn gaussian(&mut self, count: usize, mean: f32, deviation: f32) -> Vec<f32> {
        let mut values = self.normals(count);
        for value in &mut values {
            *value = mean + deviation * *value;
        }
        values
    }

    /// Independent samples uniform in [-bound, bound).
    pub fn uniform(&mut self, count: usize, bound: f32) -> Vec<f32> {
        (0..count).map(|_| self.0.random_range(-bound..bound)).collect()
    }

    /// Independent pairs of whole numbers from -bound to bound.
    pub fn moves(&mut self, count: usize, bound: i32) -> Vec<[isize; 2]> {
        let mut number = || self.0.random_range(-bound..=bound) as isize;
        (0..count).map(|_| [number(), number()]).collect()
    }

    /// Independent flags, each set with this probability.
    pub fn flags(&mut self, count: usize, probability: f32) -> Vec<bool> {
        (0..count).map(|_| self.0.random::<f32>() < probability).collect()
    }

    /// A random order of `0..count`.
    pub fn order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        order.shuffle(&mut self.0);
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ() {
        let first = Noise::for_epoch(1, 3).normals(8);
        assert_eq!(first, Noise::for_epoch(1, 3).normals(8));
        assert_ne!(first, Noise::for_epoch(1, 4).normals(8));
        assert_ne!(first, Noise::for_epoch(2, 3).normals(8));
    }

    #[test]
    fn normals_have_mean_zero_and_variance_one() {
        let values = Noise::for_epoch(5, 0).normals(100_000);
        let mean: f64 = values.iter().map(|&v| f64::from(v)).sum::<f64>() / 1e5;
        let variance: f64 = values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / 1e5;
        assert!(mean.abs() < 0.015, "{mean}");
        assert!((variance - 1.0).abs() < 0.02, "{variance}");
    }
}
