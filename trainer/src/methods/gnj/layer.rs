//! One layer of the posterior: six arrays, their start, their bounds, their prediction.

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

/// The posterior of the remaining units (Louizos et al. 2017, eq. 5 and 6): `q(z) = N(mu_z, s_z^2)` per group,
/// `q(w | z) = N(z mu, z^2 s^2)` per weight, and a normal posterior per bias.
#[derive(Clone, Debug)]
pub struct GnjLayer {
    pub shape: LayerShape,
    pub units: Units,
    /// `[out, in]` or `[out, in, kh, kw]`
    pub weight_mean: Parameter,
    pub weight_log_variance: Parameter,
    /// `[in]` of a linear layer, `[out]` of a convolution
    pub scale_mean: Parameter,
    pub scale_log_variance: Parameter,
    /// `[out]`
    pub bias_mean: Parameter,
    pub bias_log_variance: Parameter,
}

impl GnjLayer {
    /// Log dropout rate of every group.
    pub fn log_alpha(&self) -> Vec<f64> {
        let groups = self.scale_mean.value.iter().zip(&self.scale_log_variance.value);
        groups.map(|(&mean, &variance)| kl::log_alpha(f64::from(mean), f64::from(variance))).collect()
    }

    /// Marginal variance of every weight (Louizos et al. 2017, eq. 11):
    /// `V(w) = s_z^2 (s^2 + mu^2) + s^2 mu_z^2`, shaped like the weights.
    #[cfg(test)]
    pub fn marginal_variance(&self) -> Vec<f64> {
        let group = groups::group_of(self.shape, &self.weight_mean);
        let pairs = self.weight_mean.value.iter().zip(&self.weight_log_variance.value);
        pairs
            .enumerate()
            .map(|(index, (&mean, &log_variance))| {
                let group = group(index);
                let scale = f64::from(self.scale_mean.value[group]);
                let scale_variance = f64::from(self.scale_log_variance.value[group]).exp();
                let variance = f64::from(log_variance).exp();
                scale_variance * (variance + f64::from(mean).powi(2)) + variance * scale * scale
            })
            .collect()
    }
}

impl GroupLayer for GnjLayer {
    const FILE_METHOD: FileMethod = FileMethod::Gnj;
    const CERTAIN_NOISE: f64 = kl::CERTAIN_NOISE;

    type Leaves = LayerTensors;
    type Hyper = ();

    /// Starts with scales near 1 and small variances; otherwise groups would die early. The weight means are those of `start`
    /// if given. Otherwise they are N(0, 1 / fan-in) in a linear layer and uniform with that bound in a convolution.
    fn initialise(shape: LayerShape, start: Option<&PlainLayer>, _hyper: (), noise: &mut Noise) -> Self {
        let units = start.map_or_else(|| Units::all(shape), |layer| layer.units.clone());
        let weight_shape = shape.weight_shape(units.outputs.len(), units.inputs.len());
        let weights = weight_shape.iter().product();
        let (groups, outputs) = (units.groups(shape), units.outputs.len());
        let bound = (1.0 / shape.fan_in() as f32).sqrt();
        let weight_mean = match (start, shape) {
            (Some(layer), _) => layer.weight.value.clone(),
            (None, LayerShape::Linear { .. }) => noise.gaussian(weights, 0.0, bound),
            (None, LayerShape::Convolution { .. }) => noise.uniform(weights, bound),
        };
        let bias_mean = start.map_or_else(|| vec![0.0; outputs], |layer| layer.bias.value.clone());
        let mut log_variance =
            |shape: Vec<usize>, count| Parameter::new(shape, noise.gaussian(count, START_LOG_VARIANCE, START_SPREAD));
        Self {
            weight_log_variance: log_variance(weight_shape.clone(), weights),
            scale_log_variance: log_variance(vec![groups], groups),
            bias_log_variance: log_variance(vec![outputs], outputs),
            scale_mean: Parameter::new(vec![groups], noise.gaussian(groups, 1.0, START_SPREAD)),
            weight_mean: Parameter::new(weight_shape, weight_mean),
            bias_mean: Parameter::new(vec![outputs], bias_mean),
            shape,
            units,
        }
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
        vec![
            ("weight_mean", Side::Both, &mut self.weight_mean),
            ("weight_log_variance", Side::Both, &mut self.weight_log_variance),
            ("scale_mean", groups, &mut self.scale_mean),
            ("scale_log_variance", groups, &mut self.scale_log_variance),
            ("bias_mean", Side::Outputs, &mut self.bias_mean),
            ("bias_log_variance", Side::Outputs, &mut self.bias_log_variance),
        ]
    }

