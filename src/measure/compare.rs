//! A model beside its dense twins: checked to agree, then timed in turn.

use super::reference::Reference;
use super::timing::{Budget, Timing, interleaved};
use super::twins;
use crate::base::error::Result;
use crate::exec::Input;
use crate::model::Model;
use crate::session::{Session, SessionOptions};

/// Samples whose outputs are compared with the reference.
pub const CHECKED_SAMPLES: usize = 64;

/// Sessions of a model and its twins with the same options.
#[derive(Debug)]
pub struct Comparison {
    model: Model,
    compressed: Session,
    shrunk: Session,
    original: Option<Session>,
    note: Option<String>,
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

impl Comparison {
    /// Builds the twins.
    ///
    /// # Errors
    /// Those of [`twins::shrunk`] and of [`Session::new`].
    pub fn new(model: &Model, options: &SessionOptions) -> Result<Self> {
        let compressed = Session::with_options(model, options)?;
        let options = options.isa(compressed.isa());
        let shrunk = Session::with_options(&twins::shrunk(model)?, &options)?;
        let original =
            twins::original(model).and_then(|twin| twin.map(|twin| Session::with_options(&twin, &options)).transpose());
        let (original, note) = match original {
            Ok(Some(session)) => (Some(session), None),
            Ok(None) => (None, Some("the file does not say what the original network was".to_owned())),
            Err(error) => (None, Some(format!("the original network cannot be rebuilt: {error}"))),
        };
        Ok(Self { model: model.clone(), compressed, shrunk, original, note })
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

    /// Compares the outputs of all networks with the f64 reference, for the first [`CHECKED_SAMPLES`] samples of `input`.
    ///
    /// An original twin that disagrees is dropped: the masks in the file contradict each other. They influence no result of the model.
    ///
    /// # Errors
    /// `input`; `internal` when the model or its shrunk twin is outside the bound.
    pub fn check(&mut self, input: Input<'_>) -> Result<()> {
        let len = self.compressed.input_len();
        let count = CHECKED_SAMPLES.min(input.elements() / len);
        let input = input.samples(0, count, len);
        let reference = Reference::new(&self.model);
        let expected: Vec<_> = (0..count).map(|i| reference.run(input.samples(i, 1, len))).collect();
        let check = |session: &mut Session| -> Result<()> {
            let outputs = session.output_len();
            let mut output = vec![0.0; count * outputs];
            session.run(input, &mut output)?;
            output.chunks_exact(outputs).zip(&expected).try_for_each(|(output, expected)| expected.check(output))
        };
        check(&mut self.compressed).map_err(|error| error.context("the model"))?;
        check(&mut self.shrunk).map_err(|error| error.context("its shrunk dense twin"))?;
        if let Some(Err(error)) = self.original.as_mut().map(check) {
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
        self.time_beside(&mut [], input, batch, budget).map(|(times, _)| times)
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
        self.check(input)?;
        let len = self.compressed.input_len();
        let samples = input.elements() / len;
        let batch = batch.clamp(1, samples.max(1));
        for other in others.iter_mut() {
            let mut output = vec![0.0; batch * other.output_len()];
            other.run(input.samples(0, batch, len), &mut output)?;
        }
        let has_original = self.original.is_some();
        let own = [Some(&mut self.compressed), Some(&mut self.shrunk), self.original.as_mut()].into_iter().flatten();
        let mut calls: Vec<_> = own.chain(others).map(|session| caller(session, input, samples, batch)).collect();
        let mut contestants: Vec<&mut dyn FnMut()> = calls.iter_mut().map(|call| call as &mut dyn FnMut()).collect();
        let mut timings = interleaved(&mut contestants, budget).into_iter().map(|timing| timing.divided_by(batch));
        let mut next = || timings.next().expect("invariant: a timing for each contestant");
        let times = NetworkTimes { compressed: next(), shrunk: next(), original: has_original.then(next) };
        Ok((times, timings.collect()))
    }
}

/// A call that runs the next `batch` samples.
fn caller<'a>(session: &'a mut Session, input: Input<'a>, samples: usize, batch: usize) -> impl FnMut() + 'a {
    let len = session.input_len();
    let mut output = vec![0.0; batch * session.output_len()];
    let mut next = 0;
    move || {
        if next + batch > samples {
            next = 0;
        }
        let result = session.run(input.samples(next, batch, len), &mut output);
        result.expect("invariant: the same samples ran when they were checked");
        std::hint::black_box(&mut output);
        next += batch;
    }
}
