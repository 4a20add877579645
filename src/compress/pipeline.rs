//! The stages of a compression, in order: mean, thresholds, shrunk network, encodings, fine-tuning, file, report.

use super::criterion::Criterion;
use super::evaluate::{Agreement, Evaluator, Score, Task, outputs};
use super::methods::{self, Prepared};
use super::options::CompressOptions;
use super::progress::Progress;
use super::report::{CompressionReport, Outcome, Totals, ValidationScores};
use super::search::{EncodingSearch, Selection, ThresholdSearch, fine_tune};
use super::shrink::{self, OriginalNetwork, Pruning, ShrunkNetwork};
use crate::base::environment::Environment;
use crate::base::error::{Error, ErrorKind, Result};
use crate::posterior::Posterior;

/// A compressed network.
#[derive(Clone, Debug)]
pub struct Compressed {
    /// The `.curt` file.
    pub bytes: Vec<u8>,
    /// What was kept and what it cost.
    pub report: CompressionReport,
}

/// Compresses `posterior` within the error budget of `options`, which is measured by `criterion`: a [`Validation`](super::Validation) or a
/// [`Calibration`](super::Calibration). The same arguments give the same bytes.
///
/// # Errors
///
/// - `input` when samples or options do not fit the network;
/// - `posterior` when the mean of the posterior is not finite;
/// - `non_finite` when a folded bias is not finite;
/// - `limit`, `no_memory`;
/// - `internal` when the written file does not hold what was evaluated.
pub fn compress<'a>(
    posterior: &Posterior,
    criterion: impl Into<Criterion<'a>>,
    options: &CompressOptions,
    progress: Progress<'_>,
) -> Result<Compressed> {
    let _modes = Environment::set();
    run(posterior, &criterion.into(), options, progress)
}

fn run(
    posterior: &Posterior,
    criterion: &Criterion<'_>,
    options: &CompressOptions,
    progress: Progress<'_>,
) -> Result<Compressed> {
    options.check(posterior)?;
    criterion.check(posterior)?;
    let prepared = methods::prepare(posterior)?;
    let network = OriginalNetwork::new(posterior);
    let unpruned = shrink::shrink(&network, &prepared.layers);
    let expected;
    let task = match criterion {
        Criterion::Labels(validation) => Task::labels(validation),
        Criterion::Agreement(calibration) => {
            expected = outputs(posterior, &network, &unpruned, calibration.samples)?;
            let kind = Agreement::new(calibration.objective, posterior.graph(), &expected)?;
            Task::agreement(calibration.samples, kind, &expected, posterior.graph().output_shape().elements())
        }
    };
    let evaluator = Evaluator::new(posterior, &network, task);
    let full = evaluator.score_exact(&unpruned)?;
    drop(unpruned);
    compress_measured(&evaluator, &network, &prepared, full, options, progress)
}

/// Compresses within the budget that starts at the score `full`.
fn compress_measured(
    evaluator: &Evaluator<'_>,
    network: &OriginalNetwork<'_>,
    prepared: &Prepared,
    full: Score,
    options: &CompressOptions,
    progress: Progress<'_>,
) -> Result<Compressed> {
    let posterior = evaluator.posterior();
    let names: Vec<&str> = posterior.layer_names().collect();
    let budget = evaluator.budget(options, full, 1.0);
    let (thresholds, mut shrunk) = prune(prepared, network, evaluator, &names, options, full, progress)?;
    let masked = evaluator.score_exact(&shrunk)?;
    let variances = variances(prepared, &shrunk);
    let search = EncodingSearch { names: &names, shrunk: &shrunk, variances: variances.as_deref(), evaluator };
    let mut selection = search.select(options, budget, progress)?;
    let fine_tuning = fine_tune(evaluator, &mut shrunk, &mut selection, options.fine_tune, budget, progress)?;
    let Selection { layers, bytes, score } = selection;
    let largest_deviation = evaluator.largest_deviation(&shrunk, &layers.iter().collect::<Vec<_>>())?;

    let outcome = Outcome {
        network,
        names: &names,
        shrunk: &shrunk.layers,
        quantized: &layers,
        thresholds: &thresholds,
        variances: variances.as_deref(),
        prunes_weights: prepared.pruning.as_ref().is_some_and(Pruning::is_of_weights),
    };
    let layers = outcome.layers();
    let report = CompressionReport {
        network: posterior.name().to_owned(),
        method: posterior.method().name().to_owned(),
        totals: Totals::new(&layers, bytes.len() as u64, &outcome),
        layers,
        validation: ValidationScores {
            objective: evaluator.objective(),
            samples: full.samples,
            full,
            masked,
            compressed: score,
            max_error_increase: options.max_error_increase,
            max_loss_increase: options.max_loss_increase,
            max_divergence: options.max_divergence,
            largest_deviation,
            within_budget: budget.holds(score),
        },
        fine_tuning,
        training: posterior.training().clone(),
    };
    Ok(Compressed { bytes, report })
}

/// The thresholds, and the shrunk network that is left.
fn prune(
    prepared: &Prepared,
    network: &OriginalNetwork<'_>,
    evaluator: &Evaluator<'_>,
    names: &[&str],
    options: &CompressOptions,
    full: Score,
    progress: Progress<'_>,
) -> Result<(Vec<Option<f64>>, ShrunkNetwork)> {
    let forced: Vec<Option<f64>> = names.iter().map(|&name| options.thresholds.get(name).copied()).collect();
    let Some(pruning) = &prepared.pruning else {
        if let Some(name) = options.thresholds.keys().next() {
            return Err(Error::new(
                ErrorKind::Input,
                format!("layer {name:?} has no statistic to prune by, so it takes no threshold"),
            ));
        }
        return Ok((forced, shrink::shrink(network, &prepared.layers)));
    };
    let search = ThresholdSearch { layers: &prepared.layers, pruning, network, evaluator };
    let budget = |part: f64| evaluator.budget(options, full, options.pruning_share * part);
    let thresholds = search.choose(&forced, &budget, progress)?;
    let shrunk = search.network(&thresholds);
    Ok((thresholds, shrunk))
}

/// The posterior variance of each weight kept.
fn variances(prepared: &Prepared, shrunk: &ShrunkNetwork) -> Option<Vec<Vec<f64>>> {
    let layers = prepared.variances.as_ref()?.iter().zip(&shrunk.layers);
    Some(layers.map(|(variances, layer)| layer.select(variances)).collect())
}
