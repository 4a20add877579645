//! The forward pass of a network on burn tensors: the chain of operations and the products of a layer.
//!
//! Feature maps are stored channel first, `[channels, batch, height, width]`. A convolution is then one matrix product over all images, and its
//! result has that order already. Each convolution is followed by a 2x2 pool, so its product is arranged by the four phases of the pool ([`Windows`]).

use burn::tensor::activation::{log_softmax, relu};
use burn::tensor::{DType, Device, Element, Gradients, Int, Tensor, TensorData};

use crate::data::Batch;
use crate::network::{Network, Operation};

/// The activations between two nodes.
pub enum Activation {
    /// `[batch, features]`
    Features(Tensor<2>),
    /// `[channels, batch, height, width]`; between a convolution and its pool `[channels, 4 * batch, height / 2, width / 2]`
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

/// A constant tensor, from values in f32.
pub fn constant<const D: usize>(values: Vec<f32>, shape: [usize; D], like: &Precision) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), (&like.device, like.dtype))
}

/// The device and the element type of tensors: f32 for training, f64 for checks of gradients.
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

/// Runs the chain. `weighted` computes the layers that have weights, by index.
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
            Operation::MaxPool => Activation::Maps(max_over_phases(value.maps())),
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

/// The features in these columns; all features if the layer kept every input.
pub fn columns(features: Tensor<2>, positions: &[usize]) -> Tensor<2> {
    if positions.len() == features.dims()[1] {
        return features;
    }
    let indices: Vec<i64> = positions.iter().map(|&position| position as i64).collect();
    let indices = Tensor::<1, Int>::from_data(TensorData::new(indices, [positions.len()]), &features.device());
    features.select(1, indices)
}

/// The im2col matrix of a convolution with stride 1, without padding, followed by a 2x2 pool.
///
/// The four outputs of a pool's window read a block of `k + 1` by `k + 1` pixels; blocks are two pixels apart. The columns are these blocks
/// instead of `k` by `k` windows, so each pixel is copied a third as often. Each phase of the pool is a product with a kernel that is shifted
/// within its block.
pub struct Windows {
    /// `[channels * 4 * blocks * blocks, batch * height / 2 * width / 2]`. There is a row for each channel, each parity of row and column, and each place
    /// of two by two pixels.
    columns: Tensor<2>,
    kernel: usize,
    /// Images, rows and columns of the pooled maps.
    pooled: [usize; 3],
}

/// The places of a pool's window.
const PHASES: usize = 4;

impl Windows {
    /// The windows of maps `[channels, batch, height, width]`; sizes before and after the convolution are even.
    pub fn new(maps: Tensor<4>, kernel: usize) -> Self {
        let [channels, batch, height, width] = maps.dims();
        let pooled = [batch, (height + 1 - kernel) / 2, (width + 1 - kernel) / 2];
        assert_eq!(2 * pooled[1] + kernel, height + 1, "invariant: a pool divides the maps of its convolution");
        let [height, width] = [height.div_ceil(2), width.div_ceil(2)];
        let planes: Tensor<6> = even(maps).reshape([channels, batch, height, 2, width, 2]);
        let planes: Tensor<4> = planes.permute([0, 3, 5, 1, 2, 4]).reshape([channels * PHASES, batch, height, width]);
        let blocks = kernel / 2 + 1;
        let positions = pooled.iter().product::<usize>();
        let mut places = Vec::with_capacity(blocks * blocks);
        for y in 0..blocks {
            for x in 0..blocks {
                let place = planes.clone().slice([0..channels * PHASES, 0..batch, y..y + pooled[1], x..x + pooled[2]]);
                places.push(place.reshape([channels * PHASES, 1, positions]));
            }
        }
        let columns = Tensor::cat(places, 1).reshape([channels * PHASES * blocks * blocks, positions]);
        Self { columns, kernel, pooled }
    }

    /// The windows of the squared maps.
    pub fn squared(&self) -> Self {
        Self { columns: self.columns.clone() * self.columns.clone(), ..*self }
    }

