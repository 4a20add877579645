//! Two networks with convolutions: a chain with scales, and a graph with branches whose weights are masked.

use super::PosteriorFile;
use crate::Random;
use serde_json::json;

/// Height and width of the images.
pub const SIDE: usize = 6;
/// Maps of conv1; map 2 has a high dropout rate, and fc1 reads nothing of map 1 and not element 3 of map 0.
pub const MAPS: usize = 4;
/// Outputs.
pub const CLASSES: usize = 3;
const FLAT: usize = MAPS * 4;

fn signed(random: &mut Random, n: usize) -> Vec<f32> {
    (0..n).map(|_| random.fraction() * 2.0 - 1.0).collect()
}

/// conv1 (3 x 3) to four maps of 4 x 4, pooled to 2 x 2, flattened to 16, fc1 to three classes: a posterior of scales.
pub fn gnj() -> PosteriorFile {
    let mut file = PosteriorFile::new(json!({
        "posterior": 1, "name": "maps", "method": "gnj",
        "input": { "shape": [1, SIDE, SIDE], "dtype": "u8", "scale": [1.0 / 64.0], "offset": [-2.0] },
        "nodes": [
            { "name": "conv1", "op": "conv2d", "inputs": ["input"], "kernel": [3, 3], "stride": [1, 1] },
            { "name": "relu1", "op": "relu", "inputs": ["conv1"] },
            { "name": "pool1", "op": "max_pool", "inputs": ["relu1"], "kernel": [2, 2], "stride": [2, 2], "padding": [0, 0] },
            { "name": "flatten", "op": "flatten", "inputs": ["pool1"] },
            { "name": "fc1", "op": "linear", "inputs": ["flatten"] }
        ]
    }));
    let mut random = Random(3);
    let scale = |pruned: bool, mean: f32| if pruned { (0.001, -5.0) } else { (mean, -9.0) };
    let maps: (Vec<f32>, Vec<f32>) = (0..MAPS).map(|map| scale(map == 2, 0.5 + map as f32 / 4.0)).unzip();
    let elements: (Vec<f32>, Vec<f32>) = (0..FLAT).map(|i| scale((4..8).contains(&i) || i == 3, 1.0)).unzip();
    for (name, shape, (scale_mean, scale_log_variance)) in
        [("conv1", vec![MAPS, 1, 3, 3], maps), ("fc1", vec![CLASSES, FLAT], elements)]
    {
        let (rows, weights) = (shape[0], shape.iter().product());
        file.floats(&format!("{name}.weight_mean"), &shape, &signed(&mut random, weights))
            .floats(&format!("{name}.weight_log_variance"), &shape, &vec![-7.0; weights])
            .floats(&format!("{name}.scale_mean"), &[scale_mean.len()], &scale_mean)
            .floats(&format!("{name}.scale_log_variance"), &[scale_mean.len()], &scale_log_variance)
            .floats(&format!("{name}.bias_mean"), &[rows], &signed(&mut random, rows))
            .floats(&format!("{name}.bias_log_variance"), &[rows], &vec![-9.0; rows]);
    }
    file
}

/// The network whose weights are the posterior means of [`gnj`], zero where `log alpha` is 3 or more: written out by the formulas of
/// docs/compression.md, section 1.
pub fn masked_mean() -> PosteriorFile {
    let posterior = gnj();
    let mut file = PosteriorFile::new(posterior.description.clone());
    file.description["method"] = json!("plain");
    for (name, shape) in [("conv1", vec![MAPS, 1, 3, 3]), ("fc1", vec![CLASSES, FLAT])] {
        let [mut weights, mut bias] = ["weight_mean", "bias_mean"].map(|kind| posterior.read(&format!("{name}.{kind}")));
        let scales: Vec<f32> =
            posterior.read(&format!("{name}.scale_mean")).iter().map(|&z| if z < 0.1 { 0.0 } else { z }).collect();
        for (i, weight) in weights.iter_mut().enumerate() {
            *weight *= if name == "conv1" { scales[i / 9] } else { scales[i % FLAT] };
        }
        if name == "conv1" {
            bias.iter_mut().zip(&scales).for_each(|(bias, scale)| *bias *= scale);
        }
        file.floats(&format!("{name}.weight"), &shape, &weights).floats(&format!("{name}.bias"), &[shape[0]], &bias);
    }
    file
}

/// The network of [`gnj`] with log-normal scales whose means are the same: `mu_z` is half of local_a's mean, and the variances are small.
pub fn ghs() -> PosteriorFile {
    let mut file = gnj();
    file.description["method"] = json!("ghs");
    let scales: Vec<(String, Vec<f32>)> = ["conv1", "fc1"]
        .map(|name| (name.to_owned(), file.read(&format!("{name}.scale_mean")).iter().map(|z| 2.0 * z.ln()).collect()))
        .to_vec();
    file.tensors.retain(|tensor| !tensor.name.contains(".scale_"));
    for (name, local) in scales {
        let zeros = vec![0.0; local.len()];
        for (kind, mean) in [("local_a", local), ("local_b", zeros), ("global_a", vec![0.0]), ("global_b", vec![0.0])] {
            let variance = vec![-30.0; mean.len()];
            file.floats(&format!("{name}.{kind}_mean"), &[mean.len()], &mean);
            file.floats(&format!("{name}.{kind}_log_variance"), &[mean.len()], &variance);
        }
    }
    file
}

