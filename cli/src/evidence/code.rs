//! The two-part code of one model.

use super::data::{Data, Truth};
use crate::evaluate;
use crate::exit::Failure;
use curt::evidence::{Estimate, Scores, bits, gaussian_nats, label_nats};
use curt::format::{pack, strip};
use curt::{Input, Model, Session, SessionOptions};

/// Samples that are computed together.
const BATCH: usize = 32;
/// Bits of a variance that was learned: it is sent as a 32-bit float.
const VARIANCE_BITS: f64 = 32.0;

/// What a model pays for itself and for the data.
pub(crate) struct Code {
    /// The bytes of its packed, stripped file.
    pub(crate) file_bytes: u64,
    /// Nats of each sample.
    nats: Vec<f64>,
    pub(crate) fit: Fit,
}

/// How far the outputs are from what is described.
pub(crate) enum Fit {
    /// Samples whose class is not their label, samples without a class, and bits of the labels by a uniform code over the outputs.
    Labels { errors: usize, without_class: usize, uniform_bits: f64 },
    /// The mean square of the residuals, and the variance of the density.
    Targets { mean_square: f64, variance: f64, is_learned: bool },
}

impl Code {
    /// Packs a model in memory and runs it on the data.
    ///
    /// # Errors
    ///
    /// `input`, when the model cannot describe the data; `limit`, `no_memory`.
    pub(crate) fn of(model: &Model, data: &Data) -> Result<Self, Failure> {
        data.check(model)?;
        let file_bytes = pack(&strip(model.file())?)?.len() as u64;
        let mut session = Session::with_options(model, &SessionOptions::new().batch(BATCH))?;
        let (outputs, width) = evaluate::outputs(&mut session, &data.samples)?;
        let (nats, fit) = match &data.truth {
            Truth::Labels(labels) => of_labels(&outputs, width, Scores::of(model.graph()), labels),
            Truth::Targets(targets, variance) => match targets.input(0, targets.count) {
                Input::F32(targets) => of_targets(&outputs, width, targets, *variance)?,
                Input::U8(_) => unreachable!("invariant: targets were checked to be floats"),
            },
        };
        Ok(Self { file_bytes, nats, fit })
    }

    /// Bits of the packed, stripped file.
    pub(crate) fn file_bits(&self) -> u64 {
        8 * self.file_bytes
    }

    /// Bits of the data given the model, and their standard error over samples; none if a sample has an infinite code.
    pub(crate) fn label_bits(&self) -> Option<(f64, f64)> {
        let (nats, error) = Estimate::of(&self.nats)?.sum();
        let variance = match self.fit {
            Fit::Targets { is_learned: true, .. } => VARIANCE_BITS,
            _ => 0.0,
        };
        nats.is_finite().then(|| (bits(nats) + variance, bits(error)))
    }

    /// Bits of the model and the data; none if a sample has an infinite code.
    pub(crate) fn total_bits(&self) -> Option<f64> {
        Some(self.file_bits() as f64 + self.label_bits()?.0)
    }

    /// The first sample whose code is infinite.
    pub(crate) fn infinite_at(&self) -> Option<usize> {
        self.nats.iter().position(|nats| !nats.is_finite())
    }

    /// What the data cost more than with another model, bits, and its standard error over samples, which are paired.
    pub(crate) fn more_label_bits(&self, than: &Self) -> Option<(f64, f64)> {
        let difference = self.label_bits()?.0 - than.label_bits()?.0;
        let each: Vec<f64> = self.nats.iter().zip(&than.nats).map(|(nats, other)| nats - other).collect();
        Some((difference, bits(Estimate::of(&each)?.sum().1)))
    }
}

fn of_labels(outputs: &[f32], width: usize, scores: Scores, labels: &[u32]) -> (Vec<f64>, Fit) {
    let label = |label: u32| usize::try_from(label).unwrap_or(usize::MAX);
    let nats = outputs.chunks_exact(width).zip(labels).map(|(outputs, &of)| label_nats(outputs, scores, label(of))).collect();
    let classes = evaluate::classes(outputs, width);
    let without_class = classes.iter().filter(|class| class.is_none()).count();
    let uniform_bits = labels.len() as f64 * (width as f64).log2();
    (nats, Fit::Labels { errors: evaluate::misclassified(&classes, labels), without_class, uniform_bits })
}

fn of_targets(outputs: &[f32], width: usize, targets: &[f32], given: Option<f64>) -> Result<(Vec<f64>, Fit), Failure> {
    let residuals: Vec<f64> =
        outputs.iter().zip(targets).map(|(output, target)| f64::from(*target) - f64::from(*output)).collect();
    let mean_square = residuals.iter().map(|residual| residual * residual).sum::<f64>() / residuals.len() as f64;
    let variance = given.unwrap_or(f64::from(mean_square as f32));
    if !(variance > 0.0 && variance.is_finite()) {
        return Err(Failure::input(format!(
            "the mean square of the residuals is {mean_square}: no normal density has this variance; give --variance"
        )));
    }
    let nats = residuals.chunks_exact(width).map(|sample| sample.iter().map(|&residual| gaussian_nats(residual, variance)).sum());
    Ok((nats.collect(), Fit::Targets { mean_square, variance, is_learned: given.is_none() }))
}
