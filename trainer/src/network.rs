//! The networks that can be trained: the order and the shapes of their layers.

use anyhow::{Result, bail};
use curt::graph::{Conv2d, Linear, Op, Pool, PoolKind, Window};
use curt::posterior::NamedNode;

/// The shape of a layer that has weights. One group (one scale z) belongs to each input unit of a
/// linear layer and to each output map of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerShape {
    Linear {
        inputs: usize,
        outputs: usize,
    },
    /// Square kernel, stride 1, no padding.
    Convolution {
        inputs: usize,
        outputs: usize,
        kernel: usize,
    },
}

impl LayerShape {
    pub fn inputs(self) -> usize {
        match self {
            Self::Linear { inputs, .. } | Self::Convolution { inputs, .. } => inputs,
        }
    }

    pub fn outputs(self) -> usize {
        match self {
            Self::Linear { outputs, .. } | Self::Convolution { outputs, .. } => outputs,
        }
    }

    /// The number of weights that connect one input with one output.
    pub fn weights_per_pair(self) -> usize {
        match self {
            Self::Linear { .. } => 1,
            Self::Convolution { kernel, .. } => kernel * kernel,
        }
    }

    /// The number of products in the sum of one output.
    pub fn fan_in(self) -> usize {
        self.inputs() * self.weights_per_pair()
    }

    pub fn is_linear(self) -> bool {
        matches!(self, Self::Linear { .. })
    }

    /// The weight shape of a layer with this kernel and these numbers of units: `[out, in]` or
    /// `[out, in, kh, kw]`.
    pub fn weight_shape(self, outputs: usize, inputs: usize) -> Vec<usize> {
        match self {
            Self::Linear { .. } => vec![outputs, inputs],
            Self::Convolution { kernel, .. } => vec![outputs, inputs, kernel, kernel],
        }
    }
}

/// One step of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A layer with weights, by its index in [`Network::layers`].
    Weighted(usize),
    Relu,
    /// Maximum over 2x2 windows, stride 2.
    MaxPool,
    /// In the order channel, row, column.
    Flatten,
}

/// A chain of operations.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    pub name: String,
    /// `[channels, height, width]`
    pub input: [usize; 3],
    pub layers: Vec<(String, LayerShape)>,
    pub nodes: Vec<(String, Operation)>,
    /// Log-alpha thresholds at which training removes the groups of each layer.
    pub shed_thresholds: Vec<f64>,
}

/// Names that [`Network::by_name`] knows.
pub const NAMES: [&str; 3] = ["lenet-300-100", "lenet-5-caffe", "lenet-5-relu"];

impl Network {
    pub fn by_name(name: &str) -> Result<Self> {
        match name {
            "lenet-300-100" => Ok(Self::lenet_300_100()),
            "lenet-5-caffe" => Ok(Self::lenet_5_caffe()),
            "lenet-5-relu" => Ok(Self::lenet_5_relu()),
            _ => bail!("unknown network '{name}': the networks are {}", NAMES.join(", ")),
        }
    }

    /// 784-300-100-10, 266,200 weights.
    pub fn lenet_300_100() -> Self {
        Self::new(
            "lenet-300-100",
            [1, 28, 28],
            &[Step::Flatten, Step::Linear(784, 300), Step::Relu, Step::Linear(300, 100), Step::Relu, Step::Linear(100, 10)],
        )
        .shedding_at(&[-2.8, -3.0, -5.0])
    }

    /// Two 5x5 convolutions (20 and 50 maps), each pooled, then 800-500-10; 430,500 weights.
    pub fn lenet_5_caffe() -> Self {
        Self::new(
            "lenet-5-caffe",
            [1, 28, 28],
            &[
                Step::Convolution(1, 20, 5),
                Step::MaxPool,
                Step::Convolution(20, 50, 5),
                Step::MaxPool,
                Step::Flatten,
                Step::Linear(800, 500),
                Step::Relu,
                Step::Linear(500, 10),
            ],
        )
        .shedding_at(&[-3.0; 4])
    }

    /// LeNet-5-Caffe with a ReLU after each pool, as in most later work.
    pub fn lenet_5_relu() -> Self {
        let convolution = |inputs, outputs| [Step::Convolution(inputs, outputs, 5), Step::MaxPool, Step::Relu];
        let linear = [Step::Flatten, Step::Linear(800, 500), Step::Relu, Step::Linear(500, 10)];
        let steps = [&convolution(1, 20)[..], &convolution(20, 50), &linear].concat();
        Self::new("lenet-5-relu", [1, 28, 28], &steps).shedding_at(&[-3.0; 4])
    }

