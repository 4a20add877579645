//! One layer of the posterior: four log-normal scales, two of the layer and two of each group.

use burn::tensor::{Gradients, Tensor};
use curt::posterior::Method as FileMethod;

use crate::forward::{self, Precision};
use crate::kl;
use crate::methods::groups::likelihood::{SampledLayer, along};
use crate::methods::groups::{self, GroupLayer};
use crate::methods::plain::{PlainLayer, matrix, vector};
use crate::network::LayerShape;
use crate::noise::Noise;
use crate::parameter::Parameter;
use crate::posterior::Side;
use crate::shed::Units;

/// Log variance that every posterior starts from.
const START_LOG_VARIANCE: f32 = -9.0;
/// Standard deviation of the starting values around their mean.
const START_SPREAD: f32 = 0.01;
/// The mean of the logarithm at which q is nearest to Gamma(1/2, 1). For the inverse Gamma it is the negative.
const NEUTRAL: f32 = -1.693_147_2;

/// A log-normal posterior of scales: mean and log variance of the logarithm.
#[derive(Clone, Debug)]
pub struct LogNormal {
    pub mean: Parameter,
    pub log_variance: Parameter,
}

impl LogNormal {
    fn around(count: usize, mean: f32, noise: &mut Noise) -> Self {
        Self {
            mean: Parameter::new(vec![count], noise.gaussian(count, mean, START_SPREAD)),
            log_variance: Parameter::new(vec![count], noise.gaussian(count, START_LOG_VARIANCE, START_SPREAD)),
        }
    }
}

/// The scale of the half-Cauchy prior of each layer's own scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tau(pub f64);

impl Default for Tau {
    /// The value of the paper.
    fn default() -> Self {
        Self(1e-5)
    }
}

impl Tau {
    /// Scale of the prior of s_a.
    fn theta(self) -> f64 {
        self.0 * self.0
    }
}

/// The posterior of the remaining units (Louizos et al. 2017, eq. 12 to 16). Gamma distributions are given by shape and scale.
///
/// `w = w~ sqrt(s_a s_b a_i b_i)` with w~ normal, `s_a ~ G(1/2, tau^2)`, `a_i ~ G(1/2, 1)` and `s_b, b_i ~ IG(1/2, 1)`. Thus z_i is the product of
/// two half-Cauchy variables. q is log-normal in each scale, so z_i is log-normal too.
#[derive(Clone, Debug)]
pub struct GhsLayer {
    pub shape: LayerShape,
    pub units: Units,
    /// `[out, in]` or `[out, in, kh, kw]`
    pub weight_mean: Parameter,
    pub weight_log_variance: Parameter,
    /// `[in]` of a linear layer, `[out]` of a convolution: a_i and b_i.
    pub local: [LogNormal; 2],
    /// `[1]`: s_a and s_b.
    pub global: [LogNormal; 2],
    /// `[out]`
    pub bias_mean: Parameter,
    pub bias_log_variance: Parameter,
    pub tau: Tau,
}

impl GhsLayer {
    /// Means and variances of log z_i: half the sum of the four means, and a quarter of the sum of the four variances.
    pub fn log_scales(&self) -> Vec<(f64, f64)> {
        let own: Vec<&LogNormal> = self.local.iter().collect();
        let shared = |pick: fn(&LogNormal) -> f64| self.global.iter().map(pick).sum::<f64>();
        let mean = shared(|scale| f64::from(scale.mean.value[0]));
        let variance = shared(|scale| f64::from(scale.log_variance.value[0]).exp());
        let group = |i: usize| {
            let means: f64 = own.iter().map(|scale| f64::from(scale.mean.value[i])).sum();
            let variances: f64 = own.iter().map(|scale| f64::from(scale.log_variance.value[i]).exp()).sum();
            (0.5 * (mean + means), 0.25 * (variance + variances))
        };
        (0..self.local[0].mean.value.len()).map(group).collect()
    }

    /// The scales, and the formulas of their priors' KL and of its gradient.
    fn priors(&self) -> [(&LogNormal, Prior); 4] {
        let [local_a, local_b] = &self.local;
        let [global_a, global_b] = &self.global;
        let gamma = |theta| Prior::Gamma { theta };
        [
            (local_a, gamma(1.0)),
            (local_b, Prior::InverseGamma),
            (global_a, gamma(self.tau.theta())),
            (global_b, Prior::InverseGamma),
        ]
    }
}

/// The prior of a scale, of shape 1/2.
#[derive(Clone, Copy)]
enum Prior {
    Gamma { theta: f64 },
    InverseGamma,
}

impl Prior {
    fn kl(self, mean: f64, log_variance: f64) -> f64 {
        match self {
            Self::Gamma { theta } => kl::log_normal_to_gamma(mean, log_variance, theta),
            Self::InverseGamma => kl::log_normal_to_inverse_gamma(mean, log_variance),
        }
    }

