use super::*;
use crate::evidence::Estimate;
use curt_dev::random::Random;
use std::f64::consts::TAU;

fn is_near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-8
}

#[test]
fn bounds_and_sums_of_five_weights() {
    // numpy: log(mean(exp(logw[:k]))) for k = 1 to 5, and the sums of their differences times k.
    let log_weights = [0.0, 1.0, -1.0, 0.5, 2.0];
    for (k, expected) in [(1, 0.0), (2, 0.620_114_507), (3, 0.308_993_676), (4, 0.360_272_908), (5, 0.965_000_027)] {
        assert!(is_near(iwae(&log_weights[..k]), expected), "IWAE_{k}");
    }
    for (k, expected) in [(1, 0.620_114_507), (2, -0.002_127_155), (3, 0.151_710_541), (4, 2.570_619_018)] {
        assert!(is_near(sumo(&log_weights[..=k], Tail::Harmonic).unwrap(), expected), "K = {k}");
    }
    assert_eq!((sumo(&log_weights[..1], Tail::Harmonic), doubling(&log_weights), doubling(&[])), (None, None, None));
    // B_0 = 0.125, B_1 = (0.620114507 + 0.008266097) / 2, B_2 = 0.360272908
    let (b0, b1, b2) = (0.125, f64::midpoint(0.620_114_507, 0.008_266_097), 0.360_272_908);
    let expected = b0 + (b1 - b0) * 2f64.powf(1.5) + (b2 - b1) * 8.0;
    assert!((doubling(&log_weights[..4]).unwrap() - expected).abs() < 1e-7);
    assert_eq!(doubling(&[0.75]), Some(0.75));
}

#[test]
fn weights_may_be_huge_zero_or_no_numbers() {
    assert!(is_near(iwae(&[-1e5, -1e5 + 2.0f64.ln()]), -1e5 + 1.5f64.ln()));
    assert!(is_near(iwae(&[1e5, -1e5]), 1e5 - 2.0f64.ln()));
    let zero = f64::NEG_INFINITY;
    assert!(is_near(iwae(&[zero, 0.0, zero, 0.0]), -(2.0f64.ln())));
    assert_eq!((iwae(&[zero; 3]), iwae(&[])), (zero, zero));
    assert!(iwae(&[0.0, f64::NAN, 1.0]).is_nan() && iwae(&[f64::NAN]).is_nan());
}

#[test]
fn a_tail_is_the_inverse_of_its_draws() {
    let paper = [(1, 1.0), (2, 0.5), (79, 0.012_658_227_8), (80, 0.0125), (81, 0.011_25), (90, 0.004_358_480_5)];
    paper.into_iter().for_each(|(k, expected)| assert!(is_near(Tail::Geometric.survival(k), expected), "{k}"));
    let expectation: f64 = (1..3000).map(|k| Tail::Geometric.survival(k)).sum();
    assert!((expectation - 5.077_979).abs() < 1e-6, "{expectation}");
    for tail in [Tail::Harmonic, Tail::Geometric, Tail::Ended(30)] {
        for k in [1, 2, 3, 7, 29, 30, 31, 79, 80, 81, 90, 200] {
            let survival = tail.survival(k);
            if survival > 0.0 {
                assert!(
                    tail.draw(survival * (1.0 - 1e-9)) >= k && tail.draw(survival.next_up() * (1.0 + 1e-9)) < k.max(2),
                    "{tail:?} {k}"
                );
            }
            assert!(tail.survival(k + 1) <= survival);
        }
        assert_eq!(tail.draw(1.0), 1);
    }
    assert_eq!((Tail::Ended(30).draw(0.0), Tail::Harmonic.draw(0.0), Tail::Ended(30).survival(31)), (30, usize::MAX, 0.0));
    assert_eq!([1.0, 0.36, 0.35, 0.126, 0.124].map(doubling_levels), [0, 0, 1, 1, 2]);
}

