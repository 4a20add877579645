//! Posteriors with a random scale for each group of weights (Louizos et al. 2017). A group is an input unit of a linear layer or an output map of a
//! convolution.

pub mod likelihood;
mod options;

pub use options::GroupOptions;
#[cfg(test)]
pub use options::tests::short;

use anyhow::{Context, Result, ensure};
use burn::tensor::Gradients;
use curt::posterior::{Method as FileMethod, NamedTensor};

use super::plain::{Plain, PlainLayer};
use super::{Method, Moment, Named, Slope, Trained};
use crate::data::Batch;
use crate::forward::{self, Precision};
use crate::network::{LayerShape, Network};
use crate::noise::Noise;
use crate::parameter::Parameter;
use crate::posterior::{self, Side, Stored};
use crate::shed::{self, Units};
use likelihood::SampledLayer;

/// One layer of such a posterior, for the remaining units.
pub trait GroupLayer: Clone {
    /// What posterior files call the method.
    const FILE_METHOD: FileMethod;
    /// The threshold of the statistic above which a group is certainly noise.
    const CERTAIN_NOISE: f64;

    /// The arrays of the layer in the trace.
    type Leaves: SampledLayer;

    /// The parameters of the prior. A posterior that is only read has their default.
    type Hyper: Copy + Default;

    /// A fresh layer. If `start` is given, its means are the weights of `start`, over the units of `start`.
    fn initialise(shape: LayerShape, start: Option<&PlainLayer>, hyper: Self::Hyper, noise: &mut Noise) -> Self;

    /// Sets the prior of a layer that was read from a file.
    fn set_hyper(&mut self, _hyper: Self::Hyper) {}

    fn shape(&self) -> LayerShape;

    fn units(&self) -> &Units;

    fn set_units(&mut self, units: Units);

    /// The arrays with their names and the units they run over, in the order of every list of gradients.
    fn parameters(&mut self) -> Vec<(&'static str, Side, &mut Parameter)>;

    /// The thresholds of the statistic to try, the one that prunes least first.
    fn thresholds() -> Vec<f64>;

    /// The pruning statistic of each group: the greater it is, the less the group matters.
    fn statistic(&self) -> Vec<f64>;

    /// The KL to the prior, in nats.
    fn kl(&self) -> f64;

    /// Adds `factor` times the gradient of [`GroupLayer::kl`].
    fn add_kl_gradient(&self, factor: f64, gradients: &mut [Vec<f32>]);

    /// The posterior mean of weights and biases.
    fn mean(&self) -> PlainLayer;

    fn leaves(&self, precision: &Precision) -> Self::Leaves;

    /// Gradients in the order of [`GroupLayer::parameters`].
    fn gradients(leaves: &Self::Leaves, slopes: &mut Gradients) -> Vec<Vec<f32>>;

    /// Keeps only these units.
    fn restrict(&mut self, kept: &Units) {
        let outputs = shed::positions(&self.units().outputs, &kept.outputs);
        let inputs = shed::positions(&self.units().inputs, &kept.inputs);
        for (_, side, parameter) in self.parameters() {
            match side {
                Side::Inputs => parameter.keep(0, &inputs),
                Side::Outputs => parameter.keep(0, &outputs),
                Side::Both => {
                    parameter.keep(0, &outputs);
                    parameter.keep(1, &inputs);
                }
                Side::Neither => {}
            }
        }
        self.set_units(kept.clone());
    }
}

/// The side of arrays with one value for each group.
pub fn group_side(shape: LayerShape) -> Side {
    if shape.is_linear() { Side::Inputs } else { Side::Outputs }
}

/// The group of a weight, by its index in an array.
pub fn group_of(shape: LayerShape, weight: &Parameter) -> impl Fn(usize) -> usize + use<> {
    let per_output = weight.value.len() / weight.shape[0].max(1);
    move |index| if shape.is_linear() { index % per_output } else { index / per_output }
}

/// A layer whose weights are multiplied by one factor per group. The factor of a map multiplies its bias too.
pub fn scaled(shape: LayerShape, units: &Units, weight: &Parameter, bias: &Parameter, scales: &[f32]) -> PlainLayer {
    let (mut weight, mut bias) = (weight.clone(), bias.clone());
    let group = group_of(shape, &weight);
    weight.value.iter_mut().enumerate().for_each(|(index, value)| *value *= scales[group(index)]);
    if !shape.is_linear() {
        bias.value.iter_mut().zip(scales).for_each(|(bias, scale)| *bias *= scale);
    }
    PlainLayer {
        units: units.clone(),
        weight: Parameter::new(weight.shape, weight.value),
        bias: Parameter::new(bias.shape, bias.value),
    }
}

/// The posterior of a network.
#[derive(Clone, Debug)]
pub struct Groups<L> {
    pub network: Network,
    pub layers: Vec<L>,
}

impl<L: GroupLayer> Groups<L> {
    /// A fresh posterior, around the weights of `start` if given.
    pub fn initialise(network: &Network, start: Option<&Plain>, hyper: L::Hyper, noise: &mut Noise) -> Self {
        let layers = network.layers.iter().enumerate();
        let layers =
            layers.map(|(index, (_, shape))| L::initialise(*shape, start.map(|plain| &plain.layers[index]), hyper, noise));
        Self { network: network.clone(), layers: layers.collect() }
    }

