//! Estimators of a log marginal likelihood, `ln p(x) = ln E_q[w]`, from draws z of a proposal q.
//!
//! The weight of a draw is `w = p(x, z) / q(z)`; all functions take its natural logarithm. In the order of their expectations:
//!
//! - the evidence lower bound, `E[ln w]`: the mean of log weights, [`Estimate::of`](super::Estimate::of). `ln p(x)` exceeds it by KL(q || p(z | x));
//! - [`iwae`] of K weights, a tighter lower bound (Burda, Grosse and Salakhutdinov 2016, eq. 8);
//! - [`sumo`] and [`doubling`], unbiased: their expectation is `ln p(x)`.
//!
//! An unbiased estimate is one of a run; the mean of many runs has a standard error. [`Weights`] says whether the weights can be trusted.

use std::cmp::Ordering;

/// The log weights of `count` draws: `log_p` less `log_q` of each. A density may lack a constant factor, which `ln p(x)` then has too.
///
/// ```
/// use curt::evidence::{iwae, log_weights};
/// // A unit square under a uniform proposal: every weight is the area.
/// let mut x = 0.0;
/// let weights = log_weights(4, || { x += 0.25; x }, |_| 0.0, |_| -(4.0f64.ln()));
/// assert!((iwae(&weights) - 4.0f64.ln()).abs() < 1e-15);
/// ```
pub fn log_weights<Z>(
    count: usize,
    mut draw: impl FnMut() -> Z,
    log_p: impl Fn(&Z) -> f64,
    log_q: impl Fn(&Z) -> f64,
) -> Vec<f64> {
    (0..count).map(|_| draw()).map(|z| log_p(&z) - log_q(&z)).collect()
}

/// `ln(1/K sum_k w_k)`, the importance-weighted bound (Burda et al. 2016, eq. 8); negative infinity without weights.
#[must_use]
pub fn iwae(log_weights: &[f64]) -> f64 {
    LogSum::of(log_weights).mean()
}

/// How many weights a run of [`sumo`] draws: K + 1, with `P(K >= k)` of a tail.
///
/// The terms of the sum have variances of order `1/k^2`, and each is divided by `P(K >= k)`. So the variance of the sum is finite only where
/// `P(K >= k)` falls slower than `1/k`, and E\[K\] is finite only where it falls faster: no tail without an end has both. [`doubling`] does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tail {
    /// `1/k` (Luo et al. 2020, section 3.2). E\[K\] and the variance are infinite.
    Harmonic,
    /// `1/k` below 80, then `0.9^(k - 80) / 80` (the published code of Luo et al.). E\[K\] is 5.078; the variance is infinite.
    Geometric,
    /// `1/k` up to an end, then 0. The variance is finite and E\[K\] is `ln(end)` + 0.58; the expectation is that of IWAE of `end` + 1 weights.
    Ended(usize),
}

impl Tail {
    /// The first k of the fast tail of [`Tail::Geometric`].
    const FAST_FROM: usize = 80;
    const FAST: f64 = 0.9;

    /// `P(K >= k)`, k counted from 1.
    #[must_use]
    pub fn survival(self, k: usize) -> f64 {
        match self {
            Self::Ended(end) if k > end.max(1) => 0.0,
            Self::Geometric if k > Self::FAST_FROM => Self::FAST.powf((k - Self::FAST_FROM) as f64) / Self::FAST_FROM as f64,
            _ => 1.0 / k.max(1) as f64,
        }
    }

    /// K of a uniform `u` in (0, 1\], by inversion: the greatest k with `P(K >= k) >= u`. It grows as `1/u`, and is the greatest integer at 0.
    #[must_use]
    pub fn draw(self, u: f64) -> usize {
        let harmonic = ((1.0 / u) as usize).max(1); // rounds down, and stops at the greatest integer
        match self {
            Self::Harmonic => harmonic,
            Self::Ended(end) => harmonic.min(end.max(1)),
            Self::Geometric if harmonic < Self::FAST_FROM => harmonic,
            Self::Geometric => {
                let more = (u * Self::FAST_FROM as f64).ln() / Self::FAST.ln();
                Self::FAST_FROM.saturating_add(more.max(0.0) as usize)
            }
        }
    }
}

/// A run of SUMO (Luo et al. 2020, eq. 9) of K + 1 log weights, K from [`Tail::draw`]; `None` of fewer than two.
///
/// `IWAE_1 + sum_{k=1}^{K} (IWAE_{k+1} - IWAE_k) / P(K >= k)`.
#[must_use]
pub fn sumo(log_weights: &[f64], tail: Tail) -> Option<f64> {
    let (first, rest) = log_weights.split_first().filter(|(_, rest)| !rest.is_empty())?;
    let mut sum = LogSum::of(&[*first]);
    let mut estimate = sum.mean();
    for (log_weight, k) in rest.iter().zip(1..) {
        let before = sum.mean();
        sum.add(*log_weight);
        estimate += (sum.mean() - before) / tail.survival(k);
    }
    Some(estimate)
}

