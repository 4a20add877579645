//! The report for people.

use super::layer::CompressedLayer;
use super::record::{CompressionReport, ValidationScores};
use crate::compress::search::{FineTuning, TuningPart};
use std::fmt;

impl fmt::Display for CompressionReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (totals, scores) = (&self.totals, &self.validation);
        writeln!(f, "{}, {}", self.network, self.method)?;
        write_layers(f, &self.layers)?;
        let (file, original, ratio) = (totals.file_bytes, totals.original_bytes, totals.original_over_file);
        writeln!(f, "file {file} bytes, original {original} bytes, ratio {ratio:.1}")?;
        if let (Some(pruning), Some(fast)) = (totals.accounted_pruning_rate, totals.accounted_fast_rate) {
            writeln!(f, "accounted as in the papers (weights only): pruning {pruning:.1}, fast prediction {fast:.1}")?;
        }
        write_scores(f, scores)?;
        if let Some(tuning) = &self.fine_tuning {
            write!(f, "{tuning}")?;
        }
        if !scores.within_budget {
            let (points, percent, nats) = (scores.max_error_increase, scores.max_loss_increase, scores.max_divergence);
            match scores.largest_deviation {
                None => writeln!(f, "more was lost than the {points} points of error and {percent} % of loss allowed")?,
                Some(_) => writeln!(f, "more was lost than the {points} points of answers and {nats} nats allowed")?,
            }
        }
        Ok(())
    }
}

/// What is lost, before and after each stage.
fn write_scores(f: &mut fmt::Formatter<'_>, scores: &ValidationScores) -> fmt::Result {
    let stages = [("full posterior mean", scores.full), ("masked", scores.masked), ("compressed", scores.compressed)];
    let Some(deviation) = scores.largest_deviation else {
        for (what, score) in stages {
            let (percent, errors, samples) = (score.percent(), score.errors, score.samples);
            writeln!(f, "validation error, {what}: {percent:.2} % ({errors} of {samples}), loss {:.4}", score.loss)?;
        }
        return Ok(());
    };
    writeln!(f, "compared with the full network's answers (no labels), objective {}", scores.objective)?;
    for (what, score) in stages {
        let (percent, errors, samples) = (score.percent(), score.errors, score.samples);
        if scores.objective == "regress" {
            writeln!(f, "{what}: divergence {:.6} nats, lost outputs in {errors} of {samples}", score.loss)?;
        } else {
            writeln!(f, "{what}: {percent:.2} % of answers differ ({errors} of {samples}), divergence {:.6} nats", score.loss)?;
        }
    }
    writeln!(f, "largest deviation of an output: {deviation:.6}")
}

/// A table, one line for each layer.
fn write_layers(f: &mut fmt::Formatter<'_>, layers: &[CompressedLayer]) -> fmt::Result {
    let columns =
        ["layer", "original", "kept", "used", "nonzero", "threshold", "encoding", "bits/w", "bytes", "entropy B", "ref", "var"];
    let mut rows = vec![columns.map(str::to_owned)];
    let optional = |bits: Option<u32>| bits.map_or_else(|| "-".to_owned(), |bits| bits.to_string());
    for layer in layers {
        rows.push([
            layer.name.clone(),
            format!("{}x{}", layer.original.0, layer.original.1),
            format!("{}x{}", layer.kept.0, layer.kept.1),
            layer.used.to_string(),
            format!("{:.1} %", 100.0 * layer.nonzero_share),
            layer.threshold.map_or_else(|| "-".to_owned(), |t| format!("{t:.2}")),
            layer.encoding.clone(),
            format!("{:.2}", layer.bits_per_weight),
            (layer.weight_bytes + layer.bias_bytes).to_string(),
            format!("{:.0}", layer.entropy_bits / 8.0),
            optional(layer.reference_bits),
            optional(layer.variance_matched_bits),
        ]);
    }
    let width = |i: usize| rows.iter().map(|row| row[i].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}")).collect();
        writeln!(f, "  {}", cells.join("  "))?;
    }
    Ok(())
}

impl fmt::Display for FineTuning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "fine-tuning: passes kept {}, moves of levels and biases kept {}", self.passes, self.moves)?;
        for (what, TuningPart { samples, before, after }) in [("tuned on", self.tuned_on), ("checked on", self.checked_on)] {
            let (from, to) = (before.percent(), after.percent());
            let (loss_from, loss_to) = (before.loss, after.loss);
            writeln!(f, "  {samples} samples {what}: error {from:.2} % to {to:.2} %, loss {loss_from:.4} to {loss_to:.4}")?;
        }
        Ok(())
    }
}
