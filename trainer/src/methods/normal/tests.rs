//! Tests of the shared code, for each method: samples, gradients, files, resumption.

use serde_json::Value;

use super::likelihood::{self, LayerTensors};
use super::*;
use crate::data::{Batch, Scaling};
use crate::forward::Windows;
use crate::methods::check::{self, Values, close, double, tensor, tensor_values};
use crate::methods::sparse_vd::LogUniform;
use crate::methods::{self, Method, Moment};
use crate::network::{Network, Step};
use crate::train::tests::check_resumption;
use crate::{options, posterior, train};

/// Mean 0.5 - 0.5 + 0.1, variance 0.01 + 4 * 0.04, to which 1e-8 is added.
#[test]
fn local_reparametrisation_has_its_known_sample() {
    let layer = LayerTensors {
        mean: tensor(&[0.5, -0.25], [1, 2]),
        log_variance: tensor(&[0.01_f64.ln(), 0.04_f64.ln()], [1, 2]),
        bias: tensor(&[0.1], [1]),
        open: None,
    };
    for (noise, expected) in [(0.0, 0.1), (1.0, 0.512310575), (-0.5, -0.106155287)] {
        let linear = likelihood::linear(&layer, tensor(&[1.0, 2.0], [1, 2]), tensor(&[noise], [1, 1]));
        close(tensor_values(linear)[0], expected, 1e-6);
        let windows = Windows::new(tensor(&[1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0], [2, 1, 2, 2]), 1);
        let convolution = likelihood::convolution(&layer, &windows, tensor(&[noise; 4], [1, 4]));
        for sample in tensor_values(convolution) {
            close(sample, expected, 1e-6);
        }
    }
    let clipped = LayerTensors { open: Some(tensor(&[0.0, 1.0], [1, 2])), ..layer };
    let sample = likelihood::linear(&clipped, tensor(&[1.0, 2.0], [1, 2]), tensor(&[0.0], [1, 1]));
    close(tensor_values(sample)[0], -0.4, 1e-6);
}

/// Options of a few epochs without a warm-up. Dead units are removed from the first epoch on.
pub fn short(epochs: usize, beta: f64) -> NormalOptions {
    NormalOptions {
        common: options::tests::short(epochs),
        start: None,
        threshold: 3.0,
        beta,
        warm_up: vec![0, 0],
        shed_from: Some(0),
    }
}

/// A network small enough to differentiate with respect to every parameter, away from the start. Some of its units are removed.
fn small<P: Prior>(input: [usize; 3], steps: &[Step], removed: &[usize], prior: P) -> (NormalTraining<P>, Batch) {
    let network = Network::new("small", input, steps);
    let mut noise = Noise::for_initialisation(11);
    let mut posterior = Normal::around(&Plain::initialise(&network, &mut noise), 0.0, prior);
    for layer in &mut posterior.layers {
        layer.log_variance.value = noise.gaussian(layer.mean.value.len(), -1.5, 1.5);
        layer.bias.value = noise.gaussian(layer.bias.value.len(), 0.1, 0.1);
    }
    let mut training = NormalTraining { posterior, options: short(1, 1.0), clip: true };
    let mut units = training.units();
    units.iter_mut().zip(removed).for_each(|(layer, removed)| layer.outputs.retain(|unit| unit != removed));
    training.restrict(&crate::shed::consistent(&network, &units));
    training.posterior.fit();
    let batch = Batch { pixels: noise.gaussian(4 * input.iter().product::<usize>(), 0.5, 0.5), labels: vec![0, 2, 1, 2] };
    (training, batch)
}

const IMAGES: usize = 50;
const START: Moment = Moment { epoch: 0, progress: 0.0, images: IMAGES };

fn leaves<P: Prior>(training: &NormalTraining<P>, values: &Values) -> Vec<LayerTensors> {
    let layers = training.posterior.layers.iter().enumerate().zip(values.chunks_exact(3));
    let leaves = layers.map(|((index, layer), values)| {
        let rows = layer.units.outputs.len();
        let shape = [rows, values[0].len() / rows];
        let open = training.open(index).map(|open| open.into_iter().map(f64::from).collect::<Vec<_>>());
        LayerTensors {
            mean: tensor(&values[0], shape).require_grad(),
            log_variance: tensor(&values[1], shape).require_grad(),
            bias: tensor(&values[2], [rows]).require_grad(),
            open: open.map(|open| tensor(&open, shape)),
        }
    });
    leaves.collect()
}