/// The levels of a run of [`doubling`], which takes `2^levels` weights, of a uniform `u` in (0, 1\]: `P(levels >= l) = 2^(-3l/2)`.
#[must_use]
pub fn doubling_levels(u: f64) -> u32 {
    (-u.log2() / 1.5).max(0.0) as u32 // rounds down
}

/// An unbiased run of `2^L` log weights, L from [`doubling_levels`], with finite variance and 2.2 weights on average; `None` of another number.
///
/// With B_l the mean of IWAE over the blocks of `2^l` neighbours: `B_0 + sum_{l=1}^{L} (B_l - B_{l-1}) / P(levels >= l)` (Blanchet and Glynn 2015,
/// "Unbiased Monte Carlo for optimization and functions of expectations"). The two halves of a block are antithetic, so a term has a
/// variance of order `4^-l`, where the terms of [`sumo`] cost more than they converge. Weights need a finite fourth moment.
#[must_use]
pub fn doubling(log_weights: &[f64]) -> Option<f64> {
    if !log_weights.len().is_power_of_two() {
        return None;
    }
    let mean = |blocks: &[f64]| blocks.iter().sum::<f64>() / blocks.len() as f64;
    let mut blocks = log_weights.to_vec();
    let mut before = mean(&blocks);
    let mut estimate = before;
    for level in 1..=log_weights.len().ilog2() {
        blocks = blocks.chunks_exact(2).map(iwae).collect();
        let now = mean(&blocks);
        estimate += (now - before) * (1.5 * f64::from(level)).exp2();
        before = now;
    }
    Some(estimate)
}

/// How evenly log weights share their sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// The number of weights.
    pub count: usize,
    /// `(sum w)^2 / sum w^2`, from 1 to the number of weights (Kong 1992).
    pub effective_sample_size: f64,
    /// The greatest weight over the sum.
    pub greatest_share: f64,
}

impl Weights {
    /// The share above which one weight dominates.
    const DOMINATES: f64 = 0.5;

    /// Of log weights; `None` without a weight above zero, or with one that is infinite or not a number.
    #[must_use]
    pub fn of(log_weights: &[f64]) -> Option<Self> {
        let greatest = log_weights.iter().copied().max_by(f64::total_cmp).filter(|greatest| greatest.is_finite())?;
        let shares = || log_weights.iter().map(|log_weight| (log_weight - greatest).exp());
        let (sum, squares) = (shares().sum::<f64>(), shares().map(|share| share * share).sum::<f64>());
        let weights = Self { count: log_weights.len(), effective_sample_size: sum * sum / squares, greatest_share: 1.0 / sum };
        sum.is_finite().then_some(weights)
    }

    /// What is wrong with an estimate from these weights, if one weight dominates.
    #[must_use]
    pub fn warning(self) -> Option<String> {
        let Self { count, effective_sample_size, greatest_share } = self;
        (count > 1 && greatest_share > Self::DOMINATES).then(|| {
            format!(
                "one of {count} weights has {:.0} % of their sum (effective sample size {effective_sample_size:.1}): the estimate and its standard \
                 error rest on it; the proposal may miss where p is large",
                100.0 * greatest_share
            )
        })
    }
}

/// The logarithm of a sum of weights, scaled by the greatest so far.
struct LogSum {
    greatest: f64,
    scaled: f64,
    count: usize,
}

impl LogSum {
    fn of(log_weights: &[f64]) -> Self {
        let mut sum = Self { greatest: f64::NEG_INFINITY, scaled: 0.0, count: 0 };
        log_weights.iter().for_each(|&log_weight| sum.add(log_weight));
        sum
    }

    fn add(&mut self, log_weight: f64) {
        self.count += 1;
        match log_weight.partial_cmp(&self.greatest) {
            Some(Ordering::Greater) => {
                self.scaled = self.scaled * (self.greatest - log_weight).exp() + 1.0;
                self.greatest = log_weight;
            }
            Some(_) if log_weight == f64::NEG_INFINITY => (), // a weight of zero adds nothing
            _ => self.scaled += (log_weight - self.greatest).exp(), // NaN stays NaN
        }
    }

    /// `ln(sum / count)`; that of nothing is negative infinity.
    fn mean(&self) -> f64 {
        if self.count == 0 {
            return f64::NEG_INFINITY;
        }
        self.greatest + self.scaled.ln() - (self.count as f64).ln()
    }
}

#[cfg(test)]
mod tests;
