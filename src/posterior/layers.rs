//! The tensors of linear layers, by method.

use super::file::File;
use super::{Method, fail};
use crate::base::error::Result;

/// The tensors of every linear node, in order.
#[derive(Clone, Debug)]
pub enum Layers {
    /// Group normal-Jeffreys.
    Gnj(Vec<GnjLayer>),
    /// Plain weights.
    Plain(Vec<PlainLayer>),
}

impl Layers {
    /// No layers yet.
    pub(super) fn new(method: Method) -> Self {
        match method {
            Method::Gnj => Self::Gnj(Vec::new()),
            Method::Plain => Self::Plain(Vec::new()),
        }
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> Method {
        match self {
            Self::Gnj(_) => Method::Gnj,
            Self::Plain(_) => Method::Plain,
        }
    }

    /// Reads the tensors of node `name` with `cols` inputs; returns its outputs.
    pub(super) fn read(&mut self, file: &mut File<'_>, name: &str, cols: usize) -> Result<usize> {
        match self {
            Self::Gnj(layers) => {
                let layer = GnjLayer::read(file, name, cols)?;
                let rows = layer.rows;
                layers.push(layer);
                Ok(rows)
            }
            Self::Plain(layers) => {
                let layer = PlainLayer::read(file, name, cols)?;
                let rows = layer.rows;
                layers.push(layer);
                Ok(rows)
            }
        }
    }
}

/// q(z) = N(mu_z, s_z^2) for each input unit, q(w | z) = N(z mu, z^2 s^2) for each weight; matrices are row-major `rows` x `cols`.
#[derive(Clone, Debug, PartialEq)]
pub struct GnjLayer {
    /// Outputs.
    pub rows: usize,
    /// Inputs: groups.
    pub cols: usize,
    /// mu, `rows` x `cols`.
    pub weight_mean: Vec<f32>,
    /// log s^2, `rows` x `cols`.
    pub weight_log_variance: Vec<f32>,
    /// mu_z, `cols`.
    pub scale_mean: Vec<f32>,
    /// log s_z^2, `cols`.
    pub scale_log_variance: Vec<f32>,
    /// The bias's mean, `rows`.
    pub bias_mean: Vec<f32>,
    /// The bias's log variance, `rows`.
    pub bias_log_variance: Vec<f32>,
}

impl GnjLayer {
    fn read(file: &mut File<'_>, name: &str, cols: usize) -> Result<Self> {
        let tensor = |kind: &str| format!("{name}.{kind}");
        let rows = file.rows(&tensor("weight_mean"), cols)?;
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
        let weight_log_variance = log_variance("weight_log_variance", &[rows, cols])?;
        let scale_log_variance = log_variance("scale_log_variance", &[cols])?;
        let bias_log_variance = log_variance("bias_log_variance", &[rows])?;
        Ok(Self {
            rows,
            cols,
            weight_mean: file.floats(&tensor("weight_mean"), &[rows, cols])?,
            weight_log_variance,
            scale_mean: file.floats(&tensor("scale_mean"), &[cols])?,
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
    /// Inputs.
    pub cols: usize,
    /// Weights, `rows` x `cols`.
    pub weight: Vec<f32>,
    /// Which weights are kept, `rows` x `cols`, where training has pruned.
    pub mask: Option<Vec<bool>>,
    /// Biases, `rows`; zero where the file has none.
    pub bias: Vec<f32>,
}

impl PlainLayer {
    fn read(file: &mut File<'_>, name: &str, cols: usize) -> Result<Self> {
        let tensor = |kind: &str| format!("{name}.{kind}");
        let rows = file.rows(&tensor("weight"), cols)?;
        let weight = file.floats(&tensor("weight"), &[rows, cols])?;
        let (bias, mask) = (tensor("bias"), tensor("weight_mask"));
        let bias = if file.has(&bias) { file.floats(&bias, &[rows])? } else { vec![0.0; rows] };
        let mask = if file.has(&mask) { Some(file.flags(&mask, &[rows, cols])?) } else { None };
        Ok(Self { rows, cols, weight, mask, bias })
    }
}
