//! Samples and what is asked of the answers to them.

use super::agreement::Agreement;
use crate::compress::validation::Validation;
use crate::session::Input;

/// Samples and what is asked of the answers to them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Task<'a> {
    pub(super) samples: Input<'a>,
    pub(super) goal: Goal<'a>,
}

/// What is asked of the answers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Goal<'a> {
    /// The class of each sample.
    Labels(&'a [u32]),
    /// The outputs of the full network, `each` to a sample.
    Agreement { kind: Agreement, outputs: &'a [f32], each: usize },
}

impl<'a> Task<'a> {
    /// The labels of `validation`, which fit the network.
    pub(crate) fn labels(validation: &Validation<'a>) -> Self {
        Self { samples: validation.samples, goal: Goal::Labels(validation.labels) }
    }

    /// Agreement with `outputs`, `each` to a sample.
    pub(crate) fn agreement(samples: Input<'a>, kind: Agreement, outputs: &'a [f32], each: usize) -> Self {
        Self { samples, goal: Goal::Agreement { kind, outputs, each } }
    }

    /// The number of samples.
    pub(super) fn count(&self) -> usize {
        match self.goal {
            Goal::Labels(labels) => labels.len(),
            Goal::Agreement { outputs, each, .. } => outputs.len() / each.max(1),
        }
    }

    /// The samples for whose index `is_picked` is true; each has `inputs` values.
    pub(super) fn pick(&self, inputs: usize, is_picked: impl Fn(usize) -> bool) -> Picked {
        fn part<T: Copy>(all: &[T], len: usize, is_picked: &impl Fn(usize) -> bool) -> Vec<T> {
            let picked = all.chunks_exact(len.max(1)).enumerate().filter(|(i, _)| is_picked(*i));
            picked.flat_map(|(_, sample)| sample).copied().collect()
        }
        let samples = match self.samples {
            Input::U8(bytes) => PickedSamples::U8(part(bytes, inputs, &is_picked)),
            Input::F32(values) => PickedSamples::F32(part(values, inputs, &is_picked)),
        };
        let goal = match self.goal {
            Goal::Labels(labels) => PickedGoal::Labels(part(labels, 1, &is_picked)),
            Goal::Agreement { kind, outputs, each } => PickedGoal::Agreement(kind, part(outputs, each, &is_picked), each),
        };
        Picked { samples, goal }
    }
}

/// A selection of the samples.
#[derive(Debug)]
pub(crate) struct Picked {
    samples: PickedSamples,
    goal: PickedGoal,
}

#[derive(Debug)]
enum PickedSamples {
    U8(Vec<u8>),
    F32(Vec<f32>),
}

#[derive(Debug)]
enum PickedGoal {
    Labels(Vec<u32>),
    Agreement(Agreement, Vec<f32>, usize),
}

impl Picked {
    pub(crate) fn borrowed(&self) -> Task<'_> {
        let samples = match &self.samples {
            PickedSamples::U8(bytes) => Input::U8(bytes),
            PickedSamples::F32(values) => Input::F32(values),
        };
        let goal = match &self.goal {
            PickedGoal::Labels(labels) => Goal::Labels(labels),
            PickedGoal::Agreement(kind, outputs, each) => Goal::Agreement { kind: *kind, outputs, each: *each },
        };
        Task { samples, goal }
    }
}
