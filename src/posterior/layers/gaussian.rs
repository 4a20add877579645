//! Independent weights: a Gaussian for each, and biases without a variance.

use crate::base::error::Result;
use crate::posterior::error::fail;
use crate::posterior::file::TensorFile;

/// The number of levels of a codebook, if no tensor says it.
const DEFAULT_LEVELS: u8 = 3;

/// `q(w) = N(mu, s^2)` for each weight. Matrices are row-major, `[rows, cols]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GaussianLayer {
    /// Outputs.
    pub(crate) rows: usize,
    /// Weights of an output: inputs, or input channels times the window of a convolution.
    pub(crate) cols: usize,
    /// mu, `[rows, cols]`.
    pub(crate) weight_mean: Vec<f32>,
    /// log s^2, `[rows, cols]`.
    pub(crate) weight_log_variance: Vec<f32>,
    /// Biases, `[rows]`.
    pub(crate) bias: Vec<f32>,
    /// The codebook to which the weights are rounded, if training drew them to one.
    pub(crate) codebook: Option<UniformCodebook>,
}

impl GaussianLayer {
    pub(super) fn read(file: &mut TensorFile<'_>, name: &str, per_output: &[usize]) -> Result<Self> {
        let tensor = |kind: &str| format!("{name}.{kind}");
        let (rows, cols) = file.rows(&tensor("weight_mean"), per_output)?;
        let weights = [&[rows], per_output].concat();
        Ok(Self {
            rows,
            cols,
            weight_mean: file.floats(&tensor("weight_mean"), &weights)?,
            weight_log_variance: file.log_variances(&tensor("weight_log_variance"), &weights)?,
            bias: file.floats(&tensor("bias"), &[rows])?,
            codebook: None,
        })
    }
}

/// An odd number of equally spaced values, symmetric about zero: `step` times the integers from `-greatest` to `greatest`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct UniformCodebook {
    /// The distance between neighbours, positive.
    pub(crate) step: f32,
    /// 1 for three values, at most 127.
    pub(crate) greatest: u8,
}

impl UniformCodebook {
    /// Reads the greatest value, and the number of values.
    pub(super) fn read(file: &mut TensorFile<'_>, name: &str) -> Result<Self> {
        let (level, levels) = (format!("{name}.level"), format!("{name}.levels"));
        let value = file.number(&level)?;
        let count = if file.has(&levels) { Self::count(&levels, file.number(&levels)?)? } else { DEFAULT_LEVELS };
        let greatest = count / 2;
        let step = value / f32::from(greatest);
        if value <= 0.0 || step <= 0.0 {
            return Err(fail(format!(
                "tensor {level:?}: the level is {value:?}, expected a positive number that {greatest} steps reach"
            )));
        }
        Ok(Self { step, greatest })
    }

    fn count(tensor: &str, found: f32) -> Result<u8> {
        let count = (3..=u8::MAX).step_by(2).find(|&count| f32::from(count) == found);
        count
            .ok_or_else(|| fail(format!("tensor {tensor:?}: the number of levels is {found}, expected an odd one from 3 to 255")))
    }
}
