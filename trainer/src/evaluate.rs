//! Choice of the pruning threshold on validation images: the sparsest network within an error
//! budget.
//!
//! All layers have the same threshold, from a coarse grid. A search for a threshold of each layer overfits a few thousand images: one such
//! search gained 0.02 points on them and lost 0.6 on other images.

use anyhow::{Context, Result};

use crate::data::Images;
use crate::methods::{Method, Trained, dead};
use crate::shed;

/// A choice of thresholds, with the groups kept and the error.
#[derive(Clone, Debug)]
pub struct Choice {
    /// One for each layer. Groups and weights whose statistic reaches it are pruned.
    pub thresholds: Vec<f64>,
    /// The number of groups kept in each layer.
    pub kept: Vec<usize>,
    pub kept_weights: usize,
    /// The error on the images of the choice, in [0, 1].
    pub error: f64,
}

/// The groups that these thresholds keep, and the error of the masked posterior mean on `images`.
pub fn measure(posterior: &dyn Trained, thresholds: &[f64], images: &Images) -> Choice {
    let mut plain = posterior.masked_mean(thresholds);
    let error = plain.score(images).error;
    dead::remove_dead(&mut plain);
    Choice {
        thresholds: thresholds.to_vec(),
        kept: shed::kept_groups(&plain.network, &plain.units()),
        kept_weights: plain.nonzero(),
        error,
    }
}

/// A choice for each threshold, which is the same in every layer; the one that prunes least first. Choices that keep the same weights are merged.
pub fn sweep(posterior: &dyn Trained, images: &Images) -> Vec<Choice> {
    let layers = posterior.network().layers.len();
    let shared = posterior.thresholds().into_iter().map(|threshold| vec![threshold; layers]);
    let mut choices: Vec<Choice> = shared.map(|thresholds| measure(posterior, &thresholds, images)).collect();
    choices.dedup_by(|next, previous| (&next.kept, next.kept_weights) == (&previous.kept, previous.kept_weights));
    choices
}

/// The sparsest choice whose error stays within `budget`.
///
/// # Errors
/// When the error of no choice does, not even that of the unpruned posterior.
pub fn choose(sweep: &[Choice], budget: f64) -> Result<&Choice> {
    let within = sweep.iter().filter(|choice| choice.error <= budget);
    within.min_by_key(|choice| choice.kept_weights).with_context(|| {
        let least = sweep.iter().map(|choice| choice.error).fold(f64::INFINITY, f64::min);
        format!("no threshold stays within a validation error of {:.2} %; the least is {:.2} %", 100.0 * budget, 100.0 * least)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sparsest_choice_within_the_budget_is_taken() {
        let choice = |kept_weights, error| Choice { thresholds: Vec::new(), kept: Vec::new(), kept_weights, error };
        let sweep = [choice(30, 0.016), choice(20, 0.018), choice(10, 0.019)];
        assert_eq!(choose(&sweep, 0.018).unwrap().kept_weights, 20);
        let message = choose(&sweep, 0.01).unwrap_err().to_string();
        assert!(message.contains("the least is 1.60 %"), "{message}");
    }
}
