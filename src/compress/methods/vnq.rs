//! Variational network quantization (Achterhold et al. 2018). Training drew the posterior of each layer to a codebook of a few values about
//! zero. Weights with a high dropout rate are pruned; all others are rounded to the nearest value (equation 15).

use super::families::dropout::log_alpha;
use super::families::gaussian;
use super::prepared::Prepared;
use crate::base::error::Result;
use crate::posterior::Posterior;

/// The paper's threshold of `log alpha`. There is no search: rounding to the codebook belongs to the method, whatever the error budget.
const THRESHOLD: f64 = 3.0;

pub(super) fn prepare(posterior: &Posterior) -> Result<Prepared> {
    gaussian::prepare(posterior, log_alpha, &[], Some(THRESHOLD))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compress::shrink::{GroupKind, LayerGroups, OriginalLayer, WeightValues};
    use crate::posterior::UniformCodebook;

    /// Means and deviations about the codebook -0.2, 0, 0.2, with a threshold of 3: computed by hand and in double precision.
    #[test]
    fn weights_are_pruned_or_go_to_the_nearest_value() {
        let cases = [
            (0.19f32, 0.01f64, 0.2f32),
            (0.05, 0.01, 0.0),
            (0.05, 0.3, 0.0),
            (-0.12, 0.02, -0.2),
            (-0.099, 0.02, 0.0),
            (0.9, 0.01, 0.2),
        ];
        let log = |deviation: f64| 2.0 * deviation.ln();
        assert!((log_alpha(0.05, log(0.3)) - 3.583_5).abs() < 1e-4, "pruned");
        let groups = LayerGroups {
            kind: GroupKind::Weights,
            statistics: cases.iter().map(|&(mean, deviation, _)| log_alpha(f64::from(mean), log(deviation))).collect(),
            codebook: Some(UniformCodebook { step: 0.2, greatest: 1 }),
        };
        let weights = cases.iter().map(|case| case.0).collect();
        let layer = OriginalLayer { rows: 1, cols: cases.len(), weights, bias: vec![0.0], values: WeightValues::Any };
        let pruned = groups.prune(&layer, Some(THRESHOLD));
        assert_eq!(pruned.weights, cases.map(|case| case.2));
        assert_eq!(pruned.values, WeightValues::Grid(0.2));
        // A high dropout rate prunes a weight even near a value other than zero.
        let wide = LayerGroups { statistics: vec![3.0; cases.len()], ..groups };
        assert_eq!(wide.prune(&layer, Some(THRESHOLD)).weights, [0.0; 6]);
    }
}