    fn thresholds() -> Vec<f64> {
        kl::log_alpha_thresholds()
    }

    /// Log alpha (Molchanov et al. 2017). A group that training removed has 18.4 in the file, above any threshold.
    fn statistic(&self) -> Vec<f64> {
        self.log_alpha()
    }

    /// The KL of scales, weights and biases to their priors, in nats.
    fn kl(&self) -> f64 {
        let scales = self.log_alpha().into_iter().map(kl::log_uniform).sum::<f64>();
        let normal = |mean: &Parameter, variance: &Parameter| {
            let pairs = mean.value.iter().zip(&variance.value);
            pairs.map(|(&m, &v)| kl::standard_normal(f64::from(m), f64::from(v))).sum::<f64>()
        };
        scales + normal(&self.weight_mean, &self.weight_log_variance) + normal(&self.bias_mean, &self.bias_log_variance)
    }

    /// Adds `factor` times the gradient of [`GnjLayer::kl`] to gradients in the order of
    /// [`GnjLayer::parameters`].
    fn add_kl_gradient(&self, factor: f64, gradients: &mut [Vec<f32>]) {
        let [weight, scale, bias] = [0, 2, 4];
        for (mean, variance, first, gradient) in [
            (&self.weight_mean, &self.weight_log_variance, weight, kl::standard_normal_gradient as fn(f64, f64) -> (f64, f64)),
            (&self.scale_mean, &self.scale_log_variance, scale, kl::log_uniform_gradient),
            (&self.bias_mean, &self.bias_log_variance, bias, kl::standard_normal_gradient),
        ] {
            for (index, (&m, &v)) in mean.value.iter().zip(&variance.value).enumerate() {
                let (by_mean, by_variance) = gradient(f64::from(m), f64::from(v));
                gradients[first][index] += (factor * by_mean) as f32;
                gradients[first + 1][index] += (factor * by_variance) as f32;
            }
        }
    }

    /// `diag(mu_z) M` (Louizos et al. 2017, eq. 10 without a mask). The scale of an output map multiplies its bias too; an input unit's does not.
    fn mean(&self) -> PlainLayer {
        groups::scaled(self.shape, &self.units, &self.weight_mean, &self.bias_mean, &self.scale_mean.value)
    }

    fn leaves(&self, precision: &Precision) -> LayerTensors {
        LayerTensors {
            weight_mean: matrix(&self.weight_mean, precision).require_grad(),
            weight_log_variance: matrix(&self.weight_log_variance, precision).require_grad(),
            scale_mean: vector(&self.scale_mean, precision).require_grad(),
            scale_log_variance: vector(&self.scale_log_variance, precision).require_grad(),
            bias_mean: vector(&self.bias_mean, precision).require_grad(),
            bias_log_variance: vector(&self.bias_log_variance, precision).require_grad(),
        }
    }

    fn gradients(leaves: &LayerTensors, slopes: &mut Gradients) -> Vec<Vec<f32>> {
        vec![
            forward::gradient(&leaves.weight_mean, slopes),
            forward::gradient(&leaves.weight_log_variance, slopes),
            forward::gradient(&leaves.scale_mean, slopes),
            forward::gradient(&leaves.scale_log_variance, slopes),
            forward::gradient(&leaves.bias_mean, slopes),
            forward::gradient(&leaves.bias_log_variance, slopes),
        ]
    }
}

/// The arrays of a layer as leaves of the trace; weights as `[out, in * kh * kw]`.
pub struct LayerTensors {
    pub weight_mean: Tensor<2>,
    pub weight_log_variance: Tensor<2>,
    pub scale_mean: Tensor<1>,
    pub scale_log_variance: Tensor<1>,
    pub bias_mean: Tensor<1>,
    pub bias_log_variance: Tensor<1>,
}

impl SampledLayer for LayerTensors {
    fn weight(&self) -> [&Tensor<2>; 2] {
        [&self.weight_mean, &self.weight_log_variance]
    }

    fn bias(&self) -> [&Tensor<1>; 2] {
        [&self.bias_mean, &self.bias_log_variance]
    }

    /// z ~ N(mu_z, s_z^2).
    fn scales(&self, noise: Tensor<2>, axis: usize) -> Tensor<2> {
        let deviation = (self.scale_log_variance.clone() * 0.5).exp();
        along(self.scale_mean.clone(), axis) + along(deviation, axis) * noise
    }
}