    /// The number of outputs of one map: four for each position of the pooled map.
    pub fn positions(&self) -> usize {
        PHASES * self.pooled.iter().product::<usize>()
    }

    /// `[phases, batch, height / 2 * width / 2]`: the order of a map's outputs.
    pub fn order(&self) -> [usize; 3] {
        let [batch, height, width] = self.pooled;
        [PHASES, batch, height * width]
    }

    /// The convolution with weights `[out, channels * k * k]`: `[out, positions]`.
    pub fn product(&self, weight: Tensor<2>) -> Tensor<2> {
        let outputs = weight.dims()[0];
        self.by_phase(weight).matmul(self.columns.clone()).reshape([outputs, self.positions()])
    }

    /// The maps of outputs `[out, positions]`, for their pool.
    pub fn maps(&self, outputs: Tensor<2>) -> Activation {
        let [batch, height, width] = self.pooled;
        let channels = outputs.dims()[0];
        Activation::Maps(outputs.reshape([channels, PHASES * batch, height, width]))
    }

    /// The kernels shifted to each phase of the pool, with zeros around them: `[out, channels * k * k]` to `[out * phases, rows of the im2col matrix]`.
    fn by_phase(&self, weight: Tensor<2>) -> Tensor<2> {
        let (kernel, blocks) = (self.kernel, self.kernel / 2 + 1);
        let [outputs, weights] = weight.dims();
        let channels = weights / (kernel * kernel);
        let rows = channels * PHASES * blocks * blocks;
        let mut sources = Vec::with_capacity(PHASES * rows);
        for phase in 0..PHASES {
            for row in 0..rows {
                let (channel, parity, place) =
                    (row / (PHASES * blocks * blocks), row / (blocks * blocks) % PHASES, row % (blocks * blocks));
                // The position of the pixel in the block, minus the start of this phase's kernel.
                let tap = |place: usize, parity: usize, phase: usize| {
                    (2 * place + parity).checked_sub(phase).filter(|&tap| tap < kernel)
                };
                let (y, x) = (tap(place / blocks, parity / 2, phase / 2), tap(place % blocks, parity % 2, phase % 2));
                let source = y.zip(x).map_or(weights, |(y, x)| (channel * kernel + y) * kernel + x);
                sources.push(source as i64);
            }
        }
        let zero = Tensor::zeros([outputs, 1], (&weight.device(), weight.dtype()));
        let sources = Tensor::<1, Int>::from_data(TensorData::new(sources, [PHASES * rows]), &weight.device());
        Tensor::cat(vec![weight, zero], 1).select(1, sources).reshape([outputs * PHASES, rows])
    }
}

/// Maps with an additional row or column of zeros if their number is odd. No window in use reaches these zeros.
fn even(maps: Tensor<4>) -> Tensor<4> {
    let [channels, batch, height, width] = maps.dims();
    let like = (&maps.device(), maps.dtype());
    let maps = if height % 2 == 0 { maps } else { Tensor::cat(vec![maps, Tensor::zeros([channels, batch, 1, width], like)], 2) };
    let height = height.next_multiple_of(2);
    if width % 2 == 0 { maps } else { Tensor::cat(vec![maps, Tensor::zeros([channels, batch, height, 1], like)], 3) }
}

/// The greatest of the four outputs of each window: `[channels, 4 * batch, height, width]` to `[channels, batch, height, width]`.
///
/// It is a product with the mask of the greatest values, so its gradient is a product too. Four slices would need an array of zeros each.
fn max_over_phases(maps: Tensor<4>) -> Tensor<4> {
    let [channels, phased, height, width] = maps.dims();
    let batch = phased / PHASES;
    let positions = batch * height * width;
    let data = maps.clone().detach().into_data();
    let greatest = match data.dtype() {
        DType::F64 => greatest_phases::<f64>(&data, maps.dims()),
        _ => greatest_phases::<f32>(&data, maps.dims()),
    };
    let greatest: Tensor<4> = Tensor::from_data(greatest, (&maps.device(), maps.dtype()));
    let phases: Tensor<3> = (maps * greatest).reshape([channels, PHASES, positions]);
    phases.sum_dim(1).reshape([channels, batch, height, width])
}

