//! Weights that share a scale z with the others of their group: group normal-Jeffreys and group horseshoe.

use crate::base::error::Result;
use crate::posterior::file::TensorFile;

/// Which weights share a scale z.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Groups {
    /// Linear layer: the weights that leave one input unit.
    Inputs,
    /// Convolution: the weights of one output map, and its bias.
    Maps,
}

/// `q(w | z) = N(z mu, z^2 s^2)` for each weight. Matrices are row-major, `[rows, cols]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ScaledWeights {
    /// Outputs.
    pub(crate) rows: usize,
    /// Weights of an output: inputs, or input channels times the window of a convolution.
    pub(crate) cols: usize,
    /// Which weights share a scale.
    pub(crate) groups: Groups,
    /// mu, `[rows, cols]`.
    pub(crate) mean: Vec<f32>,
    /// log s^2, `[rows, cols]`.
    pub(crate) log_variance: Vec<f32>,
    /// The mean of each bias, `[rows]`. For a convolution it is not yet multiplied by z.
    pub(crate) bias_mean: Vec<f32>,
    /// The log variance of each bias, `[rows]`.
    pub(crate) bias_log_variance: Vec<f32>,
}

impl ScaledWeights {
    fn read(file: &mut TensorFile<'_>, name: &str, per_output: &[usize], groups: Groups) -> Result<Self> {
        let tensor = |kind: &str| format!("{name}.{kind}");
        let (rows, cols) = file.rows(&tensor("weight_mean"), per_output)?;
        let weights = [&[rows], per_output].concat();
        Ok(Self {
            rows,
            cols,
            groups,
            mean: file.floats(&tensor("weight_mean"), &weights)?,
            log_variance: file.log_variances(&tensor("weight_log_variance"), &weights)?,
            bias_mean: file.floats(&tensor("bias_mean"), &[rows])?,
            bias_log_variance: file.log_variances(&tensor("bias_log_variance"), &[rows])?,
        })
    }

    /// The number of groups: `cols` for a linear layer, `rows` for a convolution.
    pub(crate) fn group_count(&self) -> usize {
        match self.groups {
            Groups::Inputs => self.cols,
            Groups::Maps => self.rows,
        }
    }

    /// The group of the weight at the row-major index `index`.
    #[allow(clippy::arithmetic_side_effects)] // a layer with a weight has columns
    pub(crate) fn group_of(&self, index: usize) -> usize {
        match self.groups {
            Groups::Inputs => index % self.cols,
            Groups::Maps => index / self.cols,
        }
    }
}

/// `q(z) = N(mu_z, s_z^2)` for each group.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GnjLayer {
    /// The weights that the scales multiply.
    pub(crate) weights: ScaledWeights,
    /// mu_z, one for each group.
    pub(crate) scale_mean: Vec<f32>,
    /// log s_z^2, one for each group.
    pub(crate) scale_log_variance: Vec<f32>,
}

impl GnjLayer {
    pub(super) fn read(file: &mut TensorFile<'_>, name: &str, per_output: &[usize], groups: Groups) -> Result<Self> {
        let weights = ScaledWeights::read(file, name, per_output, groups)?;
        let count = weights.group_count();
        Ok(Self {
            weights,
            scale_mean: file.floats(&format!("{name}.scale_mean"), &[count])?,
            scale_log_variance: file.log_variances(&format!("{name}.scale_log_variance"), &[count])?,
        })
    }
}

/// Log-normal scales: `log x ~ N(mean, exp(log_variance))` for each.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LogNormals {
    /// Means of the logarithms.
    pub(crate) mean: Vec<f32>,
    /// Log variances of the logarithms.
    pub(crate) log_variance: Vec<f32>,
}

impl LogNormals {
    fn read(file: &mut TensorFile<'_>, name: &str, count: usize) -> Result<Self> {
        Ok(Self {
            mean: file.floats(&format!("{name}_mean"), &[count])?,
            log_variance: file.log_variances(&format!("{name}_log_variance"), &[count])?,
        })
    }
}

/// `z_i = sqrt(global_a global_b local_a_i local_b_i)` for each group i.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GhsLayer {
    /// The weights that the scales multiply.
    pub(crate) weights: ScaledWeights,
    /// The two scales of each group.
    pub(crate) local: [LogNormals; 2],
    /// The two scales of the whole layer, one number each.
    pub(crate) global: [LogNormals; 2],
}

impl GhsLayer {
    pub(super) fn read(file: &mut TensorFile<'_>, name: &str, per_output: &[usize], groups: Groups) -> Result<Self> {
        let weights = ScaledWeights::read(file, name, per_output, groups)?;
        let count = weights.group_count();
        let mut scales = |kind: &str, count| LogNormals::read(file, &format!("{name}.{kind}"), count);
        Ok(Self {
            local: [scales("local_a", count)?, scales("local_b", count)?],
            global: [scales("global_a", 1)?, scales("global_b", 1)?],
            weights,
        })
    }
}
