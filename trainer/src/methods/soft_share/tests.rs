use super::*;
use crate::data::{Images, Scaling};
use crate::methods::MethodOptions as _;
use crate::network::Step;
use crate::options;
use crate::train::{Run, Split, train};

fn network() -> Network {
    Network::new("small", [1, 4, 4], &[Step::Flatten, Step::Linear(16, 8), Step::Relu, Step::Linear(8, 3)])
}

fn options() -> SoftShareOptions {
    SoftShareOptions {
        common: options::tests::short(60),
        components: 5,
        zero: 0.9,
        tau: 0.1,
        prior_rate: 1e-2,
        means_rate: 2e-3,
        merge: 0.5,
        start: Some("dense".into()),
    }
}

fn images(count: usize) -> Images {
    let mut noise = Noise::for_epoch(9, 0);
    let values = noise.normals(count * 16).into_iter().enumerate();
    let pixels = values.map(|(at, v)| (60.0 + (at / 16 % 3) as f32 * 60.0 + 40.0 * v).clamp(0.0, 255.0) as u8).collect();
    Images::new([4, 4], pixels, (0..count).map(|index| (index % 3) as u8).collect(), Scaling::UNIT).unwrap()
}

fn begin() -> SoftShare {
    SoftShare::new(Plain::initialise(&network(), &mut Noise::for_initialisation(4)), &options())
}

fn mixture() -> Mixture {
    Mixture {
        zero: 0.6,
        means: vec![-0.4, 0.3, 0.9],
        log_variances: vec![-3.0, -2.0, -4.0, -1.5],
        log_proportions: vec![0.2, -0.5, 0.4],
    }
}

/// Two components of equal width by hand: 0.6 N(w; 0, 1) + 0.4 N(w; 2, 1) at w = 1 is e^-0.5 / sqrt(2 pi), the pulls are 0.6 and -0.4.
#[test]
fn the_cost_of_a_weight_between_two_components() {
    let mixture = Mixture { zero: 0.6, means: vec![2.0], log_variances: vec![0.0, 0.0], log_proportions: vec![7.0] };
    let cost = mixture.cost([1.0].into_iter());
    assert!((cost.nats - (0.5 + 0.5 * std::f64::consts::TAU.ln())).abs() < 1e-12);
    assert!((cost.by_weight[0] - 0.2).abs() < 1e-12);
    assert!((cost.by_mean[0] - 0.4).abs() < 1e-12);
    // At a distance of one deviation a wider or narrower component is no better.
    assert!(cost.by_log_variance.iter().all(|slope| slope.abs() < 1e-12));
    assert!(cost.by_log_proportion[0].abs() < 1e-12, "one component has all that the one at zero leaves");
}

/// Central differences in f64, step 1e-5.
#[test]
fn gradients_match_finite_differences() {
    const STEP: f64 = 1e-5;
    let weights = [-0.7, -0.31, -0.02, 0.0, 0.04, 0.33, 0.6, 1.4];
    let nats = |mixture: &Mixture, weights: &[f64]| mixture.cost(weights.iter().copied()).nats;
    let cost = mixture().cost(weights.into_iter());
    let close =
        |actual: f64, expected: f64| assert!((actual - expected).abs() < 1e-7 * (1.0 + expected.abs()), "{actual} {expected}");
    for (index, slope) in cost.by_weight.iter().enumerate() {
        let moved = |step: f64| {
            let mut weights = weights;
            weights[index] += step;
            nats(&mixture(), &weights)
        };
        close(*slope, (moved(STEP) - moved(-STEP)) / (2.0 * STEP));
    }
    type Array = fn(&mut Mixture) -> &mut Vec<f64>;
    let arrays: [(&[f64], Array); 3] = [
        (&cost.by_mean, |mixture| &mut mixture.means),
        (&cost.by_log_variance, |mixture| &mut mixture.log_variances),
        (&cost.by_log_proportion, |mixture| &mut mixture.log_proportions),
    ];
    for (slopes, array) in arrays {
        assert_eq!(slopes.len(), array(&mut mixture()).len());
        for (index, slope) in slopes.iter().enumerate() {
            let moved = |step: f64| {
                let mut mixture = mixture();
                array(&mut mixture)[index] += step;
                nats(&mixture, &weights)
            };
            close(*slope, (moved(STEP) - moved(-STEP)) / (2.0 * STEP));
        }
    }
}

#[test]
fn the_prior_enters_the_gradient_per_training_image() {
    let mut share = begin();
    let batch = images(60).batch(0..60);
    let at = Moment { epoch: 0, progress: 0.0, images: 50 };
    let with = share.slope(&batch, at, &mut Noise::for_epoch(1, 0)).gradients;
    let without = share.plain.slope(&batch, at, &mut Noise::for_epoch(1, 0)).gradients;
    let weights = share.plain.layers.iter().flat_map(|layer| &layer.weight.value).map(|&weight| f64::from(weight));
    let cost = share.mixture().cost(weights);
    let (first, second) = (with[0].len(), with[2].len());
    assert_eq!((first, second), (128, 24));
    for (index, by) in cost.by_weight.iter().enumerate() {
        let (layer, position) = if index < first { (0, index) } else { (2, index - first) };
        let added = f64::from(with[layer][position]) - f64::from(without[layer][position]);
        assert!((added - 0.1 / 50.0 * by).abs() < 1e-6, "{added} {by}");
    }
    assert_eq!((&with[1], &with[3]), (&without[1], &without[3]), "biases are free");
    assert_eq!([4, 5, 6].map(|array: usize| with[array].len()), [4, 5, 4]);
    assert!((f64::from(with[5][0]) - 0.1 / 50.0 * cost.by_log_variance[0]).abs() < 1e-6);
}

