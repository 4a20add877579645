//! The parts of a network, each timed on its own: the conversion of the input, and every step of the plan.
//!
//! A step is repeated on copies of the values that really reach it, for samples spread over the input, because a kernel may skip activations
//! of zero. A step that works in place writes elsewhere here, so that every repetition finds the same values. All parts and the
//! whole networks take turns, so that the times of the parts add up to about the whole.

use super::compare::{Comparison, NetworkTimes, caller};
use super::timing::{Budget, Timing};
use crate::base::align::AlignedVec;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::memory::MemoryBudget;
use crate::exec::{Call, Input, LayerWork, Memory, Slot, Step};
use crate::kernels::Kernels;
use crate::model::Model;
use crate::plan::Plan;
use crate::session::Session;

/// The most samples whose values a step is repeated on.
const MOST_COPIES: usize = 64;
/// Bytes of the copies: a first-level cache holds them, as it holds what the step before has written.
const COPIES_BYTES: usize = 32 << 10;

/// Nanoseconds per sample of a part of the model, and of the same part of its shrunk dense twin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PartTime {
    /// The model.
    pub ns: f64,
    /// Its twin.
    pub shrunk_ns: f64,
}

/// A layer: the whole step that computes it.
#[derive(Clone, Debug)]
pub struct LayerTimes {
    /// What the step of the model does.
    pub work: LayerWork,
    /// Bytes of weights that a call reads, for these samples.
    pub read_bytes: f64,
    /// Multiply-adds of a sample with weights that are not zero, and with activations that are not skipped.
    pub multiply_adds: f64,
    /// How long it takes.
    pub time: PartTime,
}

/// The times of a network and of its parts.
#[derive(Clone, Debug)]
pub struct Times {
    /// Whole networks.
    pub whole: NetworkTimes,
    /// The model on inputs without a zero.
    pub worst: Timing,
    /// The conversion of the input.
    pub input: PartTime,
    /// The layers, in the order of [`Model::layers`].
    pub layers: Vec<LayerTimes>,
    /// All other operators that have a step of their own.
    pub others: PartTime,
}

impl Times {
    /// The sum of the parts.
    #[must_use]
    pub fn sum(&self) -> PartTime {
        let layers = self.layers.iter().map(|layer| layer.time);
        [self.input, self.others].into_iter().chain(layers).fold(PartTime::default(), PartTime::plus)
    }
}

impl PartTime {
    fn plus(self, other: Self) -> Self {
        Self { ns: self.ns + other.ns, shrunk_ns: self.shrunk_ns + other.shrunk_ns }
    }
}

/// Times a model, its twins and their parts on `typical`, and the whole model on `worst` too; `batch` samples per call, for which the
/// comparison was made. Figures are for one sample.
///
/// # Errors
/// Those of [`Comparison::time`]; `input` for fewer than `batch` samples.
pub fn time_parts(comparison: &mut Comparison, [typical, worst]: [Input<'_>; 2], batch: usize, budget: &Budget) -> Result<Times> {
    let (isa, len) = (comparison.session().isa(), comparison.session().input_len());
    if typical.elements() / len < batch {
        return Err(Error::new(ErrorKind::Input, format!("a call takes {batch} samples; there are fewer")));
    }
    let [model, twin] = comparison.models();
    let mut session = Session::with_options(&model, comparison.options())?;
    let mut worst = caller(&mut session, worst, batch)?;
    let kernels = Kernels::of(isa)?;
    let (model, twin) = (Network::new(model, &kernels, batch)?, Network::new(twin, &kernels, batch)?);
    let (mut parts, mut twin_parts) = (model.parts(typical)?, twin.parts(typical)?);
    let calls = parts.iter_mut().chain(&mut twin_parts).map(|part| &mut *part.call as &mut dyn FnMut());
    let mut calls: Vec<&mut dyn FnMut()> = std::iter::once(&mut worst as &mut dyn FnMut()).chain(calls).collect();
    let (whole, timings) = comparison.time_with(&mut calls, typical, batch, budget)?;
    let ns: Vec<f64> = timings[1..].iter().map(|timing| timing.median_ns).collect();
    let (ns, twin_ns) = ns.split_at(parts.len());
    let others = |parts: &[Part<'_>], ns: &[f64]| -> f64 {
        parts.iter().zip(ns).skip(1).filter(|(part, _)| part.work.is_none()).fold(0.0, |sum, (_, ns)| sum + ns)
    };
    let layers = parts.iter().zip(ns).filter_map(|(part, &ns)| {
        let work = part.work.clone()?;
        // A layer has one step in either plan, whatever other operators that step absorbs.
        let is_twin = |twin: &&Part<'_>| twin.work.as_ref().is_some_and(|twin| twin.layer == work.layer);
        let (_, &shrunk_ns) = twin_parts.iter().zip(twin_ns).find(|(twin, _)| is_twin(twin))?;
        let used = if work.skips_zeros { part.active } else { 1.0 };
        let multiply_adds = used * multiply_adds(&model.model, work.layer);
        let time = PartTime { ns, shrunk_ns };
        Some(LayerTimes { read_bytes: used * work.read_bytes as f64, multiply_adds, time, work })
    });
    Ok(Times {
        layers: layers.collect(),
        input: PartTime { ns: ns[0], shrunk_ns: twin_ns[0] },
        others: PartTime { ns: others(&parts, ns), shrunk_ns: others(&twin_parts, twin_ns) },
        worst: timings[0],
        whole,
    })
}

/// Multiply-adds of a sample with weights that are not zero.
fn multiply_adds(model: &Model, index: usize) -> f64 {
    let layer = &model.layers()[index];
    let positions = model.graph().shape(layer.node + 1).elements() / layer.linear.rows.max(1);
    let weights = model.weights(index).decode();
    (positions * weights.iter().filter(|&&weight| weight != 0.0).count()) as f64
}

/// A model and its plan.
pub(super) struct Network {
    model: Model,
    plan: Plan,
    batch: usize,
}

/// What is timed.
pub(super) struct Part<'a> {
    /// For a step that computes a layer.
    work: Option<LayerWork>,
    /// The share of activations that are not zero in what it reads.
    active: f64,
    pub(super) call: Box<dyn FnMut() + 'a>,
}

