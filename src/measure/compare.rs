//! A model beside its dense twins: checked to agree, then timed in turn.

use super::bounded::Bounded;
use super::reference::Reference;
use super::timing::{Budget, Timing, interleaved};
use super::twins;
use crate::base::error::Result;
use crate::exec::Input;
use crate::model::Model;
use crate::session::{Session, SessionOptions};

/// Samples whose outputs are compared with the reference.
pub const CHECKED_SAMPLES: usize = 16;

/// Sessions of a model and its twins with the same options.
#[derive(Debug)]
pub struct Comparison {
    options: SessionOptions,
    compressed: Session,
    shrunk: Twin,
    original: Option<Twin>,
    note: Option<String>,
}

/// A dense twin, and a session of it [without zeros](twins::without_zeros), which is timed.
#[derive(Debug)]
struct Twin {
    model: Model,
    timed: Session,
}

/// Nanoseconds per sample of each network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NetworkTimes {
    /// The model itself.
    pub compressed: Timing,
    /// Its shrunk dense twin.
    pub shrunk: Timing,
    /// Its original dense twin.
    pub original: Option<Timing>,
}

impl Twin {
    fn new(model: Model, options: &SessionOptions) -> Result<Self> {
        let timed = Session::with_options(&twins::without_zeros(&model)?, options)?;
        Ok(Self { model, timed })
    }

    /// Checks that the twin agrees with its model, whose outputs are `expected`, and that what is timed computes what it should.
    fn check(&mut self, input: Input<'_>, expected: &[Bounded], options: &SessionOptions) -> Result<()> {
        check(&mut Session::with_options(&self.model, options)?, input, expected)?;
        let own = outputs(self.timed.model(), input)?;
        check(&mut self.timed, input, &own)
    }
}

/// What `model` computes for every sample of `input`, by the f64 reference.
fn outputs(model: &Model, input: Input<'_>) -> Result<Vec<Bounded>> {
    let (reference, len) = (Reference::new(model)?, model.graph().input().shape.elements());
    Ok((0..input.elements() / len).map(|i| reference.run(input.samples(i, 1, len))).collect())
}

fn check(session: &mut Session, input: Input<'_>, expected: &[Bounded]) -> Result<()> {
    let output = session.run_to_vec(input)?;
    output.chunks_exact(session.output_len()).zip(expected).try_for_each(|(output, expected)| expected.check(output))
}

impl Comparison {
    /// Builds the twins.
    ///
    /// # Errors
    /// Those of [`twins::shrunk`] and of [`Session::new`].
    pub fn new(model: &Model, options: &SessionOptions) -> Result<Self> {
        let compressed = Session::with_options(model, options)?;
        let options = options.isa(compressed.isa());
        let shrunk = Twin::new(twins::shrunk(model)?, &options)?;
        let original = twins::original(model).and_then(|twin| twin.map(|twin| Twin::new(twin, &options)).transpose());
        let (original, note) = match original {
            Ok(Some(twin)) => (Some(twin), None),
            Ok(None) => (None, Some("the file does not say what the original network was".to_owned())),
            Err(error) => (None, Some(format!("the original network cannot be rebuilt: {error}"))),
        };
        Ok(Self { options, compressed, shrunk, original, note })
    }

    /// Why there is no original twin, when there is none.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// The model's own session.
    pub fn session(&mut self) -> &mut Session {
        &mut self.compressed
    }

    /// The model, and the shrunk dense twin as it is timed.
    pub(super) fn models(&self) -> [Model; 2] {
        [self.compressed.model().clone(), self.shrunk.timed.model().clone()]
    }

    /// The options of every session.
    pub(super) fn options(&self) -> &SessionOptions {
        &self.options
    }

