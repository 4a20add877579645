//! Independent weights, `q(w) = N(mu, s^2)`, and biases without a variance: the part shared by sparse variational dropout, Graves' method and
//! variational network quantization. The methods differ in the statistic by which a weight is pruned.

use crate::base::error::Result;
use crate::compress::methods::prepared::{Prepared, mismatch};
use crate::compress::shrink::{GroupKind, LayerGroups, OriginalLayer, Pruning, WeightValues};
use crate::posterior::{GaussianLayer, LayerTensors, Posterior};

/// The means, and the statistic of each weight: `statistic(mu, log s^2)`. `examples` are the candidates for thresholds.
pub(crate) fn prepare(
    posterior: &Posterior,
    statistic: fn(f64, f64) -> f64,
    examples: &'static [f64],
    threshold: Option<f64>,
) -> Result<Prepared> {
    let LayerTensors::Gaussian(layers) = posterior.layers() else { return Err(mismatch()) };
    let groups = |layer: &GaussianLayer| {
        let weights = layer.weight_mean.iter().zip(&layer.weight_log_variance);
        let statistics = weights.map(|(&mean, &log)| statistic(f64::from(mean), f64::from(log))).collect();
        LayerGroups { kind: GroupKind::Weights, statistics, codebook: layer.codebook }
    };
    let variances = |layer: &GaussianLayer| layer.weight_log_variance.iter().map(|&log| f64::from(log).exp()).collect();
    Ok(Prepared {
        layers: layers.iter().map(mean).collect(),
        variances: Some(layers.iter().map(variances).collect()),
        pruning: Some(Pruning { layers: layers.iter().map(groups).collect(), examples, threshold }),
    })
}

fn mean(layer: &GaussianLayer) -> OriginalLayer {
    let bias = layer.bias.iter().map(|&bias| f64::from(bias)).collect();
    OriginalLayer { rows: layer.rows, cols: layer.cols, weights: layer.weight_mean.clone(), bias, values: WeightValues::Any }
}