/// Checks the gradient of the whole loss at the starting prior: see [`check::check_gradient`]. Autodiff gives the f64 gradient, except that of
/// the KL.
fn check_gradient<P: Prior>(training: &mut NormalTraining<P>, batch: &Batch) -> usize {
    let noise = || Noise::for_epoch(3, 0);
    let slope = training.slope(batch, START, &mut noise());
    let weights = 3 * training.posterior.layers.len();
    let parameters = training.parameters().into_iter().take(weights);
    let values: Values = parameters.map(|named| named.parameter.value.iter().map(|&v| f64::from(v)).collect()).collect();
    let cross_entropy = |tensors: &[LayerTensors]| {
        likelihood::cross_entropy(training.network(), &training.units(), tensors, batch, &mut noise(), &double())
    };
    let tensors = leaves(training, &values);
    let mut traced = cross_entropy(&tensors).backward();
    let mut trace: Values = Vec::new();
    let of_kl = |values: &[Vec<f64>], prior: &P| {
        let pairs = values[0].iter().zip(&values[1]);
        pairs.map(|(&mean, &variance)| prior.gradient(mean, variance)).collect::<Vec<_>>()
    };
    let priors = &training.posterior.priors;
    for ((layer, values), prior) in tensors.iter().zip(values.chunks_exact(3)).zip(priors) {
        let slopes = of_kl(values, prior);
        let add = |slope: Vec<f64>, part: fn(&Slopes) -> f64| -> Vec<f64> {
            slope.iter().zip(&slopes).map(|(slope, of_kl)| slope + part(of_kl) / IMAGES as f64).collect()
        };
        let mean = tensor_values(layer.mean.grad_remove(&mut traced).unwrap());
        let variance = tensor_values(layer.log_variance.grad_remove(&mut traced).unwrap());
        trace.push(add(mean, |slopes| slopes.by_mean));
        trace.push(add(variance, |slopes| slopes.by_log_variance));
        trace.push(tensor_values(layer.bias.grad_remove(&mut traced).unwrap()));
    }
    let loss = |values: &Values| {
        let kl = values.chunks_exact(3).zip(priors).map(|(values, prior)| {
            values[0].iter().zip(&values[1]).map(|(&mean, &variance)| prior.kl(mean, variance)).sum::<f64>()
        });
        tensor_values(cross_entropy(&leaves(training, values)))[0] + kl.sum::<f64>() / IMAGES as f64
    };
    let checked = check::check_gradient(values.clone(), loss, &trace, &slope.gradients);
    // Levels, if there are any, follow the weights. Another test checks their gradient.
    for ((values, prior), gradient) in values.chunks_exact(3).zip(priors).zip(&slope.gradients[weights..]) {
        let by_level: f64 = of_kl(values, prior).iter().map(|slopes| slopes.by_level).sum();
        close(f64::from(gradient[0]), by_level / IMAGES as f64, 1e-5);
    }
    checked
}

/// Checks the gradients of a method in linear layers and through convolutions. If the method prunes, weights of log alpha above 3 are clipped.
pub fn check_gradients<P: Prior>(prior: P) {
    let linear = [Step::Flatten, Step::Linear(9, 5), Step::Relu, Step::Linear(5, 3)];
    let (mut training, batch) = small([1, 3, 3], &linear, &[2], prior.clone());
    assert_eq!(check_gradient(&mut training, &batch), 2 * (9 * 4 + 4 * 3) + 4 + 3);
    let steps = [
        Step::Convolution(1, 3, 3),
        Step::MaxPool,
        Step::Convolution(3, 4, 2),
        Step::MaxPool,
        Step::Flatten,
        Step::Linear(16, 5),
        Step::Relu,
        Step::Linear(5, 3),
    ];
    let (mut training, batch) = small([1, 12, 12], &steps, &[1, 0, 3], prior);
    assert_eq!(check_gradient(&mut training, &batch), 2 * (2 * 9 + 3 * 2 * 4 + 12 * 4 + 4 * 3) + 2 + 3 + 4 + 3);
}

#[test]
fn gradients_of_sparse_vd_match_finite_differences() {
    check_gradients(LogUniform);
}

