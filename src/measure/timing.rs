//! Timing that is fair on a busy machine: contestants take turns, and medians are compared.

use std::time::{Duration, Instant};

/// The shortest time of a sample; a shorter call is repeated within it, so that reading the clock costs little.
const SAMPLE: Duration = Duration::from_micros(50);
/// The most calls in a sample.
const MAX_CALLS: u32 = 1 << 20;

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// The least number of rounds; in a round every contestant has one sample.
    pub rounds: usize,
    /// Rounds are added until so much time has passed.
    pub time: Duration,
}

impl Budget {
    /// At least 15 rounds and `time`.
    #[must_use]
    pub fn of(time: Duration) -> Self {
        Self { rounds: 15, time }
    }
}

/// Nanoseconds per call of one contestant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// The median.
    pub median_ns: f64,
    /// The lower quartile.
    pub lower_ns: f64,
    /// The upper quartile.
    pub upper_ns: f64,
    /// Samples taken.
    pub samples: usize,
}

impl Timing {
    /// The quartiles of `samples`, which must not be empty.
    fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_unstable_by(f64::total_cmp);
        let at = |quarter: usize| samples[(samples.len() - 1) * quarter / 4];
        Self { lower_ns: at(1), median_ns: at(2), upper_ns: at(3), samples: samples.len() }
    }

    /// The same timing with every figure divided by `n`: the time of one of `n` equal parts.
    #[must_use]
    pub fn divided_by(self, n: usize) -> Self {
        let n = n as f64;
        Self { median_ns: self.median_ns / n, lower_ns: self.lower_ns / n, upper_ns: self.upper_ns / n, ..self }
    }
}

/// Times every contestant, one sample each in turn. Each round starts with another one, so that none always finds the cache as the
/// same neighbour left it. Nothing here checks what a contestant computes.
pub fn interleaved(contestants: &mut [&mut dyn FnMut()], budget: &Budget) -> Vec<Timing> {
    let count = contestants.len();
    let calls: Vec<u32> = contestants.iter_mut().map(|contestant| calibrate(*contestant)).collect();
    let mut samples = vec![Vec::new(); count];
    let start = Instant::now();
    let mut round = 0;
    while count > 0 && (round < budget.rounds.max(1) || start.elapsed() < budget.time) {
        for turn in 0..count {
            let which = (round + turn) % count;
            samples[which].push(sample(contestants[which], calls[which]));
        }
        round += 1;
    }
    samples.into_iter().map(Timing::of).collect()
}

/// Warms the contestant up and finds how many calls make a sample.
fn calibrate(contestant: &mut dyn FnMut()) -> u32 {
    contestant();
    let mut calls = 1;
    while calls < MAX_CALLS && sample(contestant, calls) * f64::from(calls) < SAMPLE.as_nanos() as f64 {
        calls *= 2;
    }
    calls
}

/// Nanoseconds per call of `calls` calls.
fn sample(contestant: &mut dyn FnMut(), calls: u32) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        contestant();
    }
    start.elapsed().as_nanos() as f64 / f64::from(calls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contestants_take_turns_and_the_slower_one_is_seen() {
        let order = std::cell::RefCell::new(Vec::new());
        let wait = |who: u8, micros: u64| {
            order.borrow_mut().push(who);
            std::thread::sleep(Duration::from_micros(micros));
        };
        let budget = Budget { rounds: 4, time: Duration::ZERO };
        let timings = interleaved(&mut [&mut || wait(0, 200), &mut || wait(1, 3000)], &budget);
        assert_eq!(timings.iter().map(|timing| timing.samples).collect::<Vec<_>>(), [4, 4]);
        assert!(timings[1].lower_ns > timings[0].median_ns, "{timings:?}");
        let order = order.into_inner();
        assert_eq!(order[order.len() - 8..], [0, 1, 1, 0, 0, 1, 1, 0]);
    }

    #[test]
    fn quartiles_are_those_of_the_sorted_samples() {
        let timing = Timing::of(vec![5.0, 1.0, 3.0, 2.0, 4.0]);
        assert_eq!((timing.lower_ns, timing.median_ns, timing.upper_ns, timing.samples), (2.0, 3.0, 4.0, 5));
        assert_eq!(timing.divided_by(2).median_ns, 1.5);
        assert!(interleaved(&mut [], &Budget::of(Duration::ZERO)).is_empty());
    }
}
