//! The steps of a compression, in order: mean, thresholds, shrunk network, encodings, file, report.

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
    let allowed = allowed_errors(options.max_error_increase, full.samples);
    let (thresholds, shrunk) = prune(&prepared, &gaps, &evaluator, &names, options, full, progress)?;
    let masked = evaluator.score_shrunk(&shrunk);
    let variances = variances(&prepared, &shrunk);
    let network = Shrunk { names: &names, layers: &shrunk, variances: variances.as_deref(), evaluator: &evaluator };
    let written = write(posterior, &network, validation, options, full.errors + allowed, progress)?;

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
/// is above `max_errors` after all, the choice is made again with as much less.
fn write(
    posterior: &Posterior,
    network: &Shrunk<'_>,
    validation: &Validation<'_>,
    options: &Options,
    max_errors: u64,
    progress: Progress<'_>,
) -> Result<Written> {
    let mut limit = max_errors;
    loop {
        let Selection { layers, score: chosen } = network.select(options, limit, progress)?;
        let (bytes, model) = assemble::assemble(posterior, network.layers, &layers)?;
        let score = evaluate::run(&model, validation)?;
        let excess = score.errors.saturating_sub(max_errors);
        if excess == 0 || chosen.errors > limit || excess > limit {
            return Ok(Written { bytes, layers, score });
        }
        limit -= excess;
    }
}

/// Errors that a budget of `points` percentage points allows among `samples`.
pub(super) fn allowed_errors(points: f64, samples: u64) -> u64 {
    // A budget of 0.2 points of 10,000 is 20 errors, though 0.2 / 100 * 10,000 is a little less in binary.
    (points * samples as f64 / 100.0 * (1.0 + 1e-12)).floor() as u64
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
    let allowed = allowed_errors(options.max_error_increase * options.pruning_share, full.samples);
    let thresholds = search.choose(&forced, full, allowed, progress);
    let shrunk = search.network(&thresholds);
    Ok((thresholds, shrunk))
}

/// The posterior variance of each weight kept.
fn variances(prepared: &Prepared, shrunk: &[Compact]) -> Option<Vec<Vec<f64>>> {
    let layers = prepared.variances.as_ref()?.iter().zip(shrunk);
    Some(layers.map(|(variances, shrunk)| masks::select(variances, &shrunk.rows, &shrunk.cols)).collect())
}
