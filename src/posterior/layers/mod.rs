//! The tensors of layers with weights, by method, and of affine nodes.

mod gaussian;
mod plain;
mod scaled;

use super::file::TensorFile;
use super::method::Method;
use crate::base::error::Result;
pub(crate) use gaussian::{GaussianLayer, UniformCodebook};
pub(crate) use plain::PlainLayer;
pub(crate) use scaled::{GhsLayer, GnjLayer, Groups, LogNormals, ScaledWeights};

/// The tensors of every layer with weights, in order.
#[derive(Clone, Debug)]
pub(crate) enum LayerTensors {
    /// Group normal-Jeffreys.
    Gnj(Vec<GnjLayer>),
    /// Group horseshoe.
    Ghs(Vec<GhsLayer>),
    /// Independent weights: sparse variational dropout, Graves, variational network quantization.
    Gaussian(Vec<GaussianLayer>),
    /// Plain weights: as trained, on a grid (each layer has a step), or with few distinct values.
    Plain(Vec<PlainLayer>),
}

/// The factors and offsets of an affine node: one of each for every channel of an image or feature of a vector.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AffineTensors {
    /// The factor of each channel.
    pub(crate) scale: Vec<f32>,
    /// The offset of each channel, added after the factor.
    pub(crate) offset: Vec<f32>,
}

impl AffineTensors {
    /// Reads the tensors of node `name`.
    pub(super) fn read(file: &mut TensorFile<'_>, name: &str, channels: usize) -> Result<Self> {
        let mut tensor = |kind: &str| file.floats(&format!("{name}.{kind}"), &[channels]);
        Ok(Self { scale: tensor("scale")?, offset: tensor("offset")? })
    }
}

impl LayerTensors {
    /// No layers yet.
    pub(super) fn new(method: Method) -> Self {
        match method {
            Method::Gnj => Self::Gnj(Vec::new()),
            Method::Ghs => Self::Ghs(Vec::new()),
            Method::SparseVd | Method::Graves | Method::Vnq => Self::Gaussian(Vec::new()),
            Method::Plain | Method::Rate | Method::Shared => Self::Plain(Vec::new()),
        }
    }

    /// Reads the tensors of node `name`, whose weights have the shape `[outputs, per_output...]`; returns its outputs.
    pub(super) fn read(
        &mut self,
        method: Method,
        file: &mut TensorFile<'_>,
        name: &str,
        per_output: &[usize],
        groups: Groups,
    ) -> Result<usize> {
        match self {
            Self::Gnj(layers) => push(layers, GnjLayer::read(file, name, per_output, groups)?, |layer| layer.weights.rows),
            Self::Ghs(layers) => push(layers, GhsLayer::read(file, name, per_output, groups)?, |layer| layer.weights.rows),
            Self::Gaussian(layers) => {
                let mut layer = GaussianLayer::read(file, name, per_output)?;
                if method == Method::Vnq {
                    layer.codebook = Some(UniformCodebook::read(file, name)?);
                }
                push(layers, layer, |layer| layer.rows)
            }
            Self::Plain(layers) => {
                let mut layer = PlainLayer::read(file, name, per_output)?;
                match method {
                    Method::Rate => layer.read_step(file, name)?,
                    Method::Shared => layer.check_shared(name)?,
                    _ => {}
                }
                push(layers, layer, |layer| layer.rows)
            }
        }
    }
}

/// Adds a layer; returns its outputs.
fn push<L>(layers: &mut Vec<L>, layer: L, rows: fn(&L) -> usize) -> Result<usize> {
    let outputs = rows(&layer);
    layers.push(layer);
    Ok(outputs)
}