    /// Reads a posterior at the original shape.
    pub fn read(stored: &Stored) -> Result<Self> {
        let (found, expected) = (stored.method.name(), L::FILE_METHOD.name());
        ensure!(found == expected, "its method is {found}, expected {expected}");
        let mut groups = Self::initialise(&stored.network, None, L::Hyper::default(), &mut Noise::for_initialisation(0));
        stored.fill(groups.named().into_iter().map(|(name, _, parameter)| (name, parameter)).collect())?;
        Ok(groups)
    }

    /// The units left after every group at or above its layer's threshold is removed. A layer always keeps the group of least statistic.
    pub fn survivors(&self, thresholds: &[f64]) -> Vec<Units> {
        let layers = self.layers.iter().zip(thresholds);
        let alive: Vec<Vec<bool>> = layers
            .map(|(layer, &threshold)| {
                let statistic = layer.statistic();
                let least = statistic.iter().copied().fold(f64::INFINITY, f64::min);
                let alive = statistic.into_iter();
                alive.map(|value| value < threshold || value == least).collect()
            })
            .collect();
        shed::surviving(&self.network, &self.units(), &alive)
    }

    /// The posterior mean over these units.
    pub fn mean_over(&self, units: &[Units]) -> Plain {
        let mut plain = Plain { network: self.network.clone(), layers: self.layers.iter().map(GroupLayer::mean).collect() };
        plain.restrict(units);
        plain
    }

    /// The remaining units of each layer.
    pub fn units(&self) -> Vec<Units> {
        self.layers.iter().map(|layer| layer.units().clone()).collect()
    }

    /// Removes the groups that reach the threshold of their layer.
    pub fn shed(&mut self, thresholds: &[f64]) {
        let kept = self.survivors(thresholds);
        if kept != self.units() {
            self.restrict(&kept);
        }
    }

    fn restrict(&mut self, units: &[Units]) {
        for (layer, kept) in self.layers.iter_mut().zip(units) {
            layer.restrict(kept);
        }
    }

    /// Every array with its name in files and the units it runs over, always in the same order.
    pub fn named(&mut self) -> Vec<(String, Side, &mut Parameter)> {
        let names = self.network.layers.iter().map(|(name, _)| name);
        let arrays = names.zip(&mut self.layers);
        let arrays = arrays.flat_map(|(name, layer)| layer.parameters().into_iter().map(move |array| (name, array)));
        arrays.map(|(name, (tensor, side, parameter))| (format!("{name}.{tensor}"), side, parameter)).collect()
    }

