//! A small task with a known answer: images of 4 x 4 bytes in three classes, of which only the middle four pixels tell.
//!
//! The class lights pixel 5, 6 or 9 (and 10 for all); the others are noise. The network was not trained but written down: three hidden
//! units of eight look at those pixels, the rest are groups with a high dropout rate.

use super::PosteriorFile;
use crate::Random;
use serde_json::{Value, json};

/// Inputs.
pub const PIXELS: usize = 16;
/// The pixels that tell the classes.
pub const INFORMATIVE: [usize; 3] = [5, 6, 9];
/// Hidden units.
pub const HIDDEN: usize = 8;
/// The hidden units that look at those pixels.
pub const USED: [usize; 3] = [1, 4, 6];
/// Outputs.
pub const CLASSES: usize = 3;

/// Samples and labels; one in 16 is labelled wrongly, so that the error is not zero.
pub fn samples(n: usize) -> (Vec<u8>, Vec<u32>) {
    let mut random = Random(11);
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    for i in 0..n {
        let class = i % CLASSES;
        for pixel in 0..PIXELS {
            let light = if INFORMATIVE[class] == pixel { 150.0 } else { 0.0 };
            images.push((random.fraction() * 100.0 + light) as u8);
        }
        let label = if i % 16 == 3 { (class + 1) % CLASSES } else { class };
        labels.push(label as u32);
    }
    (images, labels)
}

/// The description of the network, of a method.
pub fn description(method: &str) -> Value {
    json!({
        "posterior": 1,
        "name": "corners",
        "method": method,
        "input": { "shape": [1, 4, 4], "dtype": "u8", "scale": [1.0 / 256.0], "offset": [-0.25] },
        "nodes": [
            { "name": "flatten", "op": "flatten", "inputs": ["input"] },
            { "name": "fc1", "op": "linear", "inputs": ["flatten"] },
            { "name": "relu1", "op": "relu", "inputs": ["fc1"] },
            { "name": "fc2", "op": "linear", "inputs": ["relu1"] }
        ],
        "training": { "seed": 7 }
    })
}

/// Means of fc1 (8 x 16) and fc2 (3 x 8) and their biases, before scales.
pub fn weights() -> [Vec<f32>; 4] {
    let mut random = Random(5);
    let mut noise = |n: usize| (0..n).map(|_| random.fraction() * 0.06 - 0.03).collect::<Vec<f32>>();
    let (mut fc1, mut fc2) = (noise(HIDDEN * PIXELS), noise(CLASSES * HIDDEN));
    for class in 0..CLASSES {
        fc1[USED[class] * PIXELS + INFORMATIVE[class]] = 1.5;
        fc2[class * HIDDEN + USED[class]] = 2.0;
    }
    [fc1, noise(HIDDEN), fc2, noise(CLASSES)]
}

/// The network with scales of the group normal-Jeffreys prior.
pub fn gnj() -> PosteriorFile {
    let [fc1, bias1, fc2, bias2] = weights();
    let mut file = PosteriorFile::new(description("gnj"));
    let scales = |n: usize, used: &[usize]| -> (Vec<f32>, Vec<f32>) {
        (0..n).map(|i| if used.contains(&i) { (1.0, -9.0) } else { (0.02, -5.5 + i as f32 / 50.0) }).unzip()
    };
    for (name, rows, cols, mean, bias, used) in
        [("fc1", HIDDEN, PIXELS, fc1, bias1, INFORMATIVE), ("fc2", CLASSES, HIDDEN, fc2, bias2, USED)]
    {
        let (scale_mean, scale_log_variance) = scales(cols, &used);
        file.floats(&format!("{name}.weight_mean"), &[rows, cols], &mean)
            .floats(&format!("{name}.weight_log_variance"), &[rows, cols], &vec![-7.0; rows * cols])
            .floats(&format!("{name}.scale_mean"), &[cols], &scale_mean)
            .floats(&format!("{name}.scale_log_variance"), &[cols], &scale_log_variance)
            .floats(&format!("{name}.bias_mean"), &[rows], &bias)
            .floats(&format!("{name}.bias_log_variance"), &[rows], &vec![-9.0; rows]);
    }
    file
}