    /// Builds a chain. Its nodes are named `conv1`, `fc1`, `relu1`, `pool1`, `flatten`.
    pub fn new(name: &str, input: [usize; 3], steps: &[Step]) -> Self {
        let mut network =
            Self { name: name.to_owned(), input, layers: Vec::new(), nodes: Vec::new(), shed_thresholds: Vec::new() };
        let (mut convolutions, mut linears, mut relus, mut pools) = (0, 0, 0, 0);
        for &step in steps {
            let index = network.layers.len();
            let (node, operation) = match step {
                Step::Linear(inputs, outputs) => {
                    linears += 1;
                    let name = format!("fc{linears}");
                    let shape = LayerShape::Linear { inputs, outputs };
                    network.layers.push((name.clone(), shape));
                    (name, Operation::Weighted(index))
                }
                Step::Convolution(inputs, outputs, kernel) => {
                    convolutions += 1;
                    let name = format!("conv{convolutions}");
                    let shape = LayerShape::Convolution { inputs, outputs, kernel };
                    network.layers.push((name.clone(), shape));
                    (name, Operation::Weighted(index))
                }
                Step::Relu => {
                    relus += 1;
                    (format!("relu{relus}"), Operation::Relu)
                }
                Step::MaxPool => {
                    pools += 1;
                    (format!("pool{pools}"), Operation::MaxPool)
                }
                Step::Flatten => ("flatten".to_owned(), Operation::Flatten),
            };
            network.nodes.push((node, operation));
        }
        network.shed_thresholds = vec![3.0; network.layers.len()];
        network
    }

    fn shedding_at(mut self, thresholds: &[f64]) -> Self {
        self.shed_thresholds = thresholds.to_vec();
        self
    }

    /// The number of weights, without biases.
    pub fn weights(&self) -> usize {
        self.layers.iter().map(|(_, shape)| shape.fan_in() * shape.outputs()).sum()
    }

    /// The nodes as the posterior file describes them.
    pub fn described(&self) -> Vec<NamedNode> {
        let node = |(index, (name, operation)): (usize, &(String, Operation))| {
            let op = match *operation {
                Operation::Weighted(layer) => match self.layers[layer].1 {
                    LayerShape::Linear { .. } => Op::Linear(Linear::dense(0)),
                    LayerShape::Convolution { kernel, .. } => {
                        Op::Conv2d(Conv2d { linear: Linear::dense(0), window: Window::new([kernel; 2], [1, 1]), groups: 1 })
                    }
                },
                Operation::Relu => Op::RELU,
                Operation::MaxPool => Op::Pool(Pool { kind: PoolKind::Max, window: Window::new([2, 2], [2, 2]) }),
                Operation::Flatten => Op::Flatten,
            };
            // In a chain each node reads the output of the node before it.
            NamedNode { name: name.clone(), op, inputs: vec![index] }
        };
        self.nodes.iter().enumerate().map(node).collect()
    }
}

/// A node without its name, as [`Network::new`] takes it.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Inputs, outputs.
    Linear(usize, usize),
    /// Input maps, output maps, kernel side.
    Convolution(usize, usize, usize),
    Relu,
    MaxPool,
    Flatten,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_those_of_the_literature() {
        assert_eq!(Network::lenet_300_100().weights(), 266_200);
        assert_eq!(Network::lenet_5_caffe().weights(), 430_500);
        assert_eq!(Network::lenet_5_relu().weights(), 430_500);
    }

    #[test]
    fn nodes_form_a_chain_with_the_names_of_the_layers() {
        let nodes = Network::lenet_5_caffe().described();
        let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
        assert_eq!(names, ["conv1", "pool1", "conv2", "pool2", "flatten", "fc1", "relu1", "fc2"]);
        assert!(nodes.iter().enumerate().all(|(index, node)| node.inputs == [index]));
        assert_eq!(nodes[7].op.name(), "linear");
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let message = Network::by_name("lenet-7").unwrap_err().to_string();
        assert!(message.contains("lenet-300-100"), "{message}");
    }
}
