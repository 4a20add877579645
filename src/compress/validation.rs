//! Labelled samples on which a compression makes its choices.

use crate::base::error::{Error, ErrorKind, Result};
use crate::posterior::Posterior;
use crate::session::Input;

/// Labelled samples on which thresholds and encodings are chosen. They must not be the test set: what is chosen on it cannot be tested on it.
#[derive(Clone, Copy, Debug)]
pub struct Validation<'a> {
    /// The samples, one after the other, each in the order channel, row, column.
    pub samples: Input<'a>,
    /// For each sample, the index of the right output.
    pub labels: &'a [u32],
}

/// A selection of the validation samples.
#[derive(Debug)]
pub(crate) struct Picked {
    samples: PickedSamples,
    labels: Vec<u32>,
}

#[derive(Debug)]
enum PickedSamples {
    U8(Vec<u8>),
    F32(Vec<f32>),
}

impl Picked {
    pub(crate) fn borrowed(&self) -> Validation<'_> {
        let samples = match &self.samples {
            PickedSamples::U8(bytes) => Input::U8(bytes),
            PickedSamples::F32(values) => Input::F32(values),
        };
        Validation { samples, labels: &self.labels }
    }
}

impl Validation<'_> {
    /// The samples for whose index `is_picked` is true; each has `inputs` values.
    pub(crate) fn pick(&self, inputs: usize, is_picked: impl Fn(usize) -> bool) -> Picked {
        fn part<T: Copy>(all: &[T], len: usize, is_picked: &impl Fn(usize) -> bool) -> Vec<T> {
            let picked = all.chunks_exact(len.max(1)).enumerate().filter(|(i, _)| is_picked(*i));
            picked.flat_map(|(_, sample)| sample).copied().collect()
        }
        let samples = match self.samples {
            Input::U8(bytes) => PickedSamples::U8(part(bytes, inputs, &is_picked)),
            Input::F32(values) => PickedSamples::F32(part(values, inputs, &is_picked)),
        };
        Picked { samples, labels: part(self.labels, 1, &is_picked) }
    }

    /// # Errors
    ///
    /// `input` when the samples do not fit the network.
    pub(crate) fn check(&self, posterior: &Posterior) -> Result<()> {
        let refuse = |message: String| Err(Error::new(ErrorKind::Input, message));
        let (dtype, len) = (self.samples.dtype(), self.samples.elements());
        let input = posterior.input();
        if dtype != input.dtype {
            let (given, expected) = (dtype.name(), input.dtype.name());
            return refuse(format!("the validation samples are {given}, the network takes {expected}"));
        }
        if self.labels.is_empty() || self.labels.len().checked_mul(input.shape.elements()) != Some(len) {
            let each = input.shape.elements();
            return refuse(format!("{len} validation values for {} labels, expected {each} for each label", self.labels.len()));
        }
        if let Input::F32(values) = self.samples
            && let Some(i) = values.iter().position(|value| !value.is_finite())
        {
            return refuse(format!("validation value {i} is {}, expected finite numbers", values[i]));
        }
        let classes = posterior.graph().output_shape().elements();
        match self.labels.iter().position(|&label| usize::try_from(label).map_or(true, |label| label >= classes)) {
            Some(i) => refuse(format!("validation label {i} is {}, the network has {classes} outputs", self.labels[i])),
            None => Ok(()),
        }
    }
}
