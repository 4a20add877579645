//! Networks without labels stay within what the caller allows, measured by the outputs of a forward pass in 64 bits that shares no code.

use curt::compress::{Calibration, CompressOptions, Compressed, Objective, compress};
use curt::graph::{Activation, Linear, Op};
use curt::posterior::{Description, InputDescription, Method, NamedNode, NamedTensor, Posterior};
use curt::{Dtype, ErrorKind, Input, Limits, Model, Session, Shape};
use curt_dev::Random;

/// Two layers with a rectifier between them, and what follows the second.
struct Network {
    sizes: [usize; 3],
    last: Option<Op>,
    tensors: Vec<NamedTensor>,
}

impl Network {
    fn new(sizes: [usize; 3], last: Option<Op>, seed: u64) -> Self {
        let mut random = Random(seed);
        let mut tensor = |name: &str, shape: &[usize]| {
            let scale = (shape[1..].iter().product::<usize>() as f32).sqrt().recip();
            let values = (0..shape.iter().product()).map(|_| scale * 1.7 * random.unit()).collect();
            NamedTensor { name: name.to_owned(), shape: shape.to_vec(), values }
        };
        let [inputs, hidden, outputs] = sizes;
        let tensors = vec![tensor("a.weight", &[hidden, inputs]), tensor("b.weight", &[outputs, hidden])];
        Self { sizes, last, tensors }
    }

    fn posterior(&self) -> Posterior {
        let mut ops = vec![("a", Op::Linear(Linear::dense(0))), ("r", Op::RELU), ("b", Op::Linear(Linear::dense(0)))];
        ops.extend(self.last.map(|op| ("last", op)));
        let nodes = ops.into_iter().enumerate().map(|(i, (name, op))| NamedNode { name: name.to_owned(), op, inputs: vec![i] });
        let shape = Shape::Vector(self.sizes[0]);
        let input = InputDescription { shape, dtype: Dtype::F32, scale: vec![1.0], offset: vec![0.0] };
        let (name, training) = ("n".to_owned(), serde_json::Value::Null);
        let description = Description { name, method: Method::Plain, input, nodes: nodes.collect(), training };
        Posterior::new(&description, &self.tensors).unwrap()
    }

    /// The outputs in 64 bits.
    fn forward(&self, sample: &[f32]) -> Vec<f64> {
        let product = |tensor: &NamedTensor, x: &[f64]| -> Vec<f64> {
            let rows = tensor.values.chunks_exact(x.len());
            rows.map(|row| row.iter().zip(x).map(|(&w, x)| f64::from(w) * x).sum()).collect()
        };
        let x: Vec<f64> = sample.iter().map(|&x| f64::from(x)).collect();
        let hidden: Vec<f64> = product(&self.tensors[0], &x).into_iter().map(|x| x.max(0.0)).collect();
        let logits = product(&self.tensors[1], &hidden);
        match self.last {
            Some(Op::Softmax) => {
                let sum: f64 = logits.iter().map(|x| x.exp()).sum();
                logits.iter().map(|x| x.exp() / sum).collect()
            }
            Some(_) => logits.iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect(),
            None => logits,
        }
    }
}

/// Compresses on 500 samples; the outputs of the network in 64 bits and of the file.
fn compressed(network: &Network, objective: Objective) -> (Compressed, Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let mut random = Random(7);
    let samples: Vec<f32> = (0..500 * network.sizes[0]).map(|_| 1.7 * random.unit()).collect();
    let calibration = Calibration { samples: Input::F32(&samples), objective };
    let compressed = compress(&network.posterior(), &calibration, &CompressOptions::new(), &mut |_, _, _| {}).unwrap();
    let model = Model::from_bytes(&compressed.bytes, &Limits::DEFAULT).unwrap();
    let mut session = Session::new(&model).unwrap();
    let each = || samples.chunks_exact(network.sizes[0]);
    let full = each().map(|sample| network.forward(sample)).collect();
    let own = each().map(|sample| session.run_to_vec(sample).unwrap().into_iter().map(f64::from).collect()).collect();
    (compressed, full, own)
}

