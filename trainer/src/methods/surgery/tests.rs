use super::*;
use crate::data::{Images, Scaling};
use crate::methods::MethodOptions as _;
use crate::network::Step;
use crate::options;
use crate::train::{Run, Split, train};

fn network() -> Network {
    let steps = [Step::Flatten, Step::Linear(16, 8), Step::Relu, Step::Linear(8, 3)];
    Network::new("small", [1, 4, 4], &steps)
}

fn options() -> SurgeryOptions {
    SurgeryOptions {
        common: options::tests::short(20),
        deviations: vec![0.5, 0.0],
        gamma: 0.05,
        power: 1.0,
        stop_at: 0.7,
        decay: 0.0,
        start: None,
    }
}

fn begin() -> Surgery {
    options().complete(&network()).unwrap().begin(&network()).unwrap()
}

fn images(count: usize) -> Images {
    let mut noise = Noise::for_epoch(9, 0);
    let values = noise.normals(count * 16).into_iter().enumerate();
    let pixels = values.map(|(at, v)| (60.0 + (at / 16 % 3) as f32 * 60.0 + 40.0 * v).clamp(0.0, 255.0) as u8).collect();
    Images::new([4, 4], pixels, (0..count).map(|index| (index % 3) as u8).collect(), Scaling::UNIT).unwrap()
}

/// Magnitudes 1, 2, 3 and 6 have mean 3 and variance 3.5; zeros do not count.
#[test]
fn a_threshold_is_the_mean_and_deviations_of_the_magnitudes() {
    let weights = [1.0, -2.0, 0.0, 3.0, -6.0, 0.0];
    assert!((threshold(&weights, 2.0) - (3.0 + 2.0 * 3.5_f64.sqrt())).abs() < 1e-12);
    assert_eq!(threshold(&weights, -2.0), 0.0);
}

#[test]
fn between_its_two_thresholds_a_mask_stays() {
    for (mask, weight, expected) in [
        (1.0, 0.89, 0.0),
        (1.0, -0.89, 0.0),
        (1.0, 0.95, 1.0),
        (0.0, 0.95, 0.0),
        (0.0, -1.05, 0.0),
        (0.0, -1.11, 1.0),
        (1.0, 1.11, 1.0),
    ] {
        assert_eq!(masked(mask, weight, 1.0), expected, "{mask} {weight}");
    }
}

/// 60 images in batches of 8 are 8 steps an epoch, 160 in all.
#[test]
fn masks_are_updated_ever_more_rarely_and_then_stay() {
    let at = |step: usize| Moment { epoch: step / 8, progress: step as f64 / 160.0, images: 60 };
    assert_eq!(options().probability_at(at(0)), 1.0);
    assert!((options().probability_at(at(40)) - 1.0 / 3.0).abs() < 1e-12);
    let squared = SurgeryOptions { power: 2.0, ..options() };
    assert!((squared.probability_at(at(40)) - 1.0 / 9.0).abs() < 1e-12);
    assert!(options().probability_at(at(111)) > 0.0);
    assert_eq!(options().probability_at(at(112)), 0.0);
}

/// The first step masks weights. The gradient of a masked weight is that of the network in which the weight is zero; it is not zero itself.
#[test]
fn masked_weights_go_on_learning() {
    let mut surgery = begin();
    let at = Moment { epoch: 0, progress: 0.0, images: 60 };
    let batch = images(60).batch(0..60);
    let slope = surgery.slope(&batch, at, &mut Noise::for_epoch(1, 0));
    let mut cut = begin().dense;
    for (layer, threshold) in cut.layers.iter_mut().zip(&surgery.thresholds.value) {
        layer.weight.value.iter_mut().filter(|weight| weight.abs() <= 0.9 * threshold).for_each(|weight| *weight = 0.0);
    }
    let masks = surgery.masks.iter().flat_map(|mask| &mask.value);
    let masked = masks.clone().filter(|&&mask| mask == 0.0).count();
    assert!(masked > 60 && masked < 128 + 24, "{masked}");
    assert_eq!(surgery.prediction().layers[0].weight.value, cut.layers[0].weight.value);
    assert_eq!(slope.gradients[..4], cut.slope(&batch, at, &mut Noise::for_epoch(1, 0)).gradients);
    let moving = surgery.masks[0].value.iter().zip(&slope.gradients[0]).filter(|(mask, slope)| **mask == 0.0 && **slope != 0.0);
    assert!(moving.count() > 20);
}

#[test]
fn a_cut_weight_that_grows_is_spliced() {
    let mut surgery = begin();
    surgery.update_masks();
    let cut = surgery.masks[0].value.iter().position(|&mask| mask == 0.0).unwrap();
    surgery.dense.layers[0].weight.value[cut] = -1.2 * surgery.thresholds.value[0];
    surgery.update_masks();
    assert_eq!(surgery.prediction().layers[0].weight.value[cut], -1.2 * surgery.thresholds.value[0]);
}

#[test]
fn a_resumed_run_equals_a_straight_one_bit_for_bit() {
    let recorded = serde_json::to_value(options()).unwrap();
    let run = |name: &str, stops: &[Option<usize>]| {
        let folder = std::env::temp_dir().join(format!("curt-surgery-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut last = None;
        for (index, &stop_after) in stops.iter().enumerate() {
            let mut surgery = begin();
            let run = Run { folder: &folder, resume: index > 0, stop_after };
            let split = Split { training: images(60), validation: None };
            train(&mut surgery, &options().common, &recorded, &split, &run).unwrap();
            last = Some(surgery);
        }
        std::fs::remove_dir_all(folder).unwrap();
        last.unwrap()
    };
    let bits = |mut surgery: Surgery| -> Vec<u32> {
        let parameters = surgery.parameters();
        let arrays = parameters.iter().flat_map(|named| [&named.parameter.value, &named.parameter.second_moment]);
        arrays.flatten().map(|value| value.to_bits()).collect()
    };
    let straight = run("straight", &[None]);
    let early = run("early", &[Some(3)]);
    assert_ne!(straight.masks, early.masks, "masks changed after the break");
    assert_eq!(straight.thresholds, early.thresholds);
    assert!(bits(straight) == bits(run("resumed", &[Some(3), None])), "parameters differ");
}

#[test]
fn options_that_cannot_be_are_refused_by_name() {
    let refused = |change: fn(&mut SurgeryOptions), option: &str| {
        let mut options = options();
        change(&mut options);
        let error = options.complete(&network()).unwrap_err().to_string();
        assert!(error.contains(option), "{error}");
    };
    refused(|options| options.deviations = vec![1.0; 3], "--deviations");
    refused(|options| options.deviations = vec![f64::NAN], "--deviations");
    refused(|options| options.gamma = -1.0, "--gamma");
    refused(|options| options.stop_at = 1.1, "--stop-at");
}
