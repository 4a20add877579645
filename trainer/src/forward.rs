//! What a network computes, on burn tensors: the chain of operations and the products of a layer.
//!
//! Feature maps are held channel first, `[channels, batch, height, width]`: a convolution is then
//! one matrix product over all images, whose result already has that order.

use burn::tensor::activation::{log_softmax, relu};
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{DType, Device, Gradients, Int, Tensor, TensorData};

use crate::data::Batch;
use crate::network::{Network, Operation};

/// What flows between two nodes.
pub enum Activation {
    /// `[batch, features]`
    Features(Tensor<2>),
    /// `[channels, batch, height, width]`
    Maps(Tensor<4>),
}

impl Activation {
    pub fn features(self) -> Tensor<2> {
        match self {
            Self::Features(features) => features,
            Self::Maps(_) => panic!("invariant: a linear layer follows flatten"),
        }
    }

    pub fn maps(self) -> Tensor<4> {
        match self {
            Self::Maps(maps) => maps,
            Self::Features(_) => panic!("invariant: a convolution stands before flatten"),
        }
    }
}

/// A constant tensor of values given in f32.
pub fn constant<const D: usize>(values: Vec<f32>, shape: [usize; D], like: &Precision) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), (&like.device, like.dtype))
}

/// Where tensors live and how precise they are: f32 to train, f64 to check gradients.
#[derive(Clone)]
pub struct Precision {
    pub device: Device,
    pub dtype: DType,
}

impl Precision {
    /// f32 without gradients.
    pub fn inference() -> Self {
        Self { device: Device::flex(), dtype: DType::F32 }
    }

    /// f32 with gradients.
    pub fn training() -> Self {
        Self { device: Device::flex().autodiff(), dtype: DType::F32 }
    }
}

/// The pixels of a batch as one-channel maps.
pub fn images(batch: &Batch, network: &Network, precision: &Precision) -> Tensor<4> {
    let [channels, height, width] = network.input;
    assert_eq!(channels, 1, "invariant: the networks take grey images");
    let shape = [1, batch.labels.len(), height, width];
    constant(batch.pixels.clone(), shape, precision)
}

/// Runs the chain; `weighted` computes the layers that have weights, by index.
///
/// Returns `[batch, classes]`.
pub fn run(network: &Network, input: Tensor<4>, mut weighted: impl FnMut(usize, Activation) -> Activation) -> Tensor<2> {
    let mut value = Activation::Maps(input);
    for (_, operation) in &network.nodes {
        value = match *operation {
            Operation::Weighted(index) => weighted(index, value),
            Operation::Relu => match value {
                Activation::Features(features) => Activation::Features(relu(features)),
                Activation::Maps(maps) => Activation::Maps(relu(maps)),
            },
            Operation::MaxPool => Activation::Maps(max_pool2d(value.maps(), MaxPoolOptions::new([2, 2]))),
            Operation::Flatten => Activation::Features(flatten(value.maps())),
        };
    }
    value.features()
}

/// `[channels, batch, height, width]` to `[batch, channels * height * width]`.
fn flatten(maps: Tensor<4>) -> Tensor<2> {
    let [channels, batch, height, width] = maps.dims();
    maps.swap_dims(0, 1).reshape([batch, channels * height * width])
}

/// The features in these columns; all of them when the layer kept every one it is given.
pub fn columns(features: Tensor<2>, positions: &[usize]) -> Tensor<2> {
    if positions.len() == features.dims()[1] {
        return features;
    }
    let indices: Vec<i64> = positions.iter().map(|&position| position as i64).collect();
    let indices = Tensor::<1, Int>::from_data(TensorData::new(indices, [positions.len()]), &features.device());
    features.select(1, indices)
}

/// The windows of a stride-1 convolution without padding, as columns:
/// `[channels, batch, h, w]` to `[channels * k * k, batch * oh * ow]`, rows in the order
/// (channel, ky, kx) of the weights.
pub fn unfold(maps: Tensor<4>, kernel: usize) -> Tensor<2> {
    let [channels, batch, height, width] = maps.dims();
    let (rows, columns) = (height + 1 - kernel, width + 1 - kernel);
    let positions = batch * rows * columns;
    let mut windows = Vec::with_capacity(kernel * kernel);
    for y in 0..kernel {
        for x in 0..kernel {
            let window = maps.clone().slice([0..channels, 0..batch, y..y + rows, x..x + columns]);
            windows.push(window.reshape([channels, 1, positions]));
        }
    }
    Tensor::cat(windows, 1).reshape([channels * kernel * kernel, positions])
}

