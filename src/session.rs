//! A session: a model, its plan, and the memory to run it. After it is made, nothing is allocated.

use crate::base::align::AlignedVec;
use crate::base::environment::Environment;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::memory::MemoryBudget;
pub use crate::exec::Input;
use crate::exec::Memory;
use crate::kernels::{Isa, Kernels};
use crate::model::Model;
use crate::plan::Plan;
use crate::tensor::Shape;

/// The options of a session: the batch size, the instruction set and the memory.
///
/// ```
/// use curt::{Isa, SessionOptions};
/// let options = SessionOptions::new().batch(8).isa(Isa::Scalar);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionOptions {
    /// Samples that are computed together, at least 1. A larger batch decodes weights less often and needs more memory; the results
    /// are the same bits.
    pub batch: usize,
    /// The instruction set. `None` takes the one that `CURT_ISA` names, otherwise the best of this processor.
    pub isa: Option<Isa>,
    /// The most bytes of memory that the session may take. `None` takes that of the limits that the model was opened with.
    pub memory_bytes: Option<u64>,
}

impl SessionOptions {
    /// One sample at a time, on the best instruction set of this processor.
    #[must_use]
    pub const fn new() -> Self {
        Self { batch: 1, isa: None, memory_bytes: None }
    }

    /// Computes `batch` samples together.
    #[must_use]
    pub const fn batch(mut self, batch: usize) -> Self {
        self.batch = batch;
        self
    }

    /// Runs on `isa` only.
    #[must_use]
    pub const fn isa(mut self, isa: Isa) -> Self {
        self.isa = Some(isa);
        self
    }

    /// Takes at most `bytes` of memory.
    #[must_use]
    pub const fn memory_bytes(mut self, bytes: u64) -> Self {
        self.memory_bytes = Some(bytes);
        self
    }
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs a model. It holds mutable memory: one session per thread, any number of them on one [`Model`].
#[derive(Debug)]
pub struct Session {
    model: Model,
    plan: Plan,
    arena: AlignedVec<f32>,
    scratch: AlignedVec<f32>,
    patches: AlignedVec<f32>,
    batch: usize,
    memory_bytes: u64,
}

impl Session {
    /// A session for one sample at a time, on the best instruction set of this processor or the one that `CURT_ISA` names.
    ///
    /// # Errors
    /// Those of [`Session::with_options`].
    pub fn new(model: &Model) -> Result<Self> {
        Self::with_options(model, &SessionOptions::new())
    }

    /// Plans the computation and allocates all memory that [`Session::run`] needs.
    ///
    /// # Errors
    /// `isa` when the processor lacks the instruction set, `limit` when the session needs more memory than it may take,
    /// `no_memory` when an allocation fails, `input` for a batch of 0.
    pub fn with_options(model: &Model, options: &SessionOptions) -> Result<Self> {
        let isa = options.isa.map_or_else(Isa::from_env, Ok)?;
        Self::with_kernels(model, &Kernels::of(isa)?, options)
    }

    /// [`Session::with_options`] on these kernels, whatever instruction set the options name.
    ///
    /// # Errors
    /// Those of [`Session::with_options`].
    #[doc(hidden)]
    pub fn with_kernels(model: &Model, kernels: &Kernels, options: &SessionOptions) -> Result<Self> {
        let _modes = Environment::set();
        if options.batch == 0 {
            return Err(Error::new(ErrorKind::Input, "a batch has at least one sample"));
        }
        let mut memory = MemoryBudget::new(options.memory_bytes.unwrap_or(model.limits().memory_bytes));
        let plan = Plan::new(model, kernels, options.batch, &mut memory)?;
        let arena = AlignedVec::zeroed(plan.arena_len)?; // charged by the plan
        let scratch = memory.zeroed(plan.scratch_len, "the scratch of a kernel")?;
        let patches = memory.zeroed(plan.patches_len, "the patches of a convolution")?;
        Ok(Self { model: model.clone(), plan, arena, scratch, patches, batch: options.batch, memory_bytes: memory.most() })
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The instruction set that runs it.
    #[must_use]
    pub fn isa(&self) -> Isa {
        self.plan.isa
    }

    /// The bytes of memory that making the session was charged for, of [`Limits::memory_bytes`](crate::Limits::memory_bytes). It has never held
    /// more; those of the model are not among them.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }

    /// The bytes of weights that the plan holds in another layout than that of the file.
    #[must_use]
    pub fn prepared_bytes(&self) -> usize {
        self.plan.prepared_bytes()
    }

    /// The number of elements of one sample of the input.
    #[must_use]
    pub fn input_len(&self) -> usize {
        self.plan.converter.inputs()
    }

    /// The number of elements of one sample of the output.
    #[must_use]
    pub fn output_len(&self) -> usize {
        self.plan.output.elements
    }

    /// The shape of one sample of the input.
    #[must_use]
    pub fn input_shape(&self) -> Shape {
        self.model.input_shape()
    }

    /// The shape of one sample of the output.
    #[must_use]
    pub fn output_shape(&self) -> Shape {
        self.model.output_shape()
    }

    /// Runs `n` samples: `input` holds `n * input_len()` elements, `output` receives `n * output_len()`.
    ///
    /// Allocates nothing and makes no system call. Every output is finite. A sum that overflows becomes the greatest number of its sign, or +0 if
    /// infinities cancel.
    ///
    /// # Errors
    /// `input` when the type or the lengths do not fit the model, or when an f32 input is not finite. The output does not change then.
    pub fn run<'a>(&mut self, input: impl Into<Input<'a>>, output: &mut [f32]) -> Result<()> {
        let _modes = Environment::set();
        let input = input.into();
        let samples = self.check(input, output)?;
        let (inputs, outputs) = (self.input_len(), self.output_len());
        let mut first = 0;
        while first < samples {
            let count = self.batch.min(samples - first);
            self.run_batch(input.samples(first, count, inputs), count, &mut output[first * outputs..][..count * outputs]);
            first += count;
        }
        Ok(())
    }

