//! Which encoding each layer gets.
//!
//! Every candidate is measured alone: the bytes it takes, and the validation loss when only its layer is quantized. Then, from the most
//! exact candidates, the move that saves the most bytes per nat of loss is made as long as the network as a whole stays within the error
//! budget; a move that does not is struck off. So every step is checked jointly, and the last network was evaluated as a whole.

use super::evaluate::{Evaluator, Score, dense};
use super::masks::Compact;
use super::quantize::{self, Quantized, Weighted};
use super::{Options, Progress};
use crate::base::error::{Error, ErrorKind, Result};

/// Loss differences below this count as this: they are noise of the validation samples, nats.
const LEAST_LOSS: f64 = 1e-6;

/// A candidate and the loss when only its layer is quantized.
struct Candidate {
    quantized: Quantized,
    loss: f64,
}

/// The layers chosen.
pub(super) struct Selection {
    pub(super) layers: Vec<Quantized>,
    pub(super) score: Score,
}

/// The shrunk network to be quantized.
pub(super) struct Shrunk<'a> {
    pub(super) names: &'a [&'a str],
    pub(super) layers: &'a [Compact],
    /// The posterior variance of each weight kept, where there is a posterior.
    pub(super) variances: Option<&'a [Vec<f64>]>,
    pub(super) evaluator: &'a Evaluator<'a>,
}

impl Shrunk<'_> {
    /// Error: `input` when no encoding allowed can hold a layer.
    pub(super) fn select(&self, options: &Options, max_errors: u64, progress: Progress<'_>) -> Result<Selection> {
        let layers = self.candidates(options, progress)?;
        let start = |layer: &Vec<Candidate>| {
            let exact = |a: &&usize, b: &&usize| {
                let (a, b) = (&layer[**a], &layer[**b]);
                a.quantized.bytes().cmp(&b.quantized.bytes()).then(b.loss.total_cmp(&a.loss))
            };
            let all: Vec<usize> = (0..layer.len()).collect();
            *all.iter().max_by(exact).expect("invariant: every layer has a candidate")
        };
        let mut chosen: Vec<usize> = layers.iter().map(start).collect();
        let mut open: Vec<Vec<bool>> = layers.iter().map(|layer| vec![true; layer.len()]).collect();
        let total: u64 = layers.iter().map(|layer| layer.len() as u64).sum();
        let mut tried = 0;
        while let Some((l, c)) = best_move(&layers, &chosen, &open) {
            progress("encodings chosen", tried, total);
            tried += 1;
            open[l][c] = false;
            let before = std::mem::replace(&mut chosen[l], c);
            if self.score(&layers, &chosen, max_errors).is_none() {
                chosen[l] = before;
            }
        }
        let score = self.score(&layers, &chosen, u64::MAX).expect("invariant: no limit on errors");
        let layers = layers.into_iter().zip(chosen).map(|(mut layer, c)| layer.swap_remove(c).quantized).collect();
        Ok(Selection { layers, score })
    }

    fn candidates(&self, options: &Options, progress: Progress<'_>) -> Result<Vec<Vec<Candidate>>> {
        let mut all = Vec::new();
        for (l, layer) in self.layers.iter().enumerate() {
            let precision = self.variances.map(|variances| precisions(&variances[l]));
            let weighted = Weighted {
                rows: layer.rows.kept(),
                cols: layer.cols.kept(),
                weights: &layer.weights,
                precision: precision.as_deref(),
            };
            let encodings = options.encodings_of(self.names[l]);
            let mut candidates = Vec::new();
            for (i, quantized) in quantize::candidates(&weighted, encodings).into_iter().enumerate() {
                progress("encodings measured", (l * encodings.len() + i) as u64, (self.layers.len() * encodings.len()) as u64);
                let mut parts = dense(self.layers);
                parts[l].weights = &quantized.weights;
                let score = self.evaluator.score(&self.layers[0].cols, &parts, u64::MAX);
                let loss = score.expect("invariant: no limit on errors").loss;
                candidates.push(Candidate { quantized, loss });
            }
            if candidates.is_empty() {
                let message = format!("none of the encodings allowed can hold layer {:?}", self.names[l]);
                return Err(Error::new(ErrorKind::Input, message));
            }
            all.push(candidates);
        }
        Ok(all)
    }

    fn score(&self, layers: &[Vec<Candidate>], chosen: &[usize], max_errors: u64) -> Option<Score> {
        let mut parts = dense(self.layers);
        for ((part, layer), &c) in parts.iter_mut().zip(layers).zip(chosen) {
            part.weights = &layer[c].quantized.weights;
        }
        self.evaluator.score(&self.layers[0].cols, &parts, max_errors)
    }
}

/// What a squared error of each weight weighs: its inverse variance, in units of the layer's mean variance. A variance below a millionth
/// of the mean counts as that, so that a few certain weights do not decide alone.
fn precisions(variances: &[f64]) -> Vec<f64> {
    let mean = variances.iter().sum::<f64>() / variances.len().max(1) as f64;
    if !(mean > 0.0 && mean.is_finite()) {
        return vec![1.0; variances.len()];
    }
    variances.iter().map(|variance| mean / variance.max(1e-6 * mean)).collect()
}

/// The open move that saves the most bytes per nat; of equals, the one that saves more, then the first.
fn best_move(layers: &[Vec<Candidate>], chosen: &[usize], open: &[Vec<bool>]) -> Option<(usize, usize)> {
    let mut best: Option<((f64, u64), (usize, usize))> = None;
    for (l, layer) in layers.iter().enumerate() {
        let present = &layer[chosen[l]];
        for (c, candidate) in layer.iter().enumerate().filter(|(c, _)| open[l][*c]) {
            let Some(saved) = present.quantized.bytes().checked_sub(candidate.quantized.bytes()).filter(|&saved| saved > 0)
            else {
                continue;
            };
            let value = (saved as f64 / (candidate.loss - present.loss).max(LEAST_LOSS), saved);
            if best.as_ref().is_none_or(|(other, _)| value.0 > other.0 || value.0 == other.0 && value.1 > other.1) {
                best = Some((value, (l, c)));
            }
        }
    }
    best.map(|(_, place)| place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::dense;

    fn candidate(weights: usize, loss: f64) -> Candidate {
        let weights = vec![0.5; weights];
        Candidate { quantized: Quantized { encoded: dense::encode_f32(16, weights.len() / 16, &weights), weights }, loss }
    }

    #[test]
    fn the_best_move_saves_the_most_bytes_per_nat() {
        let layers = [
            vec![candidate(160, 1.0), candidate(80, 1.1), candidate(16, 2.0)],
            vec![candidate(320, 1.0), candidate(160, 1.3), candidate(480, 0.5)],
        ];
        let mut open = vec![vec![true; 3]; 2];
        // Bytes per nat: 320 / 0.1, 576 / 1.0; 640 / 0.3.
        assert_eq!(best_move(&layers, &[0, 0], &open), Some((0, 1)));
        open[0][1] = false;
        assert_eq!(best_move(&layers, &[0, 0], &open), Some((1, 1)));
        open[1][1] = false;
        assert_eq!(best_move(&layers, &[0, 0], &open), Some((0, 2)));
        assert_eq!(best_move(&layers, &[2, 0], &open), None, "a move that adds bytes is none");
    }
}
