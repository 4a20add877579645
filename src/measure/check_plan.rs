//! How far the form of a layer that the plan picks is from the fastest: every form is forced on synthetic layers, and all take turns.
//!
//! Half of the activations are zero, about as after ReLU. A convolution is computed sample by sample, so that one batch size shows all of it.

use super::parts::{Network, Part};
use super::synthetic::{KINDS, Random, SyntheticLayer};
use super::timing::{Budget, interleaved};
use crate::base::error::Result;
use crate::exec::Input;
use crate::graph::{Conv2d, Op, Window};
use crate::kernels::{Isa, Kernels, Preference};
use crate::model::Model;
use crate::tensor::Shape;
use std::fmt;

/// Rows and columns of the linear layers.
const SHAPES: [[usize; 2]; 7] = [[10, 13], [16, 100], [64, 64], [87, 233], [100, 300], [300, 784], [256, 1024]];
/// Batches of the linear layers.
const BATCHES: [usize; 2] = [1, 16];
/// The convolutions.
const CONVOLUTIONS: [Convolution; 8] = [
    Convolution::new([1, 28, 28], 20, 5),
    Convolution::new([20, 12, 12], 50, 5),
    Convolution::new([16, 32, 32], 16, 3).padded(1),
    Convolution::new([64, 8, 8], 64, 3),
    Convolution::new([16, 32, 32], 32, 3).padded(1).strided(2),
    Convolution::new([3, 48, 48], 8, 3).padded(1).strided(2),
    Convolution::new([64, 12, 12], 64, 3).padded(1).grouped(64),
    Convolution::new([64, 12, 12], 128, 1),
];
/// The kinds of weights of the convolutions.
const CONVOLUTION_KINDS: [&str; 5] = ["dense", "ternary", "fixed4", "sparse80", "sparse90"];
/// Samples that take turns, at least.
const SAMPLES: usize = 64;

/// A convolution with square windows.
#[derive(Clone, Copy, Debug)]
struct Convolution {
    /// Channels, rows and columns.
    input: [usize; 3],
    maps: usize,
    window: Window,
    groups: usize,
}

impl Convolution {
    const fn new(input: [usize; 3], maps: usize, kernel: usize) -> Self {
        Self { input, maps, window: Window::new([kernel, kernel], [1, 1]), groups: 1 }
    }

    const fn padded(mut self, padding: usize) -> Self {
        self.window.padding_before = [padding, padding];
        self.window.padding_after = [padding, padding];
        self
    }

    const fn strided(mut self, stride: usize) -> Self {
        self.window.stride = [stride, stride];
        self
    }

    const fn grouped(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }

    /// Columns of the weights.
    fn cols(&self) -> usize {
        self.input[0] / self.groups * self.window.area()
    }
}

impl fmt::Display for Convolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { input: [channels, height, width], maps, window: Window { kernel, stride, padding_before, .. }, groups } = self;
        write!(f, "{maps}@{}x{} of {channels}x{height}x{width}", kernel[0], kernel[1])?;
        for (name, value, usual) in [("padding", padding_before[0], 0), ("stride", stride[0], 1), ("groups", *groups, 1)] {
            if value != usual {
                write!(f, ", {name} {value}")?;
            }
        }
        Ok(())
    }
}

/// A synthetic layer, and how many samples a call computes. It prints as `sparse80:87x233` or `dense:16@3x3 of 16x32x32, padding 1`.
#[derive(Clone, Copy, Debug)]
pub struct PlanCase {
    layer: SyntheticLayer,
    convolution: Option<Convolution>,
    /// Samples of a call.
    pub batch: usize,
}

/// A form of a layer that a plan may take.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// What computes it, in a few words.
    pub kernel: String,
    /// Nanoseconds per sample, a median.
    pub ns: f64,
}

/// The candidates of a case, that of the plan first.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanCheck(Vec<Candidate>);

impl PlanCheck {
    /// Every candidate, that of the plan first.
    #[must_use]
    pub fn candidates(&self) -> &[Candidate] {
        &self.0
    }

    /// What the plan takes.
    #[must_use]
    pub fn pick(&self) -> &Candidate {
        &self.0[0]
    }

    /// The fastest.
    #[must_use]
    pub fn best(&self) -> &Candidate {
        self.0.iter().min_by(|a, b| a.ns.total_cmp(&b.ns)).unwrap_or(self.pick())
    }

    /// How much longer the plan's form takes than the fastest, in percent of the fastest.
    #[must_use]
    pub fn loss_percent(&self) -> f64 {
        100.0 * (self.pick().ns / self.best().ns - 1.0)
    }
}

impl fmt::Display for PlanCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.convolution {
            Some(convolution) => write!(f, "{}:{convolution}", self.layer.kind()),
            None => self.layer.fmt(f),
        }
    }
}

