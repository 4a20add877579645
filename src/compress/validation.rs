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

impl Validation<'_> {
    /// # Errors
    ///
    /// `input` when the labels do not fit the samples and the network.
    pub(crate) fn check(&self, posterior: &Posterior) -> Result<()> {
        let refuse = |message: String| Err(Error::new(ErrorKind::Input, message));
        let (len, each) = (self.samples.elements(), posterior.input().shape.elements());
        if self.labels.is_empty() || self.labels.len().checked_mul(each) != Some(len) {
            return refuse(format!("{len} validation values for {} labels, expected {each} for each label", self.labels.len()));
        }
        let classes = posterior.graph().output_shape().elements();
        match self.labels.iter().position(|&label| usize::try_from(label).map_or(true, |label| label >= classes)) {
            Some(i) => refuse(format!("validation label {i} is {}, the network has {classes} outputs", self.labels[i])),
            None => Ok(()),
        }
    }
}