impl Network {
    pub(super) fn new(model: Model, kernels: &Kernels, batch: usize) -> Result<Self> {
        let mut memory = MemoryBudget::new(model.limits().memory_bytes);
        let plan = Plan::new(&model, kernels, batch, &mut memory)?;
        Ok(Self { model, plan, batch })
    }

    /// What the last step does, in a few words.
    pub(super) fn form(&self) -> String {
        let work = self.plan.steps.last().and_then(|step| step.action.layer_work(&self.model, self.batch));
        work.map(|work| work.kernel).unwrap_or_default()
    }

    /// The conversion of the input, then every step.
    pub(super) fn parts<'a>(&'a self, input: Input<'a>) -> Result<Vec<Part<'a>>> {
        let mut parts = vec![self.conversion(input)?];
        for (step, copies) in self.plan.steps.iter().zip(self.copies(input)?) {
            parts.push(self.repeated(step, copies)?);
        }
        Ok(parts)
    }

    fn conversion<'a>(&'a self, input: Input<'a>) -> Result<Part<'a>> {
        let (batch, len) = (self.batch, self.plan.converter.inputs());
        let slot = Slot { start: 0, ..self.plan.input };
        let mut values = AlignedVec::zeroed(slot.floats(batch))?;
        let mut next = 0;
        let call = move || {
            if (next + batch) * len > input.elements() {
                next = 0;
            }
            self.plan.converter.run(input.samples(next, batch, len), &mut values, &slot);
            std::hint::black_box(&mut values);
            next += batch;
        };
        Ok(Part { work: None, active: 1.0, call: Box::new(call) })
    }

    /// The step on each of the copies in turn.
    fn repeated<'a>(&'a self, step: &'a Step, mut copies: Vec<AlignedVec<f32>>) -> Result<Part<'a>> {
        let (from, to) = self.moved(step);
        let active = active(&copies, &from[0], self.batch);
        let (mut scratch, mut patches) = (AlignedVec::zeroed(self.plan.scratch_len)?, AlignedVec::zeroed(self.plan.patches_len)?);
        let mut next = 0;
        let call = move || {
            let memory = Memory { arena: &mut copies[next], scratch: &mut scratch, patches: &mut patches };
            step.action.run(&mut Call { model: &self.model, from: &from, to: &to, batch: self.batch, memory });
            std::hint::black_box(&mut copies[next]);
            next = (next + 1) % copies.len();
        };
        Ok(Part { work: step.action.layer_work(&self.model, self.batch), active, call: Box::new(call) })
    }

    /// The slots of a step in a copy: what it reads, then what it writes.
    fn moved(&self, step: &Step) -> (Vec<Slot>, Slot) {
        let mut end = 0;
        let mut place = |slot: &Slot| {
            let start = end;
            end += slot.floats(self.batch);
            Slot { start, ..*slot }
        };
        (step.from.iter().map(&mut place).collect(), place(&step.to))
    }

    /// For each step, copies of what it reads, for samples that are spread over the input.
    fn copies(&self, input: Input<'_>) -> Result<Vec<Vec<AlignedVec<f32>>>> {
        let (plan, batch, len) = (&self.plan, self.batch, self.plan.converter.inputs());
        let (mut arena, mut scratch) = (AlignedVec::zeroed(plan.arena_len)?, AlignedVec::zeroed(plan.scratch_len)?);
        let mut patches = AlignedVec::zeroed(plan.patches_len)?;
        let mut all: Vec<Vec<AlignedVec<f32>>> = plan.steps.iter().map(|_| Vec::new()).collect();
        let batches = input.elements() / len / batch;
        let runs = MOST_COPIES.min(batches);
        for run in 0..runs {
            let samples = input.samples(run * batches / runs * batch, batch, len);
            plan.converter.run(samples, &mut arena, &plan.input);
            for (step, copies) in plan.steps.iter().zip(&mut all) {
                let (from, to) = self.moved(step);
                let floats = to.start + to.floats(batch);
                let most = (COPIES_BYTES / (4 * floats)).max(2);
                if run % runs.div_ceil(most) == 0 {
                    let mut copy = AlignedVec::zeroed(floats)?;
                    for (slot, moved) in step.from.iter().zip(&from) {
                        let value = &arena[slot.start..][..slot.floats(batch)];
                        copy[moved.start..][..value.len()].copy_from_slice(value);
                    }
                    copies.push(copy);
                }
                let memory = Memory { arena: &mut arena, scratch: &mut scratch, patches: &mut patches };
                step.run(&self.model, batch, memory);
            }
        }
        Ok(all)
    }
}

