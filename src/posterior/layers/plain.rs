//! Plain weights: as trained, on a grid, or with few distinct values.

use crate::base::error::Result;
use crate::posterior::error::fail;
use crate::posterior::file::TensorFile;
use std::collections::BTreeSet;

/// The most distinct values in a layer of method `shared`: a codebook has at most as many levels.
const MAX_VALUES: usize = 256;

/// Weights as trained. Matrices are row-major, `[rows, cols]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlainLayer {
    /// Outputs.
    pub(crate) rows: usize,
    /// Weights of an output: inputs, or input channels times the window of a convolution.
    pub(crate) cols: usize,
    /// Weights, `[rows, cols]`.
    pub(crate) weight: Vec<f32>,
    /// Which weights are kept, `[rows, cols]`, if training has pruned.
    pub(crate) mask: Option<Vec<bool>>,
    /// Biases, `[rows]`; zeros if the file has none.
    pub(crate) bias: Vec<f32>,
    /// The step of the grid, if training has put the weights on one: every weight is an integer from -127 to 127 times it.
    pub(crate) step: Option<f32>,
}

impl PlainLayer {
    pub(super) fn read(file: &mut TensorFile<'_>, name: &str, per_output: &[usize]) -> Result<Self> {
        let tensor = |kind: &str| format!("{name}.{kind}");
        let (rows, cols) = file.rows(&tensor("weight"), per_output)?;
        let weights = [&[rows], per_output].concat();
        let weight = file.floats(&tensor("weight"), &weights)?;
        let (bias, mask) = (tensor("bias"), tensor("weight_mask"));
        let bias = if file.has(&bias) { file.floats(&bias, &[rows])? } else { vec![0.0; rows] };
        let mask = if file.has(&mask) { Some(file.flags(&mask, &weights)?) } else { None };
        Ok(Self { rows, cols, weight, mask, bias, step: None })
    }

    /// Reads the step of the weights' grid, and checks that the weights lie on it.
    pub(super) fn read_step(&mut self, file: &mut TensorFile<'_>, name: &str) -> Result<()> {
        let tensor = format!("{name}.step");
        let step = file.number(&tensor)?;
        if step <= 0.0 {
            return Err(fail(format!("tensor {tensor:?}: the step is {step}, expected a positive number")));
        }
        let on_grid = |weight: f32| {
            let integer = (weight / step).round();
            integer.abs() <= 127.0 && integer * step == weight
        };
        match self.weight.iter().position(|&weight| !on_grid(weight)) {
            Some(i) => Err(fail(format!(
                "tensor {:?}: element {i} is {:?}, expected an integer from -127 to 127 times the step {step:?}",
                format!("{name}.weight"),
                self.weight.get(i).copied().unwrap_or_default()
            ))),
            None => {
                self.step = Some(step);
                Ok(())
            }
        }
    }

    /// Checks the number of distinct weights that the mask keeps; zero counts too if the mask prunes any.
    pub(super) fn check_shared(&self, name: &str) -> Result<()> {
        let kept = |i: usize| self.mask.as_ref().is_none_or(|mask| mask.get(i).copied().unwrap_or(true));
        let values = self.weight.iter().enumerate().map(|(i, &weight)| if kept(i) { weight + 0.0 } else { 0.0 });
        let distinct: BTreeSet<u32> = values.map(f32::to_bits).collect();
        if distinct.len() <= MAX_VALUES {
            return Ok(());
        }
        let (found, tensor) = (distinct.len(), format!("{name}.weight"));
        Err(fail(format!(
            "tensor {tensor:?} has {found} distinct values, expected at most {MAX_VALUES}: the weights of a layer share them"
        )))
    }
}