/// The same weights, of which those below 0.02 are masked.
pub fn plain() -> PosteriorFile {
    let [fc1, bias1, fc2, bias2] = weights();
    let mut file = PosteriorFile::new(description("plain"));
    let mask = |weights: &[f32]| weights.iter().map(|w| f32::from(u8::from(w.abs() >= 0.02))).collect::<Vec<f32>>();
    file.floats("fc1.weight", &[HIDDEN, PIXELS], &fc1)
        .floats("fc1.weight_mask", &[HIDDEN, PIXELS], &mask(&fc1))
        .floats("fc1.bias", &[HIDDEN], &bias1)
        .floats("fc2.weight", &[CLASSES, HIDDEN], &fc2)
        .floats("fc2.weight_mask", &[CLASSES, HIDDEN], &mask(&fc2))
        .floats("fc2.bias", &[CLASSES], &bias2);
    file
}

/// Steps of the grids of [`rate`].
pub const STEPS: [f32; 2] = [0.0625 * 1.03125, 0.3];

/// The same weights rounded to grids, as rate-constrained training leaves them.
pub fn rate() -> PosteriorFile {
    let [fc1, bias1, fc2, bias2] = weights();
    let mut file = PosteriorFile::new(description("rate"));
    let on_grid = |weights: &[f32], step: f32| weights.iter().map(|w| (w / step).round() * step).collect::<Vec<f32>>();
    file.floats("fc1.weight", &[HIDDEN, PIXELS], &on_grid(&fc1, STEPS[0]))
        .floats("fc1.step", &[1], &STEPS[..1])
        .floats("fc1.bias", &[HIDDEN], &bias1)
        .floats("fc2.weight", &[CLASSES, HIDDEN], &on_grid(&fc2, STEPS[1]))
        .floats("fc2.step", &[1], &STEPS[1..])
        .floats("fc2.bias", &[CLASSES], &bias2);
    file
}

/// Log variances of weights that the methods of single weights keep, and of those that they prune.
const CERTAIN: f32 = -9.0;
const NOISE: f32 = -3.0;

/// The weights of [`gaussian`] that are kept, zero elsewhere: those of [`weights`] that tell the classes, one into hidden unit 0, which no weight kept reads,
/// and one from hidden unit 2, which no weight kept feeds.
pub fn kept() -> [Vec<f32>; 2] {
    let (mut fc1, mut fc2) = (vec![0.0; HIDDEN * PIXELS], vec![0.0; CLASSES * HIDDEN]);
    for class in 0..CLASSES {
        fc1[USED[class] * PIXELS + INFORMATIVE[class]] = 1.5;
        fc2[class * HIDDEN + USED[class]] = 2.0;
    }
    (fc1[0], fc2[2]) = (0.5, 0.75);
    [fc1, fc2]
}

/// A plain network of which a third of the weights is zero and most others are small: levels near zero have the most weights.
pub fn peaked() -> PosteriorFile {
    let mut random = Random(23);
    let mut peaked = |n: usize| {
        let cubes = (0..n).map(|_| (2.0 * random.fraction() - 1.0).powi(3));
        cubes.map(|cube| if cube.abs() < 0.03 { 0.0 } else { cube }).collect::<Vec<f32>>()
    };
    let mut file = PosteriorFile::new(description("plain"));
    file.floats("fc1.weight", &[HIDDEN, PIXELS], &peaked(HIDDEN * PIXELS))
        .floats("fc1.bias", &[HIDDEN], &peaked(HIDDEN))
        .floats("fc2.weight", &[CLASSES, HIDDEN], &peaked(CLASSES * HIDDEN))
        .floats("fc2.bias", &[CLASSES], &peaked(CLASSES));
    file
}

/// Means and log variances for each weight; those that are not [`kept`] are noise about zero.
pub fn gaussian(method: &str) -> PosteriorFile {
    let [fc1, bias1, fc2, bias2] = weights();
    let [kept1, kept2] = kept();
    let mut file = PosteriorFile::new(description(method));
    for (name, rows, cols, noise, bias, kept) in
        [("fc1", HIDDEN, PIXELS, fc1, bias1, kept1), ("fc2", CLASSES, HIDDEN, fc2, bias2, kept2)]
    {
        let mean: Vec<f32> = noise.iter().zip(&kept).map(|(&noise, &kept)| if kept == 0.0 { noise } else { kept }).collect();
        let log_variance: Vec<f32> = kept.iter().map(|&kept| if kept == 0.0 { NOISE } else { CERTAIN }).collect();
        file.floats(&format!("{name}.weight_mean"), &[rows, cols], &mean)
            .floats(&format!("{name}.weight_log_variance"), &[rows, cols], &log_variance)
            .floats(&format!("{name}.bias"), &[rows], &bias);
    }
    file
}

