//! The steps of a compression, in order: mean, thresholds, shrunk network, encodings, file, report.

use super::budget::Budget;
use super::evaluate::{self, Evaluator, Score};
use super::masks::{self, Compact};
use super::network::{self, Gap};
use super::options::{Options, Validation};
use super::quantize::Quantized;
use super::report::{self, Report};
use super::select::{Selection, Shrunk};
use super::thresholds::Search;
use super::{ALL, Compressed, Prepared, Progress, assemble};
use crate::base::error::{Error, ErrorKind, Result};
use crate::posterior::Posterior;

pub(super) fn run(
    posterior: &Posterior,
    validation: &Validation<'_>,
    options: &Options,
    progress: Progress<'_>,
) -> Result<Compressed> {
    options.check(posterior)?;
    let method = ALL.iter().find(|method| method.name == posterior.method().name());
    let method = method.ok_or_else(|| Error::new(ErrorKind::Internal, "a posterior's method is not in the list"))?;
    let prepared = (method.prepare)(posterior)?;
    let gaps = network::gaps(posterior.graph());
    let evaluator = Evaluator::new(posterior, validation, &gaps)?;
    let names: Vec<&str> = posterior.layer_names().collect();

    let full = evaluator.score_shrunk(&masks::compact(&prepared.layers, &gaps));
    let budget = Budget::new(options, full, 1.0);
    let (thresholds, shrunk) = prune(&prepared, &gaps, &evaluator, &names, options, full, progress)?;
    let masked = evaluator.score_shrunk(&shrunk);
    let variances = variances(&prepared, &shrunk);
    let network = Shrunk { names: &names, layers: &shrunk, variances: variances.as_deref(), evaluator: &evaluator };
    let written = write(posterior, &network, validation, options, budget, progress)?;

    let layers = report::layers(&names, &shrunk, &written.layers, &thresholds, variances.as_deref());
    let report = Report {
        network: posterior.name().to_owned(),
        method: method.name.to_owned(),
        file_bytes: written.bytes.len() as u64,
        exponent_bits: variances.is_some().then(|| report::exponent_bits(&shrunk)),
        layers,
        full,
        masked,
        compressed: written.score,
        max_error_increase: options.max_error_increase,
        max_loss_increase: options.max_loss_increase,
        within_budget: budget.holds(written.score),
        training: posterior.training().clone(),
    };
    Ok(Compressed { bytes: written.bytes, report })
}

struct Written {
    bytes: Vec<u8>,
    layers: Vec<Quantized>,
    score: Score,
}

/// Chooses encodings, writes the file and runs it. Where the runtime's rounding tips a sample that the search's did not, so that the file
/// is above the budget after all, the choice is made again with as much less.
fn write(
    posterior: &Posterior,
    network: &Shrunk<'_>,
    validation: &Validation<'_>,
    options: &Options,
    budget: Budget,
    progress: Progress<'_>,
) -> Result<Written> {
    let mut limit = budget;
    loop {
        let Selection { layers, score: chosen } = network.select(options, limit, progress)?;
        let (bytes, model) = assemble::assemble(posterior, network.layers, &layers)?;
        let score = evaluate::run(&model, validation)?;
        let excess = score.errors.saturating_sub(budget.errors);
        if excess == 0 || !limit.holds(chosen) || excess > limit.errors {
            return Ok(Written { bytes, layers, score });
        }
        limit.errors -= excess;
    }
}

/// The thresholds and the shrunk network that they leave.
fn prune(
    prepared: &Prepared,
    gaps: &[Gap],
    evaluator: &Evaluator<'_>,
    names: &[&str],
    options: &Options,
    full: Score,
    progress: Progress<'_>,
) -> Result<(Vec<Option<f64>>, Vec<Compact>)> {
    let forced: Vec<Option<f64>> = names.iter().map(|&name| options.thresholds.get(name).copied()).collect();
    let Some(groups) = prepared.groups.as_deref() else {
        if let Some(name) = options.thresholds.keys().next() {
            return Err(Error::new(ErrorKind::Input, format!("layer {name:?} has no groups, so it takes no threshold")));
        }
        return Ok((forced, masks::compact(&prepared.layers, gaps)));
    };
    let search = Search { prepared, groups, gaps, evaluator };
    let budget = |part: f64| Budget::new(options, full, options.pruning_share * part);
    let thresholds = search.choose(&forced, &budget, progress);
    let shrunk = search.network(&thresholds);
    Ok((thresholds, shrunk))
}

/// The posterior variance of each weight kept.
fn variances(prepared: &Prepared, shrunk: &[Compact]) -> Option<Vec<Vec<f64>>> {
    let layers = prepared.variances.as_ref()?.iter().zip(shrunk);
    Some(layers.map(|(variances, shrunk)| masks::select(variances, &shrunk.rows, &shrunk.cols)).collect())
}
