//! Error and loss of a candidate network on the validation samples.
//!
//! Plain f32 loops over blocks of samples that lie side by side, so that the compiler vectorises over samples and a weight that is zero
//! costs nothing. The order of additions is not that of the runtime: results agree to rounding, and the report's last figures come from
//! the written file.

use super::masks::Compact;
use super::network::{Gap, Plain};
use super::options::{Samples, Validation};
use crate::base::error::{Error, ErrorKind, Result};
use crate::graph::Op;
use crate::model::Model;
use crate::posterior::Posterior;
use crate::session::{Session, SessionOptions};
use crate::tensor::{Dtype, Mask};

/// Samples that are computed together.
const BLOCK: usize = 32;

/// How well a network does on the validation samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Samples whose greatest output is not at their label.
    pub errors: u64,
    /// All samples.
    pub samples: u64,
    /// The mean cross-entropy, nats.
    pub loss: f64,
}

impl Score {
    /// The error, percent.
    #[must_use]
    pub fn percent(self) -> f64 {
        100.0 * self.errors as f64 / self.samples as f64
    }
}

/// A layer of a candidate: row-major weights of what is kept.
#[derive(Clone, Copy)]
pub(super) struct Dense<'a> {
    pub(super) cols: usize,
    pub(super) weights: &'a [f32],
    pub(super) bias: &'a [f64],
}

/// The layers of a shrunk network.
pub(super) fn dense(layers: &[Compact]) -> Vec<Dense<'_>> {
    layers.iter().map(|layer| Dense { cols: layer.cols.kept(), weights: &layer.weights, bias: &layer.bias }).collect()
}

/// The validation samples, ready to be run.
pub(super) struct Evaluator<'a> {
    /// For each block, each input: `BLOCK` values.
    inputs: Vec<f32>,
    input_len: usize,
    labels: &'a [u8],
    gaps: Vec<Gap>,
}

impl<'a> Evaluator<'a> {
    /// Errors: `input` when samples or labels do not fit the network; `no_memory`.
    pub(super) fn new(posterior: &Posterior, validation: &Validation<'a>, gaps: &[Gap]) -> Result<Self> {
        validation.check(posterior)?;
        let input_len = posterior.input().shape.elements();
        let labels = validation.labels;
        let mut inputs = Vec::new();
        let len = labels.len().div_ceil(BLOCK).checked_mul(input_len * BLOCK);
        len.and_then(|len| inputs.try_reserve_exact(len).ok().map(|()| inputs.resize(len, 0.0)))
            .ok_or_else(|| Error::new(ErrorKind::NoMemory, "no memory for the validation samples"))?;
        let (shape, scale, offset) = (posterior.input().shape, &posterior.input().scale, &posterior.input().offset);
        let plane = input_len / shape.channels();
        let mut place = |sample: usize, values: &mut dyn Iterator<Item = f32>| {
            let block = &mut inputs[sample / BLOCK * input_len * BLOCK..][..input_len * BLOCK];
            for (i, value) in values.enumerate() {
                block[i * BLOCK + sample % BLOCK] = value * scale[i / plane] + offset[i / plane];
            }
        };
        match validation.samples {
            Samples::U8(bytes) => {
                bytes.chunks_exact(input_len).enumerate().for_each(|(i, s)| place(i, &mut s.iter().map(|&b| f32::from(b))));
            }
            Samples::F32(values) => {
                values.chunks_exact(input_len).enumerate().for_each(|(i, s)| place(i, &mut s.iter().copied()))
            }
        }
        let mut gaps = gaps.to_vec();
        if let Some(last) = gaps.last_mut().filter(|gap| gap.0.last() == Some(&Plain::Softmax)) {
            last.0.pop(); // the loss takes logits
        }
        Ok(Self { inputs, input_len, labels, gaps })
    }

    /// The score of a shrunk network.
    pub(super) fn score_shrunk(&self, layers: &[Compact]) -> Score {
        self.score(&layers[0].cols, &dense(layers), u64::MAX).expect("invariant: no limit on errors")
    }

    /// The score of a network that reads the inputs of `mask`; `None` as soon as there are more than `max_errors`.
    pub(super) fn score(&self, mask: &Mask, layers: &[Dense<'_>], max_errors: u64) -> Option<Score> {
        let (mut errors, mut loss) = (0u64, 0.0f64);
        let (mut values, mut next) = (Vec::new(), Vec::new());
        let blocks = self.inputs.chunks_exact(self.input_len * BLOCK);
        for (block, labels) in blocks.zip(self.labels.chunks(BLOCK)) {
            values.clear();
            mask.indices().for_each(|i| values.extend_from_slice(&block[i * BLOCK..][..BLOCK]));
            for (layer, gap) in layers.iter().zip(&self.gaps) {
                apply(gap, &mut values);
                layer.run(&values, &mut next);
                std::mem::swap(&mut values, &mut next);
            }
            apply(self.gaps.last().expect("invariant: a gap follows the last layer"), &mut values);
            for (sample, &label) in labels.iter().enumerate() {
                let (wrong, nats) = judge(values.chunks_exact(BLOCK).map(|unit| unit[sample]), usize::from(label));
                errors += u64::from(wrong);
                loss += nats;
            }
            if errors > max_errors {
                return None;
            }
        }
        let samples = self.labels.len() as u64;
        Some(Score { errors, samples, loss: loss / samples as f64 })
    }
}

impl Dense<'_> {
    fn run(&self, values: &[f32], out: &mut Vec<f32>) {
        out.clear();
        for (row, &bias) in self.bias.iter().enumerate() {
            let mut sums = [0.0f32; BLOCK];
            let weights = &self.weights[row * self.cols..][..self.cols];
            for (&weight, unit) in weights.iter().zip(values.as_chunks::<BLOCK>().0) {
                if weight != 0.0 {
                    sums.iter_mut().zip(unit).for_each(|(sum, &x)| *sum += weight * x);
                }
            }
            let bias = bias as f32;
            out.extend(sums.iter().map(|sum| sum + bias));
        }
    }
}

