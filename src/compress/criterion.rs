//! What a compression is judged by: labels, or the outputs of the full network.

use super::validation::Validation;
use crate::base::error::{Error, ErrorKind, Result};
use crate::posterior::Posterior;
use crate::session::Input;

/// Samples without labels. The compressed network is to answer them as the full one does.
#[derive(Clone, Copy, Debug)]
pub struct Calibration<'a> {
    /// The samples, one after the other, each in the order channel, row, column.
    pub samples: Input<'a>,
    /// What the outputs mean.
    pub objective: Objective,
}

/// What the outputs of a network mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Objective {
    /// By the last operator: softmax says classes, sigmoid says yes or no; one other output, an image, or as many outputs as inputs are numbers;
    /// several other outputs are logits of classes.
    #[default]
    Auto,
    /// The greatest output is the answer.
    Classify,
    /// Each output says yes or no: a probability against 1/2, or a logit against 0.
    Binary,
    /// Each output is a number.
    Regress,
}

impl Objective {
    /// Every objective.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Classify, Self::Binary, Self::Regress];

    /// The name, as options spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Classify => "classify",
            Self::Binary => "binary",
            Self::Regress => "regress",
        }
    }
}

/// What a compression is judged by.
#[derive(Clone, Copy, Debug)]
pub enum Criterion<'a> {
    /// Error and cross-entropy of the labels.
    Labels(Validation<'a>),
    /// Agreement with the outputs of the full network.
    Agreement(Calibration<'a>),
}

impl<'a> From<&Validation<'a>> for Criterion<'a> {
    fn from(validation: &Validation<'a>) -> Self {
        Self::Labels(*validation)
    }
}

impl<'a> From<&Calibration<'a>> for Criterion<'a> {
    fn from(calibration: &Calibration<'a>) -> Self {
        Self::Agreement(*calibration)
    }
}

impl Criterion<'_> {
    pub(crate) fn samples(&self) -> Input<'_> {
        match self {
            Self::Labels(validation) => validation.samples,
            Self::Agreement(calibration) => calibration.samples,
        }
    }

    /// # Errors
    ///
    /// `input` when the samples do not fit the network.
    pub(crate) fn check(&self, posterior: &Posterior) -> Result<()> {
        let refuse = |message: String| Err(Error::new(ErrorKind::Input, message));
        let (samples, input) = (self.samples(), posterior.input());
        let (dtype, len, each) = (samples.dtype(), samples.elements(), input.shape.elements());
        if dtype != input.dtype {
            let (given, expected) = (dtype.name(), input.dtype.name());
            return refuse(format!("the validation samples are {given}, the network takes {expected}"));
        }
        if let Input::F32(values) = samples
            && let Some(i) = values.iter().position(|value| !value.is_finite())
        {
            return refuse(format!("validation value {i} is {}, expected finite numbers", values[i]));
        }
        match self {
            Self::Labels(validation) => validation.check(posterior),
            Self::Agreement(_) if len == 0 || len % each != 0 => {
                refuse(format!("{len} calibration values, expected some times {each}, those of a sample"))
            }
            Self::Agreement(_) => Ok(()),
        }
    }
}