/// The share of elements of `slot` that are not zero.
fn active(copies: &[AlignedVec<f32>], slot: &Slot, batch: usize) -> f64 {
    let samples = copies.iter().flat_map(|copy| copy[slot.start..][..slot.floats(batch)].chunks_exact(slot.stride));
    let elements: Vec<f32> = samples.flat_map(|sample| &sample[..slot.elements]).copied().collect();
    elements.iter().filter(|&&x| x != 0.0).count() as f64 / elements.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Isa;
    use crate::measure::twins;
    use crate::session::SessionOptions;
    use std::time::Duration;

    fn model(name: &str) -> Model {
        Model::open(format!("{}/models/{name}.curt", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    #[test]
    fn every_layer_of_a_model_and_its_twin_is_timed_once() {
        for (name, batch) in [("lenet-300-100-gnj", 3), ("lenet-5-caffe-ghs", 1)] {
            let model = model(name);
            let mut comparison = Comparison::new(&model, &SessionOptions::new().batch(batch)).unwrap();
            let bytes: Vec<u8> = (0..9 * 784).map(|i| (i % 255) as u8).collect();
            let budget = Budget { rounds: 1, time: Duration::ZERO };
            let times = time_parts(&mut comparison, [Input::U8(&bytes); 2], batch, &budget).unwrap();
            let layers: Vec<usize> = times.layers.iter().map(|layer| layer.work.layer).collect();
            assert_eq!(layers, (0..model.layers().len()).collect::<Vec<_>>(), "{name}");
            let sum = times.input.ns + times.others.ns + times.layers.iter().map(|layer| layer.time.ns).sum::<f64>();
            assert!((times.sum().ns - sum).abs() < 1e-6 * sum);
            for layer in &times.layers {
                assert!(layer.time.ns > 0.0 && layer.time.shrunk_ns > 0.0 && layer.multiply_adds > 0.0, "{name}");
                assert!(layer.read_bytes > 0.0 && layer.read_bytes <= layer.work.read_bytes as f64, "{layer:?}");
                assert!(!layer.work.kernel.starts_with("direct") || !layer.work.skips_zeros, "{layer:?}");
            }
        }
    }

    /// A step on its copies computes what it computes within a run.
    #[test]
    fn a_repeated_step_writes_what_a_session_writes() {
        let model = model("lenet-5-caffe-ghs");
        let bytes: Vec<u8> = (0..784).map(|i| (i * 7 % 256) as u8).collect();
        let network = Network::new(model.clone(), &Kernels::of(Isa::best()).unwrap(), 1).unwrap();
        let mut copies = network.copies(Input::U8(&bytes)).unwrap();
        let step = network.plan.steps.last().unwrap();
        let (from, to) = network.moved(step);
        let copy = &mut copies.last_mut().unwrap()[0];
        let mut scratch = AlignedVec::zeroed(network.plan.scratch_len).unwrap();
        for _ in 0..3 {
            let memory = Memory { arena: copy, scratch: &mut scratch, patches: &mut [] };
            step.action.run(&mut Call { model: &model, from: &from, to: &to, batch: 1, memory });
            let expected = Session::new(&model).unwrap().run_to_vec(&bytes).unwrap();
            assert_eq!(copy[to.start..][..to.elements], expected[..]);
        }
    }

    #[test]
    fn the_twins_that_are_timed_multiply_every_weight() {
        let model = model("lenet-5-relu-rate-1");
        let mut comparison = Comparison::new(&model, &SessionOptions::new()).unwrap();
        let twin = comparison.models()[1].clone();
        let shrunk = twins::shrunk(&model).unwrap();
        for i in 0..model.layers().len() {
            let (full, plain) = (twin.weights(i).decode(), shrunk.weights(i).decode());
            assert!(full.iter().all(|&weight| weight != 0.0) && plain.contains(&0.0), "layer {i}");
            let as_it_was = full.iter().zip(&plain).all(|(full, plain)| full == plain || (*plain == 0.0 && full.abs() < 1e-15));
            assert!(as_it_was, "layer {i}");
        }
        comparison.check(Input::U8(&[9; 2 * 784])).unwrap();
        assert_eq!(comparison.note(), None);
    }
}