    fn gradient(self, mean: f64, log_variance: f64) -> (f64, f64) {
        match self {
            Self::Gamma { theta } => kl::log_normal_to_gamma_gradient(mean, log_variance, theta),
            Self::InverseGamma => kl::log_normal_to_inverse_gamma_gradient(mean, log_variance),
        }
    }
}

fn pairs<'a>(mean: &'a Parameter, log_variance: &'a Parameter) -> impl Iterator<Item = (f64, f64)> + 'a {
    mean.value.iter().zip(&log_variance.value).map(|(&mean, &log_variance)| (f64::from(mean), f64::from(log_variance)))
}

impl GroupLayer for GhsLayer {
    const FILE_METHOD: FileMethod = FileMethod::Ghs;
    /// The negative log mode of a scale whose mode is e^-8.
    const CERTAIN_NOISE: f64 = 8.0;

    type Leaves = LayerTensors;
    type Hyper = Tau;

    /// Starts with scales near 1 and small variances. s_a begins at its prior; s_b begins as far on the other side, which the heavy tail of the
    /// inverse Gamma makes cheap. The weight means are those of `start` if given, otherwise N(0, 1 / fan-in).
    fn initialise(shape: LayerShape, start: Option<&PlainLayer>, tau: Tau, noise: &mut Noise) -> Self {
        let units = start.map_or_else(|| Units::all(shape), |layer| layer.units.clone());
        let weight_shape = shape.weight_shape(units.outputs.len(), units.inputs.len());
        let weights = weight_shape.iter().product();
        let (groups, outputs) = (units.groups(shape), units.outputs.len());
        let fresh = |noise: &mut Noise| noise.gaussian(weights, 0.0, (1.0 / shape.fan_in() as f32).sqrt());
        let weight_mean = start.map_or_else(|| fresh(noise), |layer| layer.weight.value.clone());
        let bias_mean = start.map_or_else(|| vec![0.0; outputs], |layer| layer.bias.value.clone());
        let global = tau.theta().ln() as f32 + NEUTRAL;
        let mut log_variance =
            |shape: Vec<usize>, count| Parameter::new(shape, noise.gaussian(count, START_LOG_VARIANCE, START_SPREAD));
        Self {
            weight_log_variance: log_variance(weight_shape.clone(), weights),
            bias_log_variance: log_variance(vec![outputs], outputs),
            weight_mean: Parameter::new(weight_shape, weight_mean),
            bias_mean: Parameter::new(vec![outputs], bias_mean),
            local: [LogNormal::around(groups, NEUTRAL, noise), LogNormal::around(groups, -NEUTRAL, noise)],
            global: [LogNormal::around(1, global, noise), LogNormal::around(1, -global, noise)],
            tau,
            shape,
            units,
        }
    }

    fn set_hyper(&mut self, tau: Tau) {
        self.tau = tau;
    }

    fn shape(&self) -> LayerShape {
        self.shape
    }

    fn units(&self) -> &Units {
        &self.units
    }

    fn set_units(&mut self, units: Units) {
        self.units = units;
    }

    fn parameters(&mut self) -> Vec<(&'static str, Side, &mut Parameter)> {
        let groups = groups::group_side(self.shape);
        let [local_a, local_b] = &mut self.local;
        let [global_a, global_b] = &mut self.global;
        vec![
            ("weight_mean", Side::Both, &mut self.weight_mean),
            ("weight_log_variance", Side::Both, &mut self.weight_log_variance),
            ("bias_mean", Side::Outputs, &mut self.bias_mean),
            ("bias_log_variance", Side::Outputs, &mut self.bias_log_variance),
            ("local_a_mean", groups, &mut local_a.mean),
            ("local_a_log_variance", groups, &mut local_a.log_variance),
            ("local_b_mean", groups, &mut local_b.mean),
            ("local_b_log_variance", groups, &mut local_b.log_variance),
            ("global_a_mean", Side::Neither, &mut global_a.mean),
            ("global_a_log_variance", Side::Neither, &mut global_a.log_variance),
            ("global_b_mean", Side::Neither, &mut global_b.mean),
            ("global_b_log_variance", Side::Neither, &mut global_b.log_variance),
        ]
    }

    fn thresholds() -> Vec<f64> {
        (0..=32).map(|step| Self::CERTAIN_NOISE - 0.25 * f64::from(step)).collect()
    }

