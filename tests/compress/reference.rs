//! A plain network in f64, straight from its description and tensors: the definition of every operator, one loop each.

use curt_dev::posterior::PosteriorFile;
use serde_json::Value;
use std::collections::HashMap;

/// A value: channels, height, width; a vector has as many channels as features.
#[derive(Clone)]
pub struct Map {
    pub shape: [usize; 3],
    pub values: Vec<f64>,
}

impl Map {
    fn at(&self, channel: usize, y: usize, x: usize) -> f64 {
        self.values[(channel * self.shape[1] + y) * self.shape[2] + x]
    }

    /// Every element of a map of this shape.
    fn build(shape: [usize; 3], f: impl Fn(usize, usize, usize) -> f64) -> Self {
        let [channels, height, width] = shape;
        let places = (0..channels).flat_map(|c| (0..height).flat_map(move |y| (0..width).map(move |x| (c, y, x))));
        Self { shape, values: places.map(|(c, y, x)| f(c, y, x)).collect() }
    }
}

fn floats(file: &PosteriorFile, name: &str) -> Option<(Vec<usize>, Vec<f64>)> {
    let tensor = file.tensors.iter().find(|tensor| tensor.name == name)?;
    let values = tensor.bytes.as_chunks::<4>().0.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes)));
    Some((tensor.shape.clone(), values.collect()))
}

/// Weights of a layer, zero where they are masked.
fn weights(file: &PosteriorFile, name: &str) -> (Vec<usize>, Vec<f64>) {
    let (shape, mut weights) = floats(file, &format!("{name}.weight")).unwrap();
    if let Some((_, mask)) = floats(file, &format!("{name}.weight_mask")) {
        weights.iter_mut().zip(mask).for_each(|(weight, kept)| *weight *= kept);
    }
    (shape, weights)
}

fn pair(node: &Value, key: &str, default: usize) -> [usize; 2] {
    let number = |i: usize| node[key].get(i).map_or(default, |n| n.as_u64().unwrap() as usize);
    [number(0), number(1)]
}

fn conv(file: &PosteriorFile, node: &Value, input: &Map) -> Map {
    let name = node["name"].as_str().unwrap();
    let (shape, weights) = weights(file, name);
    let bias = floats(file, &format!("{name}.bias")).unwrap().1;
    let (stride, padding) = (pair(node, "stride", 1), pair(node, "padding", 0));
    let [rows, per_group, kernel_h, kernel_w] = shape[..] else { panic!("a convolution has four dimensions") };
    let groups = input.shape[0] / per_group;
    let positions = |d: usize, kernel: usize| (input.shape[d + 1] + 2 * padding[d] - kernel) / stride[d] + 1;
    Map::build([rows, positions(0, kernel_h), positions(1, kernel_w)], |row, y, x| {
        let first = row / (rows / groups) * per_group;
        let mut sum = bias[row];
        for (c, ky, kx) in (0..per_group).flat_map(|c| (0..kernel_h).flat_map(move |y| (0..kernel_w).map(move |x| (c, y, x)))) {
            let (y, x) = ((y * stride[0] + ky).wrapping_sub(padding[0]), (x * stride[1] + kx).wrapping_sub(padding[1]));
            if y < input.shape[1] && x < input.shape[2] {
                sum += weights[((row * per_group + c) * kernel_h + ky) * kernel_w + kx] * input.at(first + c, y, x);
            }
        }
        sum
    })
}

fn pool(node: &Value, input: &Map) -> Map {
    let (kernel, stride, padding) = (pair(node, "kernel", 1), pair(node, "stride", 1), pair(node, "padding", 0));
    let [channels, height, width] = input.shape;
    let positions = |d: usize| (input.shape[d + 1] + 2 * padding[d] - kernel[d]) / stride[d] + 1;
    Map::build([channels, positions(0), positions(1)], |channel, y, x| {
        let place = |k: usize, at: usize, d: usize| (at * stride[d] + k).wrapping_sub(padding[d]);
        let places = (0..kernel[0]).flat_map(|ky| (0..kernel[1]).map(move |kx| (place(ky, y, 0), place(kx, x, 1))));
        let inside: Vec<f64> = places.filter(|&(y, x)| y < height && x < width).map(|(y, x)| input.at(channel, y, x)).collect();
        match (node["op"].as_str().unwrap(), node["include_padding"] == true) {
            ("max_pool", _) => inside.into_iter().fold(f64::NEG_INFINITY, f64::max),
            (_, true) => inside.iter().sum::<f64>() / (kernel[0] * kernel[1]) as f64,
            (_, false) => inside.iter().sum::<f64>() / inside.len() as f64,
        }
    })
}

/// The output for one sample, which was scaled already.
pub fn run(file: &PosteriorFile, sample: Map) -> Vec<f64> {
    let mut values: HashMap<String, Map> = HashMap::from([("input".to_owned(), sample)]);
    let nodes = file.description["nodes"].as_array().unwrap();
    for node in nodes {
        let name = node["name"].as_str().unwrap();
        let inputs: Vec<&Map> = node["inputs"].as_array().unwrap().iter().map(|i| &values[i.as_str().unwrap()]).collect();
        let input = inputs[0];
        let each = |f: &dyn Fn(f64) -> f64| Map { values: input.values.iter().map(|&x| f(x)).collect(), ..input.clone() };
        let made = match node["op"].as_str().unwrap() {
            "linear" => {
                let ((shape, weights), bias) = (weights(file, name), floats(file, &format!("{name}.bias")).unwrap().1);
                let dot =
                    |row: usize| weights[row * shape[1]..][..shape[1]].iter().zip(&input.values).map(|(w, x)| w * x).sum::<f64>();
                Map::build([shape[0], 1, 1], |row, _, _| dot(row) + bias[row])
            }
            "conv2d" => conv(file, node, input),
            "max_pool" | "average_pool" => pool(node, input),
            "global_average_pool" => {
                let plane = input.shape[1] * input.shape[2];
                Map::build([input.shape[0], 1, 1], |c, _, _| {
                    input.values[c * plane..][..plane].iter().sum::<f64>() / plane as f64
                })
            }
            "affine" => {
                let [scale, offset] = ["scale", "offset"].map(|kind| floats(file, &format!("{name}.{kind}")).unwrap().1);
                Map::build(input.shape, |c, y, x| scale[c] * input.at(c, y, x) + offset[c])
            }
            "relu" => each(&|x| x.max(0.0)),
            "sigmoid" => each(&|x| 1.0 / (1.0 + (-x).exp())),
            "hard_swish" => each(&|x| x * (x + 3.0).clamp(0.0, 6.0) / 6.0),
            "flatten" => Map { shape: [input.values.len(), 1, 1], ..input.clone() },
            "add" => Map::build(input.shape, |c, y, x| input.at(c, y, x) + inputs[1].at(c, y, x)),
            "concat" => Map {
                shape: [inputs.iter().map(|input| input.shape[0]).sum(), input.shape[1], input.shape[2]],
                values: inputs.iter().flat_map(|input| input.values.iter().copied()).collect(),
            },
            other => panic!("the reference has no {other}"),
        };
        values.insert(name.to_owned(), made);
    }
    values.remove(nodes.last().unwrap()["name"].as_str().unwrap()).unwrap().values
}
