//! The search for the encoding of each layer.
//!
//! Every candidate is measured alone: its bytes, and the validation loss when only its layer is quantized. The search starts from the most
//! exact candidates and tries moves to smaller ones, one by one. A move is made when the whole network stays within the error budget;
//! otherwise it is rejected for good. So every step checks all layers jointly, and the final network was evaluated as a whole.
//!
//! The search runs in two orders, and the smaller result is taken. The first, most bytes saved per nat of loss, spends the budget where it
//! saves most. The second, largest layer first, helps when small layers would spend the budget that one step of a large layer needs.

use crate::base::error::{Error, ErrorKind, Result};
use crate::compress::evaluate::{ErrorBudget, Evaluator, Score};
use crate::compress::options::CompressOptions;
use crate::compress::progress::Progress;
use crate::compress::quantize::{self, Quantized, Weighted};
use crate::compress::shrink::ShrunkNetwork;
use crate::encoding::Encoding;
use std::collections::HashMap;

/// The least difference of losses, nats. Smaller differences are noise of the validation samples and count as this.
const LEAST_LOSS: f64 = 1e-6;

/// A candidate and the loss when only its layer is quantized.
struct EncodingCandidate {
    quantized: Quantized,
    loss: f64,
}

/// The layers chosen, and their file.
pub(crate) struct Selection {
    pub(crate) layers: Vec<Quantized>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) score: Score,
}

/// The shrunk network to be quantized.
pub(crate) struct EncodingSearch<'a> {
    pub(crate) names: &'a [&'a str],
    pub(crate) shrunk: &'a ShrunkNetwork,
    /// The posterior variance of each weight kept, if there is a posterior.
    pub(crate) variances: Option<&'a [Vec<f64>]>,
    pub(crate) evaluator: &'a Evaluator<'a>,
}

impl EncodingSearch<'_> {
    /// Chooses an encoding for each layer and writes the file.
    ///
    /// # Errors
    ///
    /// `input` when no encoding allowed can hold a layer; those of [`Evaluator::score`].
    pub(crate) fn select(&self, options: &CompressOptions, budget: ErrorBudget, progress: Progress<'_>) -> Result<Selection> {
        let layers = self.candidates(options, progress)?;
        let start: Vec<usize> = layers.iter().map(|layer| most_exact(layer)).collect();
        let bytes = |chosen: &[usize]| chosen.iter().zip(&layers).map(|(&c, layer)| layer[c].quantized.bytes()).sum::<u64>();
        let orders: [&Order<'_>; 2] = [&|_, now, next| per_nat(now, next), &|l, _, next| {
            (layers[l][start[l]].quantized.bytes() as f64, u64::MAX - next.quantized.bytes())
        }];
        let (mut results, mut tried) = (Vec::new(), HashMap::new());
        for order in orders {
            results.push(self.descend(&layers, &start, order, budget, &mut tried, progress)?);
        }
        let chosen = results.into_iter().min_by_key(|chosen| bytes(chosen)).expect("invariant: two orders");
        let chosen = layers.into_iter().zip(chosen).map(|(mut layer, c)| layer.swap_remove(c).quantized);
        let layers: Vec<Quantized> = chosen.collect();
        let all: Vec<&Quantized> = layers.iter().collect();
        let (bytes, score) = (self.evaluator.file(self.shrunk, &all)?.0, self.evaluator.score(self.shrunk, &all)?);
        Ok(Selection { layers, bytes, score })
    }

    /// Makes every move that the budget allows, in an order. `tried` remembers whether a choice is within the budget.
    fn descend(
        &self,
        layers: &[Vec<EncodingCandidate>],
        start: &[usize],
        order: &Order<'_>,
        budget: ErrorBudget,
        tried: &mut HashMap<Vec<usize>, bool>,
        progress: Progress<'_>,
    ) -> Result<Vec<usize>> {
        let mut chosen = start.to_vec();
        let mut open: Vec<Vec<bool>> = layers.iter().map(|layer| vec![true; layer.len()]).collect();
        let total: u64 = layers.iter().map(|layer| layer.len() as u64).sum();
        let mut moves = 0;
        while let Some((l, c)) = best_move(layers, &chosen, &open, order) {
            progress("encodings chosen", moves, total);
            moves += 1;
            open[l][c] = false;
            let before = std::mem::replace(&mut chosen[l], c);
            let is_within = match tried.get(&chosen) {
                Some(&is_within) => is_within,
                None => {
                    let parts: Vec<&Quantized> = chosen.iter().zip(layers).map(|(&c, layer)| &layer[c].quantized).collect();
                    let is_within = self.evaluator.score_within(self.shrunk, &parts, budget)?.is_some();
                    tried.insert(chosen.clone(), is_within);
                    is_within
                }
            };
            if !is_within {
                chosen[l] = before;
            }
        }
        Ok(chosen)
    }

    fn candidates(&self, options: &CompressOptions, progress: Progress<'_>) -> Result<Vec<Vec<EncodingCandidate>>> {
        let exact = quantize::exact(self.shrunk);
        let mut all = Vec::new();
        for (l, layer) in self.shrunk.layers.iter().enumerate() {
            let precision = self.variances.map(|variances| precisions(&variances[l]));
            let weighted = Weighted {
                rows: layer.rows.kept(),
                cols: layer.columns.len(),
                weights: &layer.weights,
                precision: precision.as_deref(),
                values: layer.values,
                rate_weight: options.rate_weight,
            };
            let encodings = options.encodings_of(self.names[l]);
            let mut candidates = Vec::new();
            for (i, quantized) in quantize::candidates(&weighted, encodings).into_iter().enumerate() {
                progress("encodings measured", (l * encodings.len() + i) as u64, (exact.len() * encodings.len()) as u64);
                let mut parts: Vec<&Quantized> = exact.iter().collect();
                parts[l] = &quantized;
                let loss = self.evaluator.score(self.shrunk, &parts)?.loss;
                candidates.push(EncodingCandidate { quantized, loss });
            }
            if candidates.is_empty() {
                return Err(none_holds(self.names[l], &layer.weights, encodings));
            }
            all.push(candidates);
        }
        Ok(all)
    }
}