/// A posterior of LeNet-300-100 without some of its units is read from its file with the same masked mean. A run that starts from the file starts
/// without these units.
pub fn check_file<P: Prior + 'static>(prior: P) {
    let network = Network::lenet_300_100();
    let mut noise = Noise::for_initialisation(3);
    let mut posterior = Normal::around(&Plain::initialise(&network, &mut noise), 0.0, prior.clone());
    for layer in &mut posterior.layers {
        layer.log_variance.value = noise.gaussian(layer.mean.value.len(), -5.0, 2.0);
        layer.bias.value = noise.gaussian(layer.bias.value.len(), 0.1, 0.1);
    }
    let mut training = NormalTraining { posterior, options: short(1, 1.0), clip: false };
    let mut units = training.units();
    units[0].outputs.retain(|unit| unit % 7 != 3);
    units[1].outputs.truncate(90);
    training.restrict(&crate::shed::consistent(&network, &units));
    let path = std::env::temp_dir().join(format!("curt-{}-{}.safetensors", P::FILE_METHOD.name(), std::process::id()));
    posterior::write(&path, &training, Scaling::SIGNED, Value::Null).unwrap();
    let (read, scaling) = methods::read(&path).unwrap();
    assert_eq!(scaling, Scaling::SIGNED);
    assert_eq!(read.thresholds(), P::thresholds());
    for threshold in [P::thresholds()[0], P::thresholds()[3]] {
        let mut back = read.masked_mean(&[threshold; 3]);
        let total = |plain: &Plain| plain.layers.iter().map(|layer| layer.weight.value.len()).sum::<usize>();
        assert_eq!(total(&back), network.weights());
        let zeros = |plain: &Plain| plain.layers.iter().flat_map(|layer| &layer.weight.value).filter(|&&w| w == 0.0).count();
        let written = training.posterior.masked(&[threshold; 3]);
        assert!(zeros(&written) > 0, "nothing is pruned");
        assert_eq!(zeros(&back) - zeros(&written), total(&back) - total(&written), "removed units are pruned");
        back.restrict(&training.units());
        for (back, written) in back.layers.iter().zip(&written.layers) {
            assert_eq!(back.weight.value, written.weight.value);
            assert_eq!(back.bias.value, written.bias.value);
        }
    }
    let start = methods::read_start(&path, &network, P::thresholds()[0]).unwrap();
    assert_eq!(start.layers[2].bias.value, training.posterior.layers[2].bias.value);
    let options = NormalOptions { start: Some(path.clone()), threshold: P::thresholds()[0], ..short(1, 1.0) };
    assert_eq!(options.begin(&network, prior, false).unwrap().units(), training.units());
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_posterior_of_sparse_vd_comes_back_from_its_file() {
    check_file(LogUniform);
}

#[test]
fn dead_units_go_and_the_masked_mean_computes_what_it_did() {
    let network = train::tests::network();
    let images = train::tests::split().training;
    let mut noise = Noise::for_initialisation(4);
    let mut posterior = Normal::around(&Plain::initialise(&network, &mut noise), -9.0, LogUniform);
    posterior.layers.iter_mut().for_each(|layer| layer.bias.value = noise.gaussian(layer.bias.value.len(), 0.3, 0.2));
    // The first map and the second hidden unit have no incoming weights, the third hidden unit no outgoing ones. Two flattened inputs are not read.
    let prune = |layer: &mut NormalLayer, which: &dyn Fn(usize) -> bool| {
        let values = layer.log_variance.value.iter_mut().enumerate();
        values.filter(|(index, _)| which(*index)).for_each(|(_, value)| *value = 9.0);
    };
    prune(&mut posterior.layers[0], &|index| index < 9);
    prune(&mut posterior.layers[1], &|index| index / 100 == 1 || [40, 70].contains(&(index % 100)));
    prune(&mut posterior.layers[2], &|index| index % 12 == 2);
    let before = posterior.masked(&[3.0; 3]).score(&images);
    posterior.remove_dead();
    let units: Vec<[usize; 2]> =
        posterior.layers.iter().map(|layer| [layer.units.inputs.len(), layer.units.outputs.len()]).collect();
    assert_eq!(units, [[1, 3], [73, 10], [10, 3]]);
    let after = posterior.masked(&[3.0; 3]).score(&images);
    assert!((before.loss - after.loss).abs() < 1e-5, "{before:?} {after:?}");
}

#[test]
fn a_layer_that_is_pruned_whole_stays() {
    let network = train::tests::network();
    let mut posterior = Normal::around(&Plain::initialise(&network, &mut Noise::for_initialisation(4)), 20.0, LogUniform);
    posterior.remove_dead();
    assert_eq!(posterior.layers[1].units.inputs.len(), 100);
}

/// Checks a run of the method with these options, on a small network.
pub fn check_training<P: Prior>(options: &NormalOptions, prior: &P) {
    let plain = Plain::initialise(&train::tests::network(), &mut Noise::for_initialisation(7));
    let begin =
        || NormalTraining { posterior: Normal::around(&plain, -6.0, prior.clone()), options: options.clone(), clip: false };
    check_resumption(P::FILE_METHOD.name(), &options.common, P::PRUNED.is_some(), begin);
}

#[test]
fn a_resumed_run_of_sparse_vd_equals_a_straight_one() {
    check_training(&short(12, 0.3), &LogUniform);
}

#[test]
fn the_weight_of_the_kl_rises_between_its_epochs() {
    let shares = Shares { warm_up: [0.025, 0.1], decay_from: 0.5 };
    let mut options = short(200, 2.0);
    options.warm_up = Vec::new();
    options.shed_from = None;
    let options = options.complete(shares).unwrap();
    assert_eq!([0, 4, 5, 8, 20, 199].map(|epoch| options.beta_at(epoch)), [0.0, 0.0, 0.0, 0.4, 2.0, 2.0]);
    assert_eq!((options.common.decay_from, options.shed_from()), (Some(100), 20));
    for warm_up in [vec![3], vec![5, 3]] {
        let error = NormalOptions { warm_up, ..short(10, 1.0) }.complete(shares).unwrap_err();
        assert!(error.to_string().contains("--warm-up"), "{error}");
    }
}