#[test]
fn merging_adds_proportions_and_weights_the_rest_by_them() {
    let first = Component { proportion: 0.1, mean: 1.0, variance: 0.5 };
    let second = Component { proportion: 0.3, mean: 2.0, variance: 0.1 };
    let merged = first.merged(&second);
    for (actual, expected) in [(merged.proportion, 0.4), (merged.mean, 1.75), (merged.variance, 0.2)] {
        assert!((actual - expected).abs() < 1e-12, "{actual} {expected}");
    }
    // One direction is (ln 0.2 + 15 - 1) / 2, the other (ln 5 + 2.2 - 1) / 2.
    assert!((first.divergence(&second) - (7.0 + 0.6)).abs() < 1e-12);
    assert_eq!(first.divergence(&first), 0.0);
}

/// Of four components, the second overlaps the one at zero, and the last two overlap each other.
#[test]
fn components_that_are_alike_are_merged() {
    let at = |proportion, mean| Component { proportion, mean, variance: 0.01 };
    let merged = merge(vec![at(0.9, 0.0), at(0.05, 0.02), at(0.01, 0.5), at(0.03, 0.54)], 0.5);
    assert_eq!(merged.len(), 2);
    assert!((merged[0].proportion - 0.95).abs() < 1e-12 && merged[0].mean == 0.0);
    assert!((merged[1].mean - 0.53).abs() < 1e-12);
    assert_eq!(merge(merged.clone(), 0.0), merged, "nothing is nearer than nothing");
}

/// Between two components of variance 0.01 and equal proportions the boundary lies halfway. For means 1 apart, proportions of 0.9 and 0.1 move it
/// by 0.01 ln 9 = 0.022.
#[test]
fn a_weight_goes_to_the_component_that_is_most_responsible() {
    let at = |proportion, mean| Component { proportion, mean, variance: 0.01 };
    assert_eq!(most_responsible(&[at(0.5, 0.0), at(0.5, 1.0)], &[0.49, 0.51, -3.0]), [0.0, 1.0, 0.0]);
    assert_eq!(most_responsible(&[at(0.9, 0.0), at(0.1, 1.0)], &[0.51, 0.53]), [0.0, 1.0]);
}

fn run(name: &str, stops: &[Option<usize>]) -> SoftShare {
    let recorded = serde_json::to_value(options()).unwrap();
    let folder = std::env::temp_dir().join(format!("curt-soft-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut last = None;
    for (index, &stop_after) in stops.iter().enumerate() {
        let mut share = begin();
        let run = Run { folder: &folder, resume: index > 0, stop_after };
        let split = Split { training: images(60), validation: None };
        train(&mut share, &options().common, &recorded, &split, &run).unwrap();
        last = Some(share);
    }
    std::fs::remove_dir_all(folder).unwrap();
    last.unwrap()
}

#[test]
fn weights_gather_at_the_means_and_a_resumed_run_equals_a_straight_one() {
    let distance = |share: &SoftShare| -> f64 {
        let pairs = share.plain.layers.iter().zip(share.prediction().layers);
        let distances = pairs.flat_map(|(soft, hard)| {
            let pairs = soft.weight.value.iter().zip(hard.weight.value);
            pairs.map(|(soft, hard)| f64::from(soft - hard).powi(2)).collect::<Vec<_>>()
        });
        distances.sum()
    };
    let straight = run("straight", &[None]);
    assert!(distance(&straight) < 0.3 * distance(&begin()), "{} {}", distance(&straight), distance(&begin()));
    assert!(straight.prediction().nonzero() < 100, "{}", straight.prediction().nonzero());
    assert!(straight.plain.score(&images(60)).error < 0.1, "the prior leaves room to learn");
    let resumed = run("resumed", &[Some(7), None]);
    let bits = |mut share: SoftShare| -> Vec<u32> {
        let parameters = share.parameters();
        parameters.iter().flat_map(|named| &named.parameter.value).map(|value| value.to_bits()).collect()
    };
    assert!(bits(straight) == bits(resumed), "parameters differ");
}

#[test]
fn options_that_cannot_be_are_refused_by_name() {
    let refused = |change: fn(&mut SoftShareOptions), option: &str| {
        let mut options = options();
        change(&mut options);
        let error = options.complete(&network()).unwrap_err().to_string();
        assert!(error.contains(option), "{error}");
    };
    refused(|options| options.start = None, "--start");
    refused(|options| options.components = 1, "--components");
    refused(|options| options.zero = 1.0, "--zero");
    refused(|options| options.tau = -1.0, "--tau");
    refused(|options| options.prior_rate = 0.0, "--prior-rate");
    refused(|options| options.means_rate = f64::NAN, "--means-rate");
}