/// That no encoding holds a layer, and why where the reason is known.
fn none_holds(name: &str, weights: &[f32], encodings: &[Encoding]) -> Error {
    let is_codebook = |encoding: &Encoding| matches!(encoding, Encoding::Codebook { .. });
    let why = match weights {
        [first, rest @ ..] if rest.iter().all(|weight| weight == first) && encodings.iter().all(is_codebook) => {
            format!(": all its weights are {first}, and a codebook has at least two levels; fixed_point:2 holds them exactly")
        }
        _ => String::new(),
    };
    Error::new(ErrorKind::Input, format!("none of the encodings allowed can hold layer {name:?}{why}"))
}

/// The weight of the squared error of each weight: its inverse variance, relative to the layer's mean variance. A variance below a
/// millionth of the mean is raised to that. Otherwise a few weights of almost no variance would decide alone.
fn precisions(variances: &[f64]) -> Vec<f64> {
    let mean = variances.iter().sum::<f64>() / variances.len().max(1) as f64;
    if !(mean > 0.0 && mean.is_finite()) {
        return vec![1.0; variances.len()];
    }
    variances.iter().map(|variance| mean / variance.max(1e-6 * mean)).collect()
}

/// The most exact candidate: 32-bit floats, otherwise the one with the most bytes.
fn most_exact(layer: &[EncodingCandidate]) -> usize {
    let key = |c: usize| (layer[c].quantized.encoded.encoding == Encoding::DenseF32, layer[c].quantized.bytes());
    (0..layer.len()).rev().max_by_key(|&c| key(c)).expect("invariant: every layer has a candidate")
}

/// The priority of a move of a layer from one candidate to another: the greatest comes first.
type Order<'a> = dyn Fn(usize, &EncodingCandidate, &EncodingCandidate) -> (f64, u64) + 'a;

/// Bytes saved per nat of loss, then bytes saved.
fn per_nat(now: &EncodingCandidate, next: &EncodingCandidate) -> (f64, u64) {
    let saved = now.quantized.bytes() - next.quantized.bytes();
    (saved as f64 / (next.loss - now.loss).max(LEAST_LOSS), saved)
}

/// The first open move in an order, among those that save bytes.
fn best_move(
    layers: &[Vec<EncodingCandidate>],
    chosen: &[usize],
    open: &[Vec<bool>],
    order: &Order<'_>,
) -> Option<(usize, usize)> {
    let mut best: Option<((f64, u64), (usize, usize))> = None;
    for (l, layer) in layers.iter().enumerate() {
        let now = &layer[chosen[l]];
        let smaller = |c: usize| open[l][c] && layer[c].quantized.bytes() < now.quantized.bytes();
        for c in (0..layer.len()).filter(|&c| smaller(c)) {
            let worth = order(l, now, &layer[c]);
            if best.as_ref().is_none_or(|(other, _)| worth > *other) {
                best = Some((worth, (l, c)));
            }
        }
    }
    best.map(|(_, place)| place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::dense;

    fn candidate(weights: usize, loss: f64) -> EncodingCandidate {
        let weights = vec![0.5; weights];
        EncodingCandidate { quantized: Quantized { encoded: dense::encode_f32(16, weights.len() / 16, &weights), weights }, loss }
    }

    #[test]
    fn the_best_move_saves_the_most_bytes_per_nat() {
        let layers = [
            vec![candidate(160, 1.0), candidate(80, 1.1), candidate(16, 2.0)],
            vec![candidate(320, 1.0), candidate(160, 1.3), candidate(480, 0.5)],
        ];
        let mut open = vec![vec![true; 3]; 2];
        let next = |chosen: [usize; 2], open: &[Vec<bool>]| best_move(&layers, &chosen, open, &|_, now, next| per_nat(now, next));
        // Bytes per nat: 320 / 0.1, 576 / 1.0; 640 / 0.3.
        assert_eq!(next([0, 0], &open), Some((0, 1)));
        open[0][1] = false;
        assert_eq!(next([0, 0], &open), Some((1, 1)));
        open[1][1] = false;
        assert_eq!(next([0, 0], &open), Some((0, 2)));
        assert_eq!(next([2, 0], &open), None, "a move that adds bytes is none");
        assert_eq!((most_exact(&layers[0]), most_exact(&layers[1])), (0, 2));
    }
}