/// The network of [`masked_mean`] with a variance for each weight: the weights of zero are noise.
pub fn sparse_vd() -> PosteriorFile {
    let plain = masked_mean();
    let mut file = PosteriorFile::new(plain.description.clone());
    file.description["method"] = json!("sparse_vd");
    for tensor in &plain.tensors {
        let values = plain.read(&tensor.name);
        match tensor.name.strip_suffix(".weight") {
            Some(name) => {
                file.floats(&format!("{name}.weight_mean"), &tensor.shape, &values);
                file.floats(&format!("{name}.weight_log_variance"), &tensor.shape, &vec![-9.0; values.len()]);
            }
            None => {
                file.floats(&tensor.name, &tensor.shape, &values);
            }
        }
    }
    file
}

/// Branches that are added and concatenated, padding, groups, affine nodes; of each layer's rows and input channels some are masked, and of the
/// weights left some more.
pub fn branches(seed: u64) -> PosteriorFile {
    let window = |kernel: usize, padding: usize| (json!([kernel, kernel]), json!([padding, padding]));
    let conv = |name: &str, input: &str, (kernel, padding)| json!({ "name": name, "op": "conv2d", "inputs": [input], "kernel": kernel, "stride": [1, 1], "padding": padding });
    let plain = |name: &str, op: &str, input: &str| json!({ "name": name, "op": op, "inputs": [input] });
    let mut grouped = conv("groups", "sum", window(1, 0));
    grouped["groups"] = json!(2);
    let mut file = PosteriorFile::new(json!({
        "posterior": 1, "name": "branches", "method": "plain",
        "input": { "shape": [2, 5, 5], "dtype": "f32", "scale": [1.0, 0.5], "offset": [0.0, 0.25] },
        "nodes": [
            conv("a", "input", window(3, 1)),
            plain("norm", "affine", "a"),
            plain("swish", "hard_swish", "norm"),
            conv("b", "swish", window(3, 1)),
            plain("b_relu", "relu", "b"),
            { "name": "sum", "op": "add", "inputs": ["swish", "b_relu"] },
            grouped,
            conv("c", "swish", window(2, 0)),
            { "name": "mean", "op": "average_pool", "inputs": ["c"], "kernel": [2, 2], "stride": [2, 2], "padding": [1, 1], "include_padding": true },
            conv("d", "mean", window(1, 0)),
            { "name": "max", "op": "max_pool", "inputs": ["groups"], "kernel": [3, 3], "stride": [2, 2], "padding": [1, 1] },
            { "name": "both", "op": "concat", "inputs": ["max", "d"] },
            plain("flatten", "flatten", "both"),
            plain("fc1", "linear", "flatten"),
            plain("sigmoid", "sigmoid", "fc1"),
            plain("fc2", "linear", "sigmoid")
        ]
    }));
    let mut random = Random(seed);
    let flat = (4 + 3) * 9;
    for (name, shape) in [
        ("a", vec![4, 2, 3, 3]),
        ("b", vec![4, 4, 3, 3]),
        ("groups", vec![4, 2, 1, 1]),
        ("c", vec![5, 4, 2, 2]),
        ("d", vec![3, 5, 1, 1]),
        ("fc1", vec![6, flat]),
        ("fc2", vec![CLASSES, 6]),
    ] {
        let per_input: usize = shape[2..].iter().product();
        let kept = |random: &mut Random, n: usize, share: f32| (0..n).map(|_| random.fraction() < share).collect::<Vec<bool>>();
        let (rows, inputs) = (kept(&mut random, shape[0], 0.6), kept(&mut random, shape[1], 0.6));
        let (count, columns) = (shape.iter().product::<usize>(), shape[1] * per_input);
        let mask = (0..count).map(|i| {
            let group = rows[i / columns] && inputs[i % columns / per_input];
            f32::from(u8::from(group && random.fraction() < 0.9))
        });
        let mask: Vec<f32> = mask.collect();
        file.floats(&format!("{name}.weight"), &shape, &signed(&mut random, count))
            .floats(&format!("{name}.weight_mask"), &shape, &mask)
            .floats(&format!("{name}.bias"), &[shape[0]], &signed(&mut random, shape[0]));
    }
    file.floats("norm.scale", &[4], &[0.5, -1.0, 2.0, 0.75]).floats("norm.offset", &[4], &[0.25, 0.0, -0.5, 1.0]);
    file
}
