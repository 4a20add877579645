//! A step of a plan.

use super::call::{Action, Call, Memory};
use super::convolution::ConvStep;
use super::linear::LayerStep;
use super::pointwise::{ActivationStep, AddStep, AffineStep, ConcatStep, CopyStep, SoftmaxStep};
use super::pooling::PoolStep;
use super::slot::Slot;
use crate::model::Model;
use std::ops::Deref;

/// One step of a plan.
#[derive(Debug)]
pub struct Step {
    /// What is done.
    pub action: AnyAction,
    /// The values read.
    pub from: Vec<Slot>,
    /// The value written: the first one read, for actions that work in place.
    pub to: Slot,
}

/// Any [`Action`]. It lies in the list of steps and not in a box, because a box whose allocation fails would end the process.
#[allow(clippy::large_enum_variant)] // a plan has few steps
#[derive(Debug)]
pub enum AnyAction {
    /// A linear layer.
    Layer(LayerStep),
    /// A convolution.
    Convolution(ConvStep),
    /// Pooling.
    Pool(PoolStep),
    /// Scale and offset of each channel.
    Affine(AffineStep),
    /// A function of each element.
    Activation(ActivationStep),
    /// Softmax.
    Softmax(SoftmaxStep),
    /// Another shape, in other memory.
    Copy(CopyStep),
    /// The sum of two values.
    Add(AddStep),
    /// The values read, one after the other.
    Concat(ConcatStep),
}

impl Deref for AnyAction {
    type Target = dyn Action;

    fn deref(&self) -> &(dyn Action + 'static) {
        match self {
            Self::Layer(step) => step,
            Self::Convolution(step) => step,
            Self::Pool(step) => step,
            Self::Affine(step) => step,
            Self::Activation(step) => step,
            Self::Softmax(step) => step,
            Self::Copy(step) => step,
            Self::Add(step) => step,
            Self::Concat(step) => step,
        }
    }
}

impl Step {
    /// Runs the step on the first `batch` samples.
    pub fn run(&self, model: &Model, batch: usize, memory: Memory<'_>) {
        self.action.run(&mut Call { model, from: &self.from, to: &self.to, batch, memory });
    }
}