/// What holds for every objective: smaller, within the budget, and the deviation that was reported.
fn check(network: &Network, objective: &str, (compressed, full, own): &(Compressed, Vec<Vec<f64>>, Vec<Vec<f64>>)) {
    let scores = compressed.report.validation;
    assert_eq!(scores.objective, objective);
    assert!(scores.within_budget && scores.full.errors == 0 && scores.full.loss < 1e-9, "{scores:?}");
    let weights: usize = network.tensors.iter().map(|tensor| tensor.values.len()).sum();
    assert!(compressed.bytes.len() < weights * 3, "{} bytes of {weights} weights", compressed.bytes.len());
    let pairs = || full.iter().flatten().zip(own.iter().flatten());
    let largest = pairs().fold(0f64, |largest, (a, b)| largest.max((a - b).abs()));
    let reported = scores.largest_deviation.unwrap();
    assert!((largest - reported).abs() < 1e-4 * largest.max(1.0), "{largest}, reported {reported}");
    assert!(largest > 0.0, "something was lost, and said");
}

fn differing(full: &[Vec<f64>], own: &[Vec<f64>], answer: fn(&[f64]) -> usize) -> u64 {
    full.iter().zip(own).filter(|(full, own)| answer(full) != answer(own)).count() as u64
}

fn greatest(outputs: &[f64]) -> usize {
    (0..outputs.len()).max_by(|&a, &b| outputs[a].total_cmp(&outputs[b])).unwrap()
}

#[test]
fn one_output_keeps_its_decisions() {
    let network = Network::new([64, 32, 1], Some(Op::Activation(Activation::Sigmoid)), 3);
    let all = compressed(&network, Objective::Auto);
    check(&network, "binary", &all);
    let flipped = differing(&all.1, &all.2, |outputs| usize::from(outputs[0] > 0.5));
    let yes = all.1.iter().filter(|outputs| outputs[0] > 0.5).count();
    assert!((50..450).contains(&yes), "both decisions occur: {yes} of 500");
    assert!(flipped <= 1, "{flipped} of 500, 0.2 % are allowed");
    assert_eq!(flipped, all.0.report.validation.compressed.errors);
}

#[test]
fn three_hundred_classes_keep_their_answers() {
    let network = Network::new([32, 24, 300], Some(Op::Softmax), 4);
    let all = compressed(&network, Objective::Auto);
    check(&network, "classify", &all);
    let differ = differing(&all.1, &all.2, greatest);
    assert!(differ <= 1 && differ == all.0.report.validation.compressed.errors, "{differ}");
}

#[test]
fn numbers_keep_their_values() {
    for sizes in [[48, 24, 1], [32, 12, 32]] {
        let network = Network::new(sizes, None, 5);
        let all = compressed(&network, Objective::Auto);
        check(&network, "regress", &all);
        // 0.01 nats of normal distributions: half the squared error over the variance.
        let count = (500 * sizes[2]) as f64;
        let error: f64 = all.1.iter().flatten().zip(all.2.iter().flatten()).map(|(a, b)| (a - b) * (a - b)).sum::<f64>() / count;
        let mean = |i: usize| all.1.iter().map(|outputs| outputs[i]).sum::<f64>() / 500.0;
        let means: Vec<f64> = (0..sizes[2]).map(mean).collect();
        let spread = all.1.iter().flat_map(|outputs| outputs.iter().zip(&means).map(|(x, mean)| (x - mean) * (x - mean)));
        let variance = spread.sum::<f64>() / count;
        let nats = error / (2.0 * variance);
        assert!(nats <= 0.01 && (nats - all.0.report.validation.compressed.loss).abs() < 1e-4, "{nats}");
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let network = Network::new([8, 4, 1], None, 6).posterior();
    let kind = |samples: &[f32], objective: Objective| {
        let calibration = Calibration { samples: Input::F32(samples), objective };
        compress(&network, &calibration, &CompressOptions::new(), &mut |_, _, _| {}).map(|_| ()).unwrap_err()
    };
    let error = kind(&[0.5; 16], Objective::Classify);
    assert!(error.kind() == ErrorKind::Input && error.to_string().contains("one output"), "{error}");
    for samples in [&[0.5; 0][..], &[0.5; 12]] {
        assert!(kind(samples, Objective::Auto).to_string().contains("expected some times 8"));
    }
    assert!(kind(&[f32::NAN; 8], Objective::Auto).to_string().contains("finite"));
}