/// The same with codebooks: -1.25, 0, 1.25 and five values from -2.5 to 2.5.
pub fn vnq() -> PosteriorFile {
    let mut file = gaussian("vnq");
    file.floats("fc1.level", &[1], &[1.25]).floats("fc2.level", &[1], &[2.5]).floats("fc2.levels", &[1], &[5.0]);
    file
}

/// Scales of both layers of [`ghs`]: mu_z and s_z^2 of the groups that are used, and of the others.
pub const SCALES: [(f64, f64); 2] = [(0.25, 0.0625), (-3.75, 0.0625)];

/// The weights of [`weights`] with log-normal scales.
pub fn ghs() -> PosteriorFile {
    let [fc1, bias1, fc2, bias2] = weights();
    let mut file = PosteriorFile::new(description("ghs"));
    let variance = 0.0625f32.ln(); // of each of the four
    for (name, rows, cols, mean, bias, used) in
        [("fc1", HIDDEN, PIXELS, fc1, bias1, INFORMATIVE), ("fc2", CLASSES, HIDDEN, fc2, bias2, USED)]
    {
        file.floats(&format!("{name}.weight_mean"), &[rows, cols], &mean)
            .floats(&format!("{name}.weight_log_variance"), &[rows, cols], &vec![-7.0; rows * cols])
            .floats(&format!("{name}.bias_mean"), &[rows], &bias)
            .floats(&format!("{name}.bias_log_variance"), &[rows], &vec![-9.0; rows]);
        // Half the sum of the means is 1/4 where the local scale a has the mean 1, and 4 less where it has the mean -7.
        let local: Vec<f32> = (0..cols).map(|i| if used.contains(&i) { 1.0 } else { -7.0 }).collect();
        for (kind, mean) in [("local_a", local), ("local_b", vec![0.5; cols]), ("global_a", vec![-2.0]), ("global_b", vec![1.0])]
        {
            file.floats(&format!("{name}.{kind}_mean"), &[mean.len()], &mean).floats(
                &format!("{name}.{kind}_log_variance"),
                &[mean.len()],
                &vec![variance; mean.len()],
            );
        }
    }
    file
}

/// The values that the weights of each layer of [`shared`] take; they lie on no grid.
pub const VALUES: [[f32; 4]; 2] = [[-0.021, 0.0, 0.017, 1.5], [-0.019, 0.0113, 0.024, 2.0]];

/// The weights of [`weights`], each at the nearest of [`VALUES`].
pub fn shared() -> PosteriorFile {
    let [fc1, bias1, fc2, bias2] = weights();
    let mut file = PosteriorFile::new(description("shared"));
    let nearest = |weights: &[f32], values: &[f32]| -> Vec<f32> {
        let of = |w: &f32| values.iter().copied().min_by(|a, b| (a - w).abs().total_cmp(&(b - w).abs())).unwrap();
        weights.iter().map(of).collect()
    };
    file.floats("fc1.weight", &[HIDDEN, PIXELS], &nearest(&fc1, &VALUES[0]))
        .floats("fc1.bias", &[HIDDEN], &bias1)
        .floats("fc2.weight", &[CLASSES, HIDDEN], &nearest(&fc2, &VALUES[1]))
        .floats("fc2.bias", &[CLASSES], &bias2);
    file
}

/// fc1, relu, fc2 in f64 at the original shape.
pub fn run(image: &[u8], fc1: &[f64], bias1: &[f32], fc2: &[f64], bias2: &[f32]) -> Vec<f64> {
    let layer = |x: &[f64], w: &[f64], b: &[f32]| -> Vec<f64> {
        let dot = |row: &[f64]| row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>();
        w.chunks_exact(x.len()).zip(b).map(|(row, &b)| dot(row) + f64::from(b)).collect()
    };
    let x: Vec<f64> = image.iter().map(|&v| f64::from(v) / 256.0 - 0.25).collect();
    let hidden: Vec<f64> = layer(&x, fc1, bias1).into_iter().map(|v| v.max(0.0)).collect();
    layer(&hidden, fc2, bias2)
}