/// Mean cross-entropy in nats of logits `[batch, classes]` against the labels.
pub fn cross_entropy(logits: Tensor<2>, labels: &[u8], precision: &Precision) -> Tensor<1> {
    let [batch, classes] = logits.dims();
    let mut target = vec![0.0; batch * classes];
    for (row, &label) in target.chunks_exact_mut(classes).zip(labels) {
        row[usize::from(label)] = 1.0;
    }
    let target = constant(target, [batch, classes], precision);
    (log_softmax(logits, 1) * target).sum().div_scalar(-(batch as f64))
}

/// The values of a tensor, row-major.
pub fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().expect("invariant: training tensors are f32")
}

/// Takes the gradient of a leaf out of what a backward pass left.
pub fn gradient<const D: usize>(leaf: &Tensor<D>, slopes: &mut Gradients) -> Vec<f32> {
    let slope = leaf.grad_remove(slopes).expect("invariant: every leaf takes part in the loss");
    values(slope)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use burn::tensor::module::conv2d;
    use burn::tensor::ops::ConvOptions;

    use super::*;
    use crate::noise::Noise;

    fn random<const D: usize>(shape: [usize; D], precision: &Precision) -> Tensor<D> {
        let count = shape.iter().product();
        constant(Noise::for_epoch(2, D).normals(count), shape, precision)
    }

    /// burn's own convolution of the same maps, brought to this module's order.
    fn reference(maps: Tensor<4>, weight: Tensor<2>, kernel: usize) -> Tensor<4> {
        let [channels, ..] = maps.dims();
        let [outputs, _] = weight.dims();
        let weight = weight.reshape([outputs, channels, kernel, kernel]);
        let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
        conv2d(maps.swap_dims(0, 1), weight, None, options).swap_dims(0, 1)
    }

    #[test]
    fn unfold_and_product_is_a_convolution() {
        let precision = Precision::inference();
        let maps = random([3, 2, 7, 6], &precision);
        let weight = random([4, 3 * 9], &precision);
        let ours = weight.clone().matmul(unfold(maps.clone(), 3));
        let theirs = values(reference(maps, weight, 3));
        for (ours, theirs) in values(ours).into_iter().zip(theirs) {
            assert!((ours - theirs).abs() < 1e-4, "{ours} {theirs}");
        }
    }

    type Way = fn(Tensor<4>, Tensor<2>, Tensor<2>) -> Tensor<1>;

    /// The two products of a sampled convolution, mean and variance, over shared windows.
    fn by_windows(maps: Tensor<4>, mean: Tensor<2>, variance: Tensor<2>) -> Tensor<1> {
        let windows = unfold(maps, 5);
        mean.matmul(windows.clone()).sum() + variance.matmul(windows.clone() * windows).sum()
    }

    /// The same by burn's own convolution, maps in the order it takes.
    fn by_conv2d(maps: Tensor<4>, mean: Tensor<2>, variance: Tensor<2>) -> Tensor<1> {
        let channels = maps.dims()[1];
        let own = |maps: Tensor<4>, weight: Tensor<2>| {
            let [outputs, _] = weight.dims();
            let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
            conv2d(maps, weight.reshape([outputs, channels, 5, 5]), None, options).sum()
        };
        own(maps.clone(), mean) + own(maps.clone() * maps, variance)
    }

    /// Time of a forward and backward pass through either convolution of LeNet-5, batch 128:
    /// `cargo test --release -- --ignored --nocapture time_of_a_convolution`
    #[test]
    #[ignore = "a measurement"]
    fn time_of_a_convolution() {
        const BATCH: usize = 128;
        let precision = Precision::training();
        for (channels, outputs, side, traced) in [(1, 20, 28, false), (20, 50, 12, true)] {
            let ways: [(&str, Way, [usize; 2]); 2] =
                [("windows", by_windows, [channels, BATCH]), ("conv2d", by_conv2d, [BATCH, channels])];
            for (name, way, [first, second]) in ways {
                let mut best = f64::INFINITY;
                for _ in 0..10 {
                    let mut maps = random([first, second, side, side], &precision);
                    if traced {
                        maps = maps.require_grad();
                    }
                    let weight = || random([outputs, channels * 25], &precision).require_grad();
                    let (mean, variance) = (weight(), weight());
                    let started = Instant::now();
                    let _slopes = way(maps, mean, variance).backward();
                    best = best.min(started.elapsed().as_secs_f64());
                }
                println!("{channels} to {outputs} maps, {name}: {:.1} ms", 1e3 * best);
            }
        }
    }
}
