//! Choice of the log-alpha thresholds on validation images: the sparsest network within an error
//! budget.

use anyhow::{Context, Result};

use crate::data::Images;
use crate::methods::gnj::Gnj;
use crate::shed;

/// What a choice of thresholds keeps and costs.
#[derive(Clone, Debug)]
pub struct Choice {
    /// One per layer; groups above are pruned.
    pub thresholds: Vec<f64>,
    /// Groups kept in each layer.
    pub kept: Vec<usize>,
    pub kept_weights: usize,
    /// On the images it was made with, in [0, 1].
    pub error: f64,
}

/// What these thresholds keep, and the error of the masked posterior mean on `images`.
pub fn measure(posterior: &Gnj, thresholds: &[f64], images: &Images) -> Choice {
    let units = posterior.survivors(thresholds);
    Choice {
        thresholds: thresholds.to_vec(),
        kept: shed::kept_groups(&posterior.network, &units),
        kept_weights: shed::kept_weights(&posterior.network, &units),
        error: posterior.masked_mean(&units).error(images),
    }
}

/// The same threshold in every layer, from certain noise down to nearly nothing kept; one choice
/// for each set of groups that comes out.
pub fn sweep(posterior: &Gnj, images: &Images) -> Vec<Choice> {
    let shared = (0..=22).map(|step| 3.0 - 0.5 * f64::from(step));
    let layers = posterior.layers.len();
    let mut choices: Vec<Choice> = shared.map(|threshold| measure(posterior, &vec![threshold; layers], images)).collect();
    choices.dedup_by(|next, previous| next.kept == previous.kept);
    choices
}

/// The sparsest thresholds found whose error stays within `budget`: the best of a shared sweep,
/// then each layer's threshold lowered in turn, by many groups at a time and finally by one.
///
/// # Errors
/// When even the unpruned posterior exceeds the budget.
pub fn choose(posterior: &Gnj, sweep: &[Choice], budget: f64, images: &Images) -> Result<Choice> {
    let within = sweep.iter().filter(|choice| choice.error <= budget);
    let mut best = within
        .min_by_key(|choice| choice.kept_weights)
        .with_context(|| format!("no shared threshold stays within a validation error of {:.2} %", 100.0 * budget))?
        .clone();
    let sorted: Vec<Vec<f64>> = posterior
        .layers
        .iter()
        .map(|layer| {
            let mut log_alpha = layer.log_alpha();
            log_alpha.sort_by(f64::total_cmp);
            log_alpha
        })
        .collect();
    for step in [32, 8, 2, 1] {
        loop {
            let lowered = (0..sorted.len()).filter_map(|layer| {
                let mut thresholds = best.thresholds.clone();
                thresholds[layer] = lower(&sorted[layer], thresholds[layer], step)?;
                Some(measure(posterior, &thresholds, images))
            });
            let better = lowered
                .filter(|choice| choice.error <= budget && choice.kept_weights < best.kept_weights)
                .min_by_key(|choice| choice.kept_weights);
            match better {
                Some(choice) => best = choice,
                None => break,
            }
        }
    }
    Ok(best)
}

/// The threshold that prunes `count` more groups, halfway between the two it parts; `sorted` are
/// the layer's log alphas, ascending.
fn lower(sorted: &[f64], threshold: f64, count: usize) -> Option<f64> {
    let kept = sorted.partition_point(|&value| value < threshold);
    let kept = kept.checked_sub(count).filter(|&kept| kept > 0)?;
    Some((sorted[kept - 1] + sorted[kept]) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lowering_prunes_the_least_certain_groups() {
        let sorted = [-5.0, -4.0, -1.0, 2.0];
        assert_eq!(lower(&sorted, 3.0, 1), Some(0.5));
        assert_eq!(lower(&sorted, 0.5, 2), Some(-4.5));
        assert_eq!(lower(&sorted, 0.5, 3), None, "one group always stays");
    }
}