impl PlanCase {
    /// Every case: linear layers of all kinds, then convolutions.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for (kind, encoding, _) in KINDS {
            for [rows, cols] in SHAPES.into_iter().filter(|[rows, cols]| encoding.level_count() <= rows * cols) {
                let layer = SyntheticLayer::new(kind, rows, cols);
                all.extend(BATCHES.map(|batch| Self { layer, convolution: None, batch }));
            }
        }
        for kind in CONVOLUTION_KINDS {
            all.extend(CONVOLUTIONS.map(|convolution| {
                let layer = SyntheticLayer::new(kind, convolution.maps, convolution.cols());
                Self { layer, convolution: Some(convolution), batch: 1 }
            }));
        }
        all
    }

    fn model(&self) -> Result<Model> {
        let Some(Convolution { input: [channels, height, width], window, groups, .. }) = self.convolution else {
            return self.layer.model();
        };
        let op = |linear| Op::Conv2d(Conv2d { linear, window, groups });
        self.layer.within(Shape::Image { channels, height, width }, op)
    }

    /// Times every candidate on the kernels of `isa`.
    ///
    /// # Errors
    /// `isa` when this processor lacks it; `limit`, `no_memory`.
    pub fn check(&self, isa: Isa, budget: &Budget) -> Result<PlanCheck> {
        let (model, kernels) = (self.model()?, Kernels::of(isa)?);
        let [cost, stored, prepared] =
            [Preference::Cost, Preference::Stored, Preference::Prepared].map(|preference| Kernels { preference, ..kernels });
        let im2col = Kernels { direct: None, ..prepared };
        let networks = [cost, stored, prepared, im2col].map(|kernels| Network::new(model.clone(), &kernels, self.batch));
        let networks = networks.into_iter().collect::<Result<Vec<_>>>()?;
        let input = half_zeros(model.graph().input().shape.elements() * SAMPLES.next_multiple_of(self.batch));
        let mut forms: Vec<(String, Part<'_>)> = Vec::new();
        for network in &networks {
            let form = network.form();
            if forms.iter().all(|(other, _)| *other != form) {
                forms.extend(network.parts(Input::F32(&input))?.pop().map(|part| (form, part)));
            }
        }
        let mut calls: Vec<&mut dyn FnMut()> = forms.iter_mut().map(|(_, part)| &mut *part.call as &mut dyn FnMut()).collect();
        let timings = interleaved(&mut calls, budget);
        let ns = timings.into_iter().map(|timing| timing.divided_by(self.batch).median_ns);
        Ok(PlanCheck(forms.into_iter().zip(ns).map(|((kernel, _), ns)| Candidate { kernel, ns }).collect()))
    }
}

/// Made-up activations; one of each two neighbours is zero.
fn half_zeros(len: usize) -> Vec<f32> {
    let mut random = Random(2);
    let pairs = (0..len.div_ceil(2)).flat_map(|_| {
        let value = (random.below(1 << 20) as f32 + 1.0) / (1 << 20) as f32;
        if random.below(2) == 0 { [0.0, value] } else { [value, 0.0] }
    });
    pairs.take(len).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::time::Duration;

    #[test]
    fn every_case_is_a_layer_of_its_own() {
        let all = PlanCase::all();
        let names: BTreeSet<String> = all.iter().map(|case| format!("{case}, batch {}", case.batch)).collect();
        assert_eq!(names.len(), all.len());
        assert!(names.contains("dense:16@3x3 of 16x32x32, padding 1, batch 1") && names.contains("sparse80:87x233, batch 16"));
        for case in all.iter().filter(|case| case.layer.kind() != "dense") {
            let model = case.model().unwrap();
            assert_eq!(model.layers().len(), 1, "{case}");
        }
    }

    #[test]
    fn the_forms_of_a_layer_are_forced() {
        let budget = Budget { rounds: 1, time: Duration::ZERO };
        for (name, least) in
            [("codebook32:16x100", 2), ("sparse95:64x64", 2), ("dense:20@5x5 of 1x28x28", 3), ("ternary:64x64", 1)]
        {
            let case = PlanCase::all().into_iter().find(|case| case.to_string() == name).unwrap();
            let check = case.check(Isa::best(), &budget).unwrap();
            let kernels: BTreeSet<&str> = check.candidates().iter().map(|candidate| &*candidate.kernel).collect();
            let least = if Isa::best() == Isa::Scalar { 1 } else { least };
            assert!(kernels.len() == check.candidates().len() && kernels.len() >= least, "{name}: {kernels:?}");
            assert!(check.candidates().iter().all(|candidate| candidate.ns > 0.0) && check.loss_percent() >= 0.0);
        }
    }

    #[test]
    fn the_loss_is_a_share_of_the_fastest() {
        let candidate = |kernel: &str, ns| Candidate { kernel: kernel.to_owned(), ns };
        let check = PlanCheck(vec![candidate("a", 30.0), candidate("b", 40.0), candidate("c", 24.0)]);
        assert_eq!((&*check.pick().kernel, &*check.best().kernel, check.loss_percent()), ("a", "c", 25.0));
    }

    #[test]
    fn half_of_the_activations_are_zero() {
        let x = half_zeros(2001);
        assert!(x.chunks_exact(2).all(|pair| (pair[0] == 0.0) != (pair[1] == 0.0)));
        assert!([0, 1].iter().all(|i| x.iter().skip(*i).step_by(2).filter(|x| **x == 0.0).count().abs_diff(500) < 100));
    }
}
