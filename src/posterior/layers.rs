//! The tensors of nodes that have some: layers with weights, by method, and affine nodes.

use super::file::File;
use super::{Method, fail};
use crate::base::error::Result;

/// The tensors of every layer with weights, in order.
#[derive(Clone, Debug)]
pub enum Layers {
    /// Group normal-Jeffreys.
    Gnj(Vec<GnjLayer>),
    /// Plain weights.
    Plain(Vec<PlainLayer>),
    /// Weights that training put on a grid: each layer has a step.
    Rate(Vec<PlainLayer>),
}

/// The factors and offsets of an affine node, one each for each channel of an image or feature of a vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Affine {
    /// What a channel is multiplied by.
    pub scale: Vec<f32>,
    /// What is added to it then.
    pub offset: Vec<f32>,
}

impl Affine {
    /// Reads the tensors of node `name`.
    pub(super) fn read(file: &mut File<'_>, name: &str, channels: usize) -> Result<Self> {
        let mut tensor = |kind: &str| file.floats(&format!("{name}.{kind}"), &[channels]);
        Ok(Self { scale: tensor("scale")?, offset: tensor("offset")? })
    }
}

impl Layers {
    /// No layers yet.
    pub(super) fn new(method: Method) -> Self {
        match method {
            Method::Gnj => Self::Gnj(Vec::new()),
            Method::Plain => Self::Plain(Vec::new()),
            Method::Rate => Self::Rate(Vec::new()),
        }
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> Method {
        match self {
            Self::Gnj(_) => Method::Gnj,
            Self::Plain(_) => Method::Plain,
            Self::Rate(_) => Method::Rate,
        }
    }

    /// Reads the tensors of node `name`, whose weights have the shape `[outputs, per_output...]`; returns its outputs.
    pub(super) fn read(&mut self, file: &mut File<'_>, name: &str, per_output: &[usize], groups: Groups) -> Result<usize> {
        let method = self.method();
        match self {
            Self::Gnj(layers) => {
                let layer = GnjLayer::read(file, name, per_output, groups)?;
                let rows = layer.rows;
                layers.push(layer);
                Ok(rows)
            }
            Self::Plain(layers) | Self::Rate(layers) => {
                let mut layer = PlainLayer::read(file, name, per_output)?;
                let rows = layer.rows;
                if method == Method::Rate {
                    layer.read_step(file, name)?;
                }
                layers.push(layer);
                Ok(rows)
            }
        }
    }
}

/// What shares a scale z.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Groups {
    /// The weights from one input unit: a linear layer.
    Inputs,
    /// The weights to one output map, and its bias: a convolution.
    Maps,
}

/// q(z) = N(mu_z, s_z^2) for each group, q(w | z) = N(z mu, z^2 s^2) for each weight; matrices are row-major `rows` x `cols`.
#[derive(Clone, Debug, PartialEq)]
pub struct GnjLayer {
    /// Outputs.
    pub rows: usize,
    /// Weights of an output: inputs, or input channels times the window of a convolution.
    pub cols: usize,
    /// What shares a scale.
    pub groups: Groups,
    /// mu, `rows` x `cols`.
    pub weight_mean: Vec<f32>,
    /// log s^2, `rows` x `cols`.
    pub weight_log_variance: Vec<f32>,
    /// mu_z, one for each group: `cols` of a linear layer, `rows` of a convolution.
    pub scale_mean: Vec<f32>,
    /// log s_z^2, one for each group.
    pub scale_log_variance: Vec<f32>,
    /// The bias's mean, `rows`; not yet multiplied by z where z multiplies it.
    pub bias_mean: Vec<f32>,
    /// The bias's log variance, `rows`.
    pub bias_log_variance: Vec<f32>,
}

impl GnjLayer {
    /// The group of weight `index`, counted row by row.
    #[must_use]
    #[allow(clippy::arithmetic_side_effects)] // a layer with a weight has columns
    pub fn group_of(&self, index: usize) -> usize {
        match self.groups {
            Groups::Inputs => index % self.cols,
            Groups::Maps => index / self.cols,
        }
    }

    fn read(file: &mut File<'_>, name: &str, per_output: &[usize], groups: Groups) -> Result<Self> {
        let tensor = |kind: &str| format!("{name}.{kind}");
        let (rows, cols) = file.rows(&tensor("weight_mean"), per_output)?;
        let weights = [&[rows], per_output].concat();
        let scales = match groups {
            Groups::Inputs => cols,
            Groups::Maps => rows,
        };
        let mut log_variance = |kind: &str, shape: &[usize]| {
            let name = tensor(kind);
            let values = file.floats(&name, shape)?;
            match values.iter().position(|&value| !value.exp().is_finite()) {
                Some(i) => Err(fail(format!(
                    "tensor {name:?}: element {i} is {:?}, a log variance whose variance exceeds the range of f32",
                    values.get(i).copied().unwrap_or_default()
                ))),
                None => Ok(values),
            }
        };
        let weight_log_variance = log_variance("weight_log_variance", &weights)?;
        let scale_log_variance = log_variance("scale_log_variance", &[scales])?;
        let bias_log_variance = log_variance("bias_log_variance", &[rows])?;
        Ok(Self {
            rows,
            cols,
            groups,
            weight_mean: file.floats(&tensor("weight_mean"), &weights)?,
            weight_log_variance,
            scale_mean: file.floats(&tensor("scale_mean"), &[scales])?,
            scale_log_variance,
            bias_mean: file.floats(&tensor("bias_mean"), &[rows])?,
            bias_log_variance,
        })
    }
}

/// Weights as trained; matrices are row-major `rows` x `cols`.
#[derive(Clone, Debug, PartialEq)]
pub struct PlainLayer {
    /// Outputs.
    pub rows: usize,
    /// Weights of an output: inputs, or input channels times the window of a convolution.
    pub cols: usize,
    /// Weights, `rows` x `cols`.
    pub weight: Vec<f32>,
    /// Which weights are kept, `rows` x `cols`, where training has pruned.
    pub mask: Option<Vec<bool>>,
    /// Biases, `rows`; zero where the file has none.
    pub bias: Vec<f32>,
    /// What every weight is an integer from -127 to 127 times of, where training has put them on a grid.
    pub step: Option<f32>,
}

impl PlainLayer {
    fn read(file: &mut File<'_>, name: &str, per_output: &[usize]) -> Result<Self> {
        let tensor = |kind: &str| format!("{name}.{kind}");
        let (rows, cols) = file.rows(&tensor("weight"), per_output)?;
        let weights = [&[rows], per_output].concat();
        let weight = file.floats(&tensor("weight"), &weights)?;
        let (bias, mask) = (tensor("bias"), tensor("weight_mask"));
        let bias = if file.has(&bias) { file.floats(&bias, &[rows])? } else { vec![0.0; rows] };
        let mask = if file.has(&mask) { Some(file.flags(&mask, &weights)?) } else { None };
        Ok(Self { rows, cols, weight, mask, bias, step: None })
    }

    /// Reads the step of the weights' grid, and holds the weights against it.
    fn read_step(&mut self, file: &mut File<'_>, name: &str) -> Result<()> {
        let tensor = format!("{name}.step");
        let step = file.floats(&tensor, &[1])?.first().copied().unwrap_or_default();
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
}