    /// The negative log mode of z_i: `s2_z - mu_z`. It is infinite for a group that training removed, whose means are zeros in the file.
    fn statistic(&self) -> Vec<f64> {
        let modes = self.log_scales().into_iter().map(|(mean, variance)| variance - mean);
        let mut removed = vec![true; modes.len()];
        let group = groups::group_of(self.shape, &self.weight_mean);
        self.weight_mean.value.iter().enumerate().for_each(|(index, &mean)| removed[group(index)] &= mean == 0.0);
        modes.zip(removed).map(|(mode, removed)| if removed { f64::INFINITY } else { mode }).collect()
    }

    fn kl(&self) -> f64 {
        let normal = |mean, log_variance| pairs(mean, log_variance).map(|(m, v)| kl::standard_normal(m, v)).sum::<f64>();
        let scales = self.priors().into_iter();
        let scales = scales.flat_map(|(scale, prior)| pairs(&scale.mean, &scale.log_variance).map(move |(m, v)| prior.kl(m, v)));
        normal(&self.weight_mean, &self.weight_log_variance)
            + normal(&self.bias_mean, &self.bias_log_variance)
            + scales.sum::<f64>()
    }

    fn add_kl_gradient(&self, factor: f64, gradients: &mut [Vec<f32>]) {
        let mut add = |first: usize, mean: &Parameter, log_variance: &Parameter, gradient: &dyn Fn(f64, f64) -> (f64, f64)| {
            for (index, (m, v)) in pairs(mean, log_variance).enumerate() {
                let (by_mean, by_variance) = gradient(m, v);
                gradients[first][index] += (factor * by_mean) as f32;
                gradients[first + 1][index] += (factor * by_variance) as f32;
            }
        };
        add(0, &self.weight_mean, &self.weight_log_variance, &kl::standard_normal_gradient);
        add(2, &self.bias_mean, &self.bias_log_variance, &kl::standard_normal_gradient);
        for (index, (scale, prior)) in self.priors().into_iter().enumerate() {
            add(4 + 2 * index, &scale.mean, &scale.log_variance, &|m, v| prior.gradient(m, v));
        }
    }

    /// `diag(E z) M` with `E z = exp(mu_z + s2_z / 2)`, the mean of a log-normal. The scale of an output map multiplies its bias too.
    fn mean(&self) -> PlainLayer {
        let scales: Vec<f32> =
            self.log_scales().into_iter().map(|(mean, variance)| (mean + 0.5 * variance).exp() as f32).collect();
        groups::scaled(self.shape, &self.units, &self.weight_mean, &self.bias_mean, &scales)
    }

    fn leaves(&self, precision: &Precision) -> LayerTensors {
        let scale = |scale: &LogNormal| {
            [vector(&scale.mean, precision).require_grad(), vector(&scale.log_variance, precision).require_grad()]
        };
        let [local_a, local_b] = &self.local;
        let [global_a, global_b] = &self.global;
        LayerTensors {
            weight: [
                matrix(&self.weight_mean, precision).require_grad(),
                matrix(&self.weight_log_variance, precision).require_grad(),
            ],
            bias: [vector(&self.bias_mean, precision).require_grad(), vector(&self.bias_log_variance, precision).require_grad()],
            scales: [scale(local_a), scale(local_b), scale(global_a), scale(global_b)],
        }
    }

    fn gradients(leaves: &LayerTensors, slopes: &mut Gradients) -> Vec<Vec<f32>> {
        let weights = leaves.weight.iter().map(|leaf| forward::gradient(leaf, slopes)).collect::<Vec<_>>();
        let vectors = leaves.bias.iter().chain(leaves.scales.iter().flatten());
        weights.into_iter().chain(vectors.map(|leaf| forward::gradient(leaf, slopes)).collect::<Vec<_>>()).collect()
    }
}

/// The arrays of a layer as leaves of the trace, each a mean and a log variance.
pub struct LayerTensors {
    pub weight: [Tensor<2>; 2],
    pub bias: [Tensor<1>; 2],
    /// a_i, b_i, s_a, s_b.
    pub scales: [[Tensor<1>; 2]; 4],
}

impl SampledLayer for LayerTensors {
    fn weight(&self) -> [&Tensor<2>; 2] {
        self.weight.each_ref()
    }

    fn bias(&self) -> [&Tensor<1>; 2] {
        self.bias.each_ref()
    }

    /// z ~ LN(mu_z, s2_z), drawn as one log-normal: the weights depend on the product of the four scales only.
    fn scales(&self, noise: Tensor<2>, axis: usize) -> Tensor<2> {
        let [local_a, local_b, global_a, global_b] = &self.scales;
        let mean = (local_a[0].clone() + local_b[0].clone() + global_a[0].clone() + global_b[0].clone()) * 0.5;
        let variance =
            (local_a[1].clone().exp() + local_b[1].clone().exp() + global_a[1].clone().exp() + global_b[1].clone().exp()) * 0.25;
        (along(mean, axis) + along(variance.sqrt(), axis) * noise).exp()
    }
}