/// 1 where a value is the greatest of its four phases (of equals, the first), 0 elsewhere: `[channels, 4 * batch, height, width]`.
fn greatest_phases<T: Element + PartialOrd + From<bool>>(maps: &TensorData, shape: [usize; 4]) -> TensorData {
    let maps = maps.as_slice::<T>().expect("invariant: tensors are f32, or f64 and said to be");
    let positions = maps.len() / (shape[0] * PHASES);
    let mut greatest = vec![T::from(false); maps.len()];
    let larger = |a: T, b: T| if b > a { b } else { a };
    for (maps, greatest) in maps.chunks_exact(PHASES * positions).zip(greatest.chunks_exact_mut(PHASES * positions)) {
        let [a, b, c, d] = std::array::from_fn(|phase| &maps[phase * positions..(phase + 1) * positions]);
        let (first, last) = greatest.split_at_mut(2 * positions);
        let ((of_a, of_b), (of_c, of_d)) = (first.split_at_mut(positions), last.split_at_mut(positions));
        for at in 0..positions {
            let most = larger(larger(a[at], b[at]), larger(c[at], d[at]));
            let (is_a, is_b, is_c) = (a[at] == most, b[at] == most, c[at] == most);
            of_a[at] = T::from(is_a);
            of_b[at] = T::from(!is_a & is_b);
            of_c[at] = T::from(!is_a & !is_b & is_c);
            of_d[at] = T::from(!is_a & !is_b & !is_c);
        }
    }
    TensorData::new(greatest, shape)
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

/// Takes the gradient of a leaf out of the result of a backward pass.
pub fn gradient<const D: usize>(leaf: &Tensor<D>, slopes: &mut Gradients) -> Vec<f32> {
    let slope = leaf.grad_remove(slopes).expect("invariant: every leaf takes part in the loss");
    values(slope)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use burn::tensor::module::{conv2d, max_pool2d};
    use burn::tensor::ops::{ConvOptions, MaxPoolOptions};

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
    fn windows_and_a_pool_are_a_convolution_and_a_pool() {
        let precision = Precision::inference();
        for (kernel, height, width) in [(5, 12, 8), (3, 8, 6), (2, 3, 5), (1, 2, 4)] {
            let maps = random([3, 2, height, width], &precision);
            let weight = random([4, 3 * kernel * kernel], &precision);
            let windows = Windows::new(maps.clone(), kernel);
            let ours = values(max_over_phases(windows.maps(windows.product(weight.clone())).maps()));
            let theirs = values(max_pool2d(reference(maps, weight, kernel), MaxPoolOptions::new([2, 2])));
            assert_eq!(ours.len(), theirs.len());
            for (ours, theirs) in ours.into_iter().zip(theirs) {
                assert!((ours - theirs).abs() < 1e-4, "{ours} {theirs}");
            }
        }
    }

    type Way = fn(Tensor<4>, Tensor<2>, Tensor<2>) -> Tensor<1>;

    /// The two products of a sampled convolution, mean and variance, over shared windows, pooled.
    fn by_windows(maps: Tensor<4>, mean: Tensor<2>, variance: Tensor<2>) -> Tensor<1> {
        let windows = Windows::new(maps, 5);
        max_over_phases(windows.maps(windows.product(mean) + windows.squared().product(variance)).maps()).sum()
    }

    /// The same by burn's own convolution, with maps in its order.
    fn by_conv2d(maps: Tensor<4>, mean: Tensor<2>, variance: Tensor<2>) -> Tensor<1> {
        let channels = maps.dims()[1];
        let own = |maps: Tensor<4>, weight: Tensor<2>| {
            let [outputs, _] = weight.dims();
            let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
            conv2d(maps, weight.reshape([outputs, channels, 5, 5]), None, options)
        };
        max_pool2d(own(maps.clone(), mean) + own(maps.clone() * maps, variance), MaxPoolOptions::new([2, 2])).sum()
    }

    /// Time of a forward and backward pass through either convolution of LeNet-5 and its pool, batch 128:
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
