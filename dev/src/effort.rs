//! How much of a long test runs: a sample, or with `CURT_TEST_EXHAUSTIVE=1` every case. `.ci/run exhaustive` asks for every case.

use crate::Random;

/// Whether every case is asked for.
pub fn is_exhaustive() -> bool {
    std::env::var_os("CURT_TEST_EXHAUSTIVE").is_some_and(|value| value == "1")
}

/// What a test prints before its counts: whether it ran every case.
pub fn extent() -> &'static str {
    if is_exhaustive() { "every case" } else { "a sample" }
}

/// Which of `count` cases run, in order: every one where that is asked for or `count` is at most `sample`. Otherwise one is drawn from each
/// of `sample` parts of equal length, so that no region is left out. The draw is the same on every run.
pub fn cases(count: usize, sample: usize) -> Vec<usize> {
    if is_exhaustive() || count <= sample {
        return (0..count).collect();
    }
    let mut random = Random(count as u64);
    let start = |part: usize| part * count / sample;
    (0..sample).map(|part| start(part) + random.below(start(part + 1) - start(part))).collect()
}