    /// [`Session::run`] into a new vector of `n * output_len()` elements.
    ///
    /// # Errors
    /// Those of [`Session::run`], and `no_memory`.
    pub fn run_to_vec<'a>(&mut self, input: impl Into<Input<'a>>) -> Result<Vec<f32>> {
        let input = input.into();
        let len = (input.elements() / self.input_len()).saturating_mul(self.output_len());
        let mut output = Vec::new();
        output.try_reserve_exact(len).map_err(|_| Error::NO_MEMORY)?;
        output.resize(len, 0.0);
        self.run(input, &mut output)?;
        Ok(output)
    }

    fn check(&self, input: Input<'_>, output: &[f32]) -> Result<usize> {
        let refuse = |message: String| Err(Error::new(ErrorKind::Input, message));
        let spec = self.model.graph().input();
        if input.dtype() != spec.dtype {
            return refuse(format!("the model reads {}, not {}", spec.dtype.name(), input.dtype().name()));
        }
        if !input.elements().is_multiple_of(self.input_len()) {
            return refuse(format!(
                "the model reads samples of {} ({} elements); {} elements are not a whole number of samples",
                spec.shape,
                self.input_len(),
                input.elements()
            ));
        }
        let samples = input.elements() / self.input_len();
        if output.len() != samples * self.output_len() {
            let needed = samples * self.output_len();
            return refuse(format!("{samples} samples make {needed} outputs, the buffer has room for {}", output.len()));
        }
        input.check_finite()?;
        Ok(samples)
    }

    fn run_batch(&mut self, input: Input<'_>, count: usize, output: &mut [f32]) {
        self.plan.converter.run(input, &mut self.arena, &self.plan.input);
        for step in &self.plan.steps {
            let memory = Memory { arena: &mut self.arena, scratch: &mut self.scratch, patches: &mut self.patches };
            step.run(&self.model, count, memory);
        }
        let slot = &self.plan.output;
        let values = self.arena[slot.start..].chunks_exact(slot.stride);
        for (out, value) in output.chunks_exact_mut(slot.elements).zip(values) {
            out.copy_from_slice(&value[..slot.elements]);
        }
    }
}

const _: () = {
    const fn movable<T: Send>() {}
    movable::<Session>();
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_slices_and_vectors_of_both_types_are_inputs() {
        let model = Model::open(concat!(env!("CARGO_MANIFEST_DIR"), "/models/lenet-300-100-gnj.curt")).unwrap();
        let mut session = Session::new(&model).unwrap();
        assert_eq!((session.input_shape().elements(), session.output_shape().elements()), (784, 10));
        let two = [7u8; 2 * 784];
        let outputs = session.run_to_vec(&two).unwrap();
        assert_eq!(outputs.len(), 20);
        assert_eq!(outputs, session.run_to_vec(&two[..]).unwrap());
        assert_eq!(outputs, session.run_to_vec(&two.to_vec()).unwrap());
        assert!(session.run_to_vec(&two[..0]).unwrap().is_empty());
        // The model reads bytes, so floats are refused; a part of a sample is refused too.
        let floats = [0.5f32; 784];
        let refused = [
            session.run_to_vec(&floats),
            session.run_to_vec(&floats[..]),
            session.run_to_vec(&floats.to_vec()),
            session.run_to_vec(&two[1..]),
        ];
        assert!(refused.into_iter().all(|result| result.unwrap_err().kind() == ErrorKind::Input));
    }
}