#[test]
fn one_weight_may_dominate() {
    let even = Weights::of(&[3.0; 8]).unwrap();
    assert!(is_near(even.effective_sample_size, 8.0) && is_near(even.greatest_share, 0.125) && even.warning().is_none());
    // Weights of 1, 1 and 8: 100 / 66.
    let uneven = Weights::of(&[0.0, 0.0, 8.0f64.ln()]).unwrap();
    assert!(is_near(uneven.effective_sample_size, 100.0 / 66.0) && is_near(uneven.greatest_share, 0.8));
    assert!(uneven.warning().is_some_and(|warning| warning.contains("one of 3 weights has 80 %")));
    assert!(Weights::of(&[5.0]).unwrap().warning().is_none(), "a single weight is all there is");
    let zero = f64::NEG_INFINITY;
    assert_eq!((Weights::of(&[]), Weights::of(&[zero]), Weights::of(&[0.0, f64::NAN])), (None, None, None));
    assert_eq!((Weights::of(&[0.0, f64::INFINITY]), Weights::of(&[-f64::NAN, 0.0])), (None, None));
    assert!(is_near(Weights::of(&[0.0, zero]).unwrap().effective_sample_size, 1.0));
}

/// Half of a normal density at (2.58, 0) and half of one at (-2.58, 0), both of variance 1.55^2, times 2 pi; under q = N(0, 5 I).
struct Toy(Random);

impl Toy {
    fn uniform(&mut self) -> f64 {
        f64::midpoint(self.0.signed(), 1.0).max(f64::MIN_POSITIVE)
    }

    fn log_weights(&mut self, count: usize) -> Vec<f64> {
        let log_p = |&(x, y): &(f64, f64)| {
            let half = |centre: f64| (-((x - centre).powi(2) + y * y) / (2.0 * 1.55 * 1.55)).exp();
            (f64::midpoint(half(2.58), half(-2.58)) / (1.55 * 1.55)).ln()
        };
        let log_q = |&(x, y): &(f64, f64)| -(x * x + y * y) / 10.0 - (5.0 * TAU).ln();
        let draw = || {
            // Box and Muller 1958.
            let (radius, angle) = ((-10.0 * self.uniform().ln()).sqrt(), TAU * self.uniform());
            (radius * angle.cos(), radius * angle.sin())
        };
        log_weights(count, draw, log_p, log_q)
    }
}

/// ln 2 pi
const LOG_Z: f64 = 1.837_877_066;

/// Asserts that runs have this expectation, within four standard errors.
fn expect(expected: f64, at_most: f64, runs: usize, run: impl FnMut(usize) -> f64) {
    let estimate = Estimate::of(&(0..runs).map(run).collect::<Vec<_>>()).unwrap();
    let (off, error) = ((estimate.mean - expected).abs(), estimate.standard_error);
    assert!(off < 4.0 * error && error < at_most, "{estimate:?}, expected {expected}");
}

#[test]
fn expectations_of_the_toy_are_those_of_quadrature() {
    let mut toy = Toy(Random(7));
    // Quadrature with numpy on 801 x 801 points: the bound is 1.457711, its variance 0.986428. IWAE_5 of 3.2 million runs: 1.76606 +- 0.00022.
    expect(1.457_711, 0.003, 200_000, |_| toy.log_weights(1)[0]);
    let variance = 200_000.0 * Estimate::of(&toy.log_weights(200_000)).unwrap().standard_error.powi(2);
    assert!((variance - 0.986_428).abs() < 0.05, "{variance}");
    expect(1.766_06, 0.002, 60_000, |_| iwae(&toy.log_weights(5)));
    expect(LOG_Z, 0.002, 100, |_| iwae(&toy.log_weights(5_000)));
    expect(LOG_Z, 0.02, 20_000, |_| {
        let levels = doubling_levels(toy.uniform());
        doubling(&toy.log_weights(1 << levels)).unwrap()
    });
}

#[test]
fn sumo_of_the_toy_is_unbiased() {
    let mut toy = Toy(Random(11));
    for tail in [Tail::Harmonic, Tail::Geometric] {
        expect(LOG_Z, 0.1, 5_000, |_| {
            let k = tail.draw(toy.uniform());
            sumo(&toy.log_weights(k + 1), tail).unwrap()
        });
    }
    // It has an end, and the expectation of the bound there.
    expect(1.766_06, 0.02, 20_000, |_| {
        let k = Tail::Ended(4).draw(toy.uniform());
        sumo(&toy.log_weights(k + 1), Tail::Ended(4)).unwrap()
    });
}