/// The score of a model as the runtime computes it.
pub(super) fn run(model: &Model, validation: &Validation<'_>) -> Result<Score> {
    let mut session = Session::new(model, &SessionOptions { batch: BLOCK, ..SessionOptions::default() })?;
    let outputs = session.output_len();
    let mut out = vec![0.0; validation.labels.len() * outputs];
    match validation.samples {
        Samples::U8(bytes) => session.run(bytes, &mut out)?,
        Samples::F32(values) => session.run(values, &mut out)?,
    }
    if matches!(model.graph().nodes().last().map(|node| node.op), Some(Op::Softmax)) {
        out.iter_mut().for_each(|p| *p = p.ln()); // logits up to a constant
    }
    let (mut errors, mut loss) = (0, 0.0);
    for (logits, &label) in out.chunks_exact(outputs).zip(validation.labels) {
        let (wrong, nats) = judge(logits.iter().copied(), usize::from(label));
        errors += u64::from(wrong);
        loss += nats;
    }
    let samples = validation.labels.len() as u64;
    Ok(Score { errors, samples, loss: loss / samples as f64 })
}

fn apply(gap: &Gap, values: &mut [f32]) {
    for op in &gap.0 {
        match op {
            Plain::Relu => values.iter_mut().for_each(|v| *v = v.max(0.0)),
            Plain::Softmax => softmax(values),
        }
    }
}

fn softmax(values: &mut [f32]) {
    for sample in 0..BLOCK {
        let len = values.len();
        let unit = || (sample..len).step_by(BLOCK);
        let max = unit().map(|i| values[i]).fold(f32::NEG_INFINITY, f32::max);
        unit().for_each(|i| values[i] = (values[i] - max).exp());
        let sum: f32 = unit().map(|i| values[i]).sum();
        unit().for_each(|i| values[i] /= sum);
    }
}

/// Whether the greatest logit is elsewhere than at `label`, and the cross-entropy in nats (infinite when a logit is not finite).
pub(super) fn judge(logits: impl Iterator<Item = f32> + Clone, label: usize) -> (bool, f64) {
    let mut best = (0, f32::NEG_INFINITY);
    for (i, value) in logits.clone().enumerate() {
        if value > best.1 {
            best = (i, value);
        }
    }
    let max = f64::from(best.1);
    let sum: f64 = logits.clone().map(|value| (f64::from(value) - max).exp()).sum();
    let own = logits.clone().nth(label).map_or(f64::NAN, f64::from);
    let loss = sum.ln() + max - own;
    (best.0 != label || !loss.is_finite(), if loss.is_finite() { loss } else { f64::INFINITY })
}

/// Where a network's samples come from, for messages.
pub(super) fn samples_name(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::U8 => "bytes",
        Dtype::F32 => "32-bit floats",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loss_is_the_cross_entropy_of_the_label() {
        let (wrong, loss) = judge([0.0f32, 3.0f32.ln()].into_iter(), 0);
        assert!(wrong && (loss - 4.0f64.ln()).abs() < 1e-7, "{loss}");
        let (wrong, loss) = judge([1000.0f32, 0.0].into_iter(), 0);
        assert!(!wrong && loss == 0.0);
        assert_eq!(judge([f32::NAN, 1.0].into_iter(), 1), (true, f64::INFINITY));
    }

    #[test]
    fn a_block_layer_is_the_matrix_product() {
        let values: Vec<f32> = (0..2 * BLOCK).map(|i| i as f32).collect();
        let mut out = Vec::new();
        Dense { cols: 2, weights: &[1.0, 2.0, 0.0, -1.0], bias: &[0.5, 0.0] }.run(&values, &mut out);
        for s in 0..BLOCK {
            let (a, b) = (s as f32, (s + BLOCK) as f32);
            assert_eq!((out[s], out[s + BLOCK]), (a + 2.0 * b + 0.5, -b));
        }
    }

    #[test]
    fn softmax_works_on_each_sample() {
        let mut values = vec![0.0f32; 3 * BLOCK];
        values[BLOCK] = 2.0f32.ln();
        softmax(&mut values);
        assert!((values[0] - 0.25).abs() < 1e-6 && (values[BLOCK] - 0.5).abs() < 1e-6);
        assert!((values[1] - 1.0 / 3.0).abs() < 1e-6);
    }
}