    /// The cross-entropy of a batch, and the gradient of `cross-entropy + kl_factor * KL`.
    pub fn slope(&self, batch: &Batch, kl_factor: f64, noise: &mut Noise) -> Slope {
        let precision = Precision::training();
        let tensors: Vec<_> = self.layers.iter().map(|layer| layer.leaves(&precision)).collect();
        let loss = likelihood::cross_entropy(&self.network, &self.units(), &tensors, batch, noise, &precision);
        let mut slopes = loss.backward();
        let mut gradients = Vec::new();
        for (layer, leaves) in self.layers.iter().zip(&tensors) {
            let mut of_layer = L::gradients(leaves, &mut slopes);
            layer.add_kl_gradient(kl_factor, &mut of_layer);
            gradients.extend(of_layer);
        }
        Slope { cross_entropy: f64::from(forward::values(loss)[0]), gradients }
    }
}

/// A posterior in training, with its options.
pub struct Training<L> {
    pub groups: Groups<L>,
    pub options: GroupOptions,
}

impl<L: GroupLayer> Training<L> {
    /// A fresh posterior, around a plain network if one is given; or an earlier posterior without its noise groups.
    pub fn begin(options: &GroupOptions, hyper: L::Hyper, network: &Network) -> Result<Self> {
        let mut noise = Noise::for_initialisation(options.common.seed);
        let groups = match options.start.as_deref() {
            None => Groups::initialise(network, None, hyper, &mut noise),
            Some(path) => {
                let stored = Stored::open(path)?;
                ensure!(stored.network == *network, "{} is of another network than {}", path.display(), network.name);
                if stored.method == L::FILE_METHOD {
                    let mut groups = Groups::<L>::read(&stored).with_context(|| format!("{} is not usable", path.display()))?;
                    groups.layers.iter_mut().for_each(|layer| layer.set_hyper(hyper));
                    groups.shed(&vec![L::CERTAIN_NOISE; groups.layers.len()]);
                    groups
                } else {
                    let plain = super::read_start(path, network, L::CERTAIN_NOISE)?;
                    Groups::initialise(network, Some(&plain), hyper, &mut noise)
                }
            }
        };
        Ok(Self { groups, options: options.clone() })
    }
}

impl<L: GroupLayer> Method for Training<L> {
    fn file_method(&self) -> FileMethod {
        L::FILE_METHOD
    }

    fn network(&self) -> &Network {
        &self.groups.network
    }

    fn units(&self) -> Vec<Units> {
        self.groups.units()
    }

    fn restrict(&mut self, units: &[Units]) {
        self.groups.restrict(units);
    }

    fn parameters(&mut self) -> Vec<Named<'_>> {
        let options = &self.options;
        let rate = |name: &str| match name {
            _ if [".scale_", ".local_", ".global_"].iter().any(|scale| name.contains(scale)) => options.scale_rate,
            _ if name.ends_with("_log_variance") => options.variance_rate,
            _ => 1.0,
        };
        let named = self.groups.named().into_iter();
        named.map(|(name, _, parameter)| Named { rate: rate(&name), name, parameter }).collect()
    }

    fn slope(&mut self, batch: &Batch, at: Moment, noise: &mut Noise) -> Slope {
        self.groups.slope(batch, self.options.beta_at(at.epoch) / at.images as f64, noise)
    }

    /// Bounds the variance of the first layer's weights.
    fn after_step(&mut self, _: Moment) {
        let bound = self.options.max_variance.ln();
        let arrays = self.groups.layers[0].parameters().into_iter();
        let bounded = arrays.filter(|(name, ..)| *name == "weight_log_variance").flat_map(|(.., parameter)| &mut parameter.value);
        bounded.for_each(|value| *value = value.min(bound));
    }

    fn after_epoch(&mut self, epoch: usize) {
        self.groups.shed(&self.options.thresholds_at(epoch, self.groups.layers.len(), L::CERTAIN_NOISE));
    }

    /// The weight of the KL, and the KL to the prior in nats.
    fn report(&self, epoch: usize) -> Vec<(&'static str, f64)> {
        let kl = self.groups.layers.iter().map(GroupLayer::kl).sum();
        vec![("beta", self.options.beta_at(epoch)), ("kl", kl)]
    }

    fn prediction(&self) -> Plain {
        self.groups.mean_over(&self.groups.units())
    }

    /// Units that training removed are written as zeros. `GroupLayer::statistic` of each layer type says which statistic that gives.
    fn arrays(&self) -> Vec<NamedTensor> {
        let mut groups = self.groups.clone();
        let layers: Vec<_> = groups.layers.iter().map(|layer| (layer.shape(), layer.units().clone())).collect();
        let arrays = self.groups.layers.len();
        let named = groups.named();
        let per_layer = named.len() / arrays.max(1);
        let widened = named.into_iter().enumerate().map(|(index, (name, side, parameter))| {
            let (shape, units) = &layers[index / per_layer];
            posterior::array(name, &parameter.value, *shape, units, side)
        });
        widened.collect()
    }
}

impl<L: GroupLayer> Trained for Groups<L> {
    fn network(&self) -> &Network {
        &self.network
    }

    fn thresholds(&self) -> Vec<f64> {
        L::thresholds()
    }

    fn masked_mean(&self, thresholds: &[f64]) -> Plain {
        self.mean_over(&self.survivors(thresholds))
    }
}
