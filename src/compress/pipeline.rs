//! The steps of a compression, in order: mean, thresholds, shrunk network, encodings, fine-tuning, file, report.

use super::evaluate::{Budget, Evaluator, Score};
use super::methods::{self, Prepared};
use super::options::{Options, Progress};
use super::report::{self, Report};
use super::search::{Search, Selection, Shrunk, fine_tune};
use super::shrink::{self, Compacted, Network, Pruning};
use super::validation::Validation;
use crate::base::error::{Error, ErrorKind, Result};
use crate::posterior::Posterior;

/// A compressed network.
#[derive(Clone, Debug)]
pub struct Compressed {
    /// The `.curt` file.
    pub bytes: Vec<u8>,
    /// What was kept and what it cost.
    pub report: Report,
}

/// Compresses `posterior` within the error budget of `options`, measured on `validation`. The same arguments give the same bytes.
///
/// # Errors
///
/// - `input` when samples or options do not fit the network;
/// - `posterior` when its mean is not finite;
/// - `non_finite` when a folded bias is not finite;
/// - `limit`, `no_memory`;
/// - `internal` when the written file does not hold what was evaluated.
pub fn compress(
    posterior: &Posterior,
    validation: &Validation<'_>,
    options: &Options,
    progress: Progress<'_>,
) -> Result<Compressed> {
    options.check(posterior)?;
    let prepared = methods::prepare(posterior)?;
    let network = Network::new(posterior);
    let evaluator = Evaluator::new(posterior, &network, validation)?;
    let names: Vec<&str> = posterior.layer_names().collect();

    let full = evaluator.score_exact(&shrink::compact(&network, &prepared.layers))?;
    let budget = Budget::new(options, full, 1.0);
    let (thresholds, mut compacted) = prune(&prepared, &network, &evaluator, &names, options, full, progress)?;
    let masked = evaluator.score_exact(&compacted)?;
    let variances = variances(&prepared, &compacted);
    let shrunk = Shrunk { names: &names, compacted: &compacted, variances: variances.as_deref(), evaluator: &evaluator };
    let mut selection = shrunk.select(options, budget, progress)?;
    let fine_tuning = fine_tune(&evaluator, &mut compacted, &mut selection, options.fine_tune, budget, progress)?;
    let Selection { layers, bytes, score } = selection;

    let scattered = prepared.pruning.as_ref().is_some_and(Pruning::is_of_weights);
    let layers = report::layers(&network, &names, &compacted.layers, &layers, &thresholds, variances.as_deref(), scattered);
    let report = Report {
        network: posterior.name().to_owned(),
        method: posterior.method().name().to_owned(),
        file_bytes: bytes.len() as u64,
        exponent_bits: variances.is_some().then(|| report::exponent_bits(&compacted.layers)),
        layers,
        full,
        masked,
        compressed: score,
        fine_tuning,
        max_error_increase: options.max_error_increase,
        max_loss_increase: options.max_loss_increase,
        within_budget: budget.holds(score),
        training: posterior.training().clone(),
    };
    Ok(Compressed { bytes, report })
}

/// The thresholds and the shrunk network that they leave.
fn prune(
    prepared: &Prepared,
    network: &Network<'_>,
    evaluator: &Evaluator<'_>,
    names: &[&str],
    options: &Options,
    full: Score,
    progress: Progress<'_>,
) -> Result<(Vec<Option<f64>>, Compacted)> {
    let forced: Vec<Option<f64>> = names.iter().map(|&name| options.thresholds.get(name).copied()).collect();
    let Some(pruning) = &prepared.pruning else {
        if let Some(name) = options.thresholds.keys().next() {
            return Err(Error::new(
                ErrorKind::Input,
                format!("layer {name:?} has no statistic to prune by, so it takes no threshold"),
            ));
        }
        return Ok((forced, shrink::compact(network, &prepared.layers)));
    };
    let search = Search { layers: &prepared.layers, pruning, network, evaluator };
    let budget = |part: f64| Budget::new(options, full, options.pruning_share * part);
    let thresholds = search.choose(&forced, &budget, progress)?;
    let compacted = search.network(&thresholds);
    Ok((thresholds, compacted))
}

/// The posterior variance of each weight kept.
fn variances(prepared: &Prepared, compacted: &Compacted) -> Option<Vec<Vec<f64>>> {
    let layers = prepared.variances.as_ref()?.iter().zip(&compacted.layers);
    Some(layers.map(|(variances, layer)| layer.select(variances)).collect())
}
