//! Weights that share a scale z with the others of their group, `q(w | z) = N(z mu, z^2 s^2)`: the part shared by group normal-Jeffreys and
//! the group horseshoe.

use crate::base::error::{Error, ErrorKind, Result};
use crate::compress::shrink::{OriginalLayer, WeightValues};
use crate::posterior::{Groups, ScaledWeights};

/// The posterior mean with nothing pruned.
///
/// A weight of group `i` is its mean times `scales[i]`, the mean of `z_i`; so is the bias of a map. The bias of a linear layer is its mean.
///
/// # Errors
///
/// `posterior` when a weight exceeds the range of f32.
pub(crate) fn mean(weights: &ScaledWeights, scales: &[f64], name: &str) -> Result<OriginalLayer> {
    let scaled = |(i, &mean): (usize, &f32)| (scales[weights.group_of(i)] * f64::from(mean)) as f32;
    let means: Vec<f32> = weights.mean.iter().enumerate().map(scaled).collect();
    if let Some(i) = means.iter().position(|weight| !weight.is_finite()) {
        let message = format!("layer {name:?}: weight_mean times the mean of its scale exceeds the range of f32 at element {i}");
        return Err(Error::new(ErrorKind::Posterior, message));
    }
    let mut bias: Vec<f64> = weights.bias_mean.iter().map(|&b| f64::from(b)).collect();
    if weights.groups == Groups::Maps {
        bias.iter_mut().zip(scales).for_each(|(bias, &scale)| *bias *= scale);
    }
    Ok(OriginalLayer { rows: weights.rows, cols: weights.cols, weights: means, bias, values: WeightValues::Any })
}

/// The variance of each weight with its scale integrated out: `marginal(group, mean, variance)`.
pub(crate) fn variances(weights: &ScaledWeights, marginal: impl Fn(usize, f64, f64) -> f64) -> Vec<f64> {
    let all = weights.mean.iter().zip(&weights.log_variance).enumerate();
    all.map(|(i, (&mean, &log))| marginal(weights.group_of(i), f64::from(mean), f64::from(log).exp())).collect()
}