    /// Compares the outputs of the model and its twins with the f64 reference, for the first [`CHECKED_SAMPLES`] samples of `input`; and those
    /// of the twins that are timed, whose zeros are filled, with references of their own.
    ///
    /// An original twin that disagrees is dropped: the masks in the file contradict each other. They influence no result of the model.
    ///
    /// # Errors
    /// `input`; `internal` when the model or its shrunk twin is outside the bound.
    pub fn check(&mut self, input: Input<'_>) -> Result<()> {
        let len = self.compressed.input_len();
        let input = input.samples(0, CHECKED_SAMPLES.min(input.elements() / len), len);
        let expected = outputs(self.compressed.model(), input)?;
        check(&mut self.compressed, input, &expected).map_err(|error| error.context("the model"))?;
        let options = &self.options;
        self.shrunk.check(input, &expected, options).map_err(|error| error.context("its shrunk dense twin"))?;
        if let Some(Err(error)) = self.original.as_mut().map(|twin| twin.check(input, &expected, options)) {
            self.note = Some(format!("the original network is not the one that was compressed: {error}"));
            self.original = None;
        }
        Ok(())
    }

    /// Times all networks on `input`, `batch` samples per call; each call takes the next samples. Figures are for one sample.
    ///
    /// # Errors
    /// Those of [`Comparison::check`], which runs first; `input` when `input` holds no sample.
    pub fn time(&mut self, input: Input<'_>, batch: usize, budget: &Budget) -> Result<NetworkTimes> {
        self.time_with(&mut [], input, batch, budget).map(|(times, _)| times)
    }

    /// [`Comparison::time`], in turn with sessions of other models; their times are in the same order. These sessions read the same
    /// samples as the model and take `batch` of them.
    ///
    /// # Errors
    /// Those of [`Comparison::time`], and of a first run of the others.
    pub fn time_beside(
        &mut self,
        others: &mut [Session],
        input: Input<'_>,
        batch: usize,
        budget: &Budget,
    ) -> Result<(NetworkTimes, Vec<Timing>)> {
        let mut calls = others.iter_mut().map(|session| caller(session, input, batch)).collect::<Result<Vec<_>>>()?;
        let mut calls: Vec<&mut dyn FnMut()> = calls.iter_mut().map(|call| call as &mut dyn FnMut()).collect();
        self.time_with(&mut calls, input, batch, budget)
    }

    /// [`Comparison::time`], in turn with other calls for `batch` samples.
    pub(super) fn time_with(
        &mut self,
        others: &mut [&mut dyn FnMut()],
        input: Input<'_>,
        batch: usize,
        budget: &Budget,
    ) -> Result<(NetworkTimes, Vec<Timing>)> {
        self.check(input)?;
        let batch = batch_of(input, self.compressed.input_len(), batch);
        let has_original = self.original.is_some();
        let twins = [Some(&mut self.shrunk), self.original.as_mut()].into_iter().flatten().map(|twin| &mut twin.timed);
        let own = std::iter::once(&mut self.compressed).chain(twins);
        let mut calls = own.map(|session| caller(session, input, batch)).collect::<Result<Vec<_>>>()?;
        let own = calls.iter_mut().map(|call| call as &mut dyn FnMut());
        let others = others.iter_mut().map(|call| call as &mut dyn FnMut());
        let mut contestants: Vec<&mut dyn FnMut()> = own.chain(others).collect();
        let mut timings = interleaved(&mut contestants, budget).into_iter().map(|timing| timing.divided_by(batch));
        let mut next = || timings.next().expect("invariant: a timing for each contestant");
        let times = NetworkTimes { compressed: next(), shrunk: next(), original: has_original.then(next) };
        Ok((times, timings.collect()))
    }
}

/// The samples of a call: at most as many as there are.
fn batch_of(input: Input<'_>, len: usize, batch: usize) -> usize {
    batch.clamp(1, (input.elements() / len).max(1))
}

/// A call that runs the next `batch` samples.
///
/// # Errors
/// Those of a first run.
pub(super) fn caller<'a>(session: &'a mut Session, input: Input<'a>, batch: usize) -> Result<impl FnMut() + 'a> {
    let len = session.input_len();
    let samples = input.elements() / len;
    let batch = batch_of(input, len, batch);
    let mut output = vec![0.0; batch * session.output_len()];
    session.run(input.samples(0, batch.min(samples), len), &mut output)?;
    let mut next = 0;
    Ok(move || {
        if next + batch > samples {
            next = 0;
        }
        let result = session.run(input.samples(next, batch, len), &mut output);
        result.expect("invariant: samples of the same type and length have run before");
        std::hint::black_box(&mut output);
        next += batch;
    })
}
