//! A small task with a known answer: images of 4 x 4 bytes in three classes, of which only the middle four pixels tell.
//!
//! The class lights pixel 5, 6 or 9 (and 10 for all); the others are noise. The network was not trained but written down: three hidden
//! units of eight look at those pixels, the rest are groups with a high dropout rate.

use crate::file::File;
use serde_json::{Value, json};

pub const PIXELS: usize = 16;
pub const INFORMATIVE: [usize; 3] = [5, 6, 9];
pub const HIDDEN: usize = 8;
pub const USED: [usize; 3] = [1, 4, 6];
pub const CLASSES: usize = 3;

/// The same numbers in every run, in [0, 1).
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 24) as f32
    }
}

/// Samples and labels; one in 16 is labelled wrongly, so that the error is not zero.
pub fn samples(n: usize) -> (Vec<u8>, Vec<u8>) {
    let mut numbers = Numbers(11);
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    for i in 0..n {
        let class = i % CLASSES;
        for pixel in 0..PIXELS {
            let light = if INFORMATIVE[class] == pixel { 150.0 } else { 0.0 };
            images.push((numbers.next() * 100.0 + light) as u8);
        }
        let label = if i % 16 == 3 { (class + 1) % CLASSES } else { class };
        labels.push(label as u8);
    }
    (images, labels)
}

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
    let mut numbers = Numbers(5);
    let mut noise = |n: usize| (0..n).map(|_| numbers.next() * 0.06 - 0.03).collect::<Vec<f32>>();
    let (mut fc1, mut fc2) = (noise(HIDDEN * PIXELS), noise(CLASSES * HIDDEN));
    for class in 0..CLASSES {
        fc1[USED[class] * PIXELS + INFORMATIVE[class]] = 1.5;
        fc2[class * HIDDEN + USED[class]] = 2.0;
    }
    [fc1, noise(HIDDEN), fc2, noise(CLASSES)]
}

pub fn gnj() -> File {
    let [fc1, bias1, fc2, bias2] = weights();
    let mut file = File::new(description("gnj"));
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
pub fn plain() -> File {
    let [fc1, bias1, fc2, bias2] = weights();
    let mut file = File::new(description("plain"));
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

/// The same weights rounded to grids, as training under a bound of bits leaves them.
pub fn rate() -> File {
    let [fc1, bias1, fc2, bias2] = weights();
    let mut file = File::new(description("rate"));
    let on_grid = |weights: &[f32], step: f32| weights.iter().map(|w| (w / step).round() * step).collect::<Vec<f32>>();
    file.floats("fc1.weight", &[HIDDEN, PIXELS], &on_grid(&fc1, STEPS[0]))
        .floats("fc1.step", &[1], &STEPS[..1])
        .floats("fc1.bias", &[HIDDEN], &bias1)
        .floats("fc2.weight", &[CLASSES, HIDDEN], &on_grid(&fc2, STEPS[1]))
        .floats("fc2.step", &[1], &STEPS[1..])
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
