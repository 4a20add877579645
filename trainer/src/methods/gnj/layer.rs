//! One layer of the posterior: six arrays, their start, their bounds, their prediction.

use crate::kl;
use crate::methods::plain::{Plain, PlainLayer};
use crate::network::LayerShape;
use crate::noise::Noise;
use crate::parameter::Parameter;
use crate::shed::{self, Units};

/// Log variance that every posterior starts from.
const START_LOG_VARIANCE: f32 = -9.0;
/// Standard deviation of the starting values around their mean.
const START_SPREAD: f32 = 0.01;

/// q(z) = N(scale mean, scale variance) per group, q(w | z) = N(z mu, z^2 s^2) per weight and a
/// normal posterior per bias (Louizos et al. 2017, eq. 5 and 6), for the units still there.
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
    /// Upper bound of the weights' s^2.
    pub max_variance: Option<f32>,
}

impl GnjLayer {
    /// Starts with scales near 1 and small variances, so that no group dies early. The weight
    /// means are those of `start` when given, else N(0, 1 / fan-in) for a linear layer and
    /// uniform of that bound for a convolution.
    pub fn initialise(shape: LayerShape, start: Option<&PlainLayer>, noise: &mut Noise) -> Self {
        let units = Units::all(shape);
        let weight_shape = shape.weight_shape(shape.outputs(), shape.inputs());
        let weights = weight_shape.iter().product();
        let (groups, outputs) = (units.groups(shape), shape.outputs());
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
            max_variance: None,
            shape,
            units,
        }
    }

    /// The arrays with their names, in the order of every list of gradients.
    pub fn parameters(&mut self) -> [(&'static str, &mut Parameter); 6] {
        [
            ("weight_mean", &mut self.weight_mean),
            ("weight_log_variance", &mut self.weight_log_variance),
            ("scale_mean", &mut self.scale_mean),
            ("scale_log_variance", &mut self.scale_log_variance),
            ("bias_mean", &mut self.bias_mean),
            ("bias_log_variance", &mut self.bias_log_variance),
        ]
    }

    /// Log dropout rate of every group.
    pub fn log_alpha(&self) -> Vec<f64> {
        let groups = self.scale_mean.value.iter().zip(&self.scale_log_variance.value);
        groups.map(|(&mean, &variance)| kl::log_alpha(f64::from(mean), f64::from(variance))).collect()
    }

    /// KL of scales, weights and biases to their priors in nats.
    pub fn kl(&self) -> f64 {
        let scales = self.log_alpha().into_iter().map(kl::log_uniform).sum::<f64>();
        let normal = |mean: &Parameter, variance: &Parameter| {
            let pairs = mean.value.iter().zip(&variance.value);
            pairs.map(|(&m, &v)| kl::standard_normal(f64::from(m), f64::from(v))).sum::<f64>()
        };
        scales + normal(&self.weight_mean, &self.weight_log_variance) + normal(&self.bias_mean, &self.bias_log_variance)
    }

    /// Adds `factor` times the gradient of [`GnjLayer::kl`] to gradients in the order of
    /// [`GnjLayer::parameters`].
    pub fn add_kl_gradient(&self, factor: f64, gradients: &mut [Vec<f32>]) {
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

    /// Applies the bound on the weights' variance.
    pub fn constrain(&mut self) {
        if let Some(variance) = self.max_variance {
            let bound = variance.ln();
            for value in &mut self.weight_log_variance.value {
                *value = value.min(bound);
            }
        }
    }

    /// Keeps only these units.
    pub fn restrict(&mut self, kept: &Units) {
        let outputs = shed::positions(&self.units.outputs, &kept.outputs);
        let inputs = shed::positions(&self.units.inputs, &kept.inputs);
        for weight in [&mut self.weight_mean, &mut self.weight_log_variance] {
            weight.keep(0, &outputs);
            weight.keep(1, &inputs);
        }
        let groups = if self.shape.is_linear() { &inputs } else { &outputs };
        self.scale_mean.keep(0, groups);
        self.scale_log_variance.keep(0, groups);
        self.bias_mean.keep(0, &outputs);
        self.bias_log_variance.keep(0, &outputs);
        self.units = kept.clone();
    }

    /// The posterior mean of the layer's weights, `diag(mu_z) M` (eq. 10 with an open mask). The
    /// scale of an output map multiplies its bias too; that of an input unit does not.
    pub fn mean(&self) -> PlainLayer {
        let mut weight = self.weight_mean.clone();
        let mut bias = self.bias_mean.clone();
        let pairs = self.shape.weights_per_pair();
        let (outputs, inputs) = (weight.shape[0], weight.shape[1]);
        if self.shape.is_linear() {
            for row in weight.value.chunks_exact_mut(inputs) {
                for (value, scale) in row.iter_mut().zip(&self.scale_mean.value) {
                    *value *= scale;
                }
            }
        } else {
            let rows = weight.value.chunks_exact_mut(inputs * pairs);
            for (output, row) in rows.enumerate() {
                row.iter_mut().for_each(|value| *value *= self.scale_mean.value[output]);
            }
            for output in 0..outputs {
                bias.value[output] *= self.scale_mean.value[output];
            }
        }
        PlainLayer {
            units: self.units.clone(),
            weight: Parameter::new(weight.shape, weight.value),
            bias: Parameter::new(bias.shape, bias.value),
        }
    }

    /// Marginal variance of every weight (eq. 11):
    /// `V(w) = s_z^2 (s^2 + mu^2) + s^2 mu_z^2`, shaped like the weights.
    #[cfg(test)]
    pub fn marginal_variance(&self) -> Vec<f64> {
        let per_output = self.weight_mean.value.len() / self.weight_mean.shape[0];
        let pairs = self.weight_mean.value.iter().zip(&self.weight_log_variance.value);
        pairs
            .enumerate()
            .map(|(index, (&mean, &log_variance))| {
                let group = if self.shape.is_linear() { index % per_output } else { index / per_output };
                let scale = f64::from(self.scale_mean.value[group]);
                let scale_variance = f64::from(self.scale_log_variance.value[group]).exp();
                let variance = f64::from(log_variance).exp();
                scale_variance * (variance + f64::from(mean).powi(2)) + variance * scale * scale
            })
            .collect()
    }
}

/// The layer of the same index in a starting network.
pub fn start_layer(start: Option<&Plain>, index: usize) -> Option<&PlainLayer> {
    start.map(|plain| &plain.layers[index])
}
