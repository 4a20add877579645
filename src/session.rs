//! A session: one model, one plan, and the memory to run it. Nothing is allocated after it is made.

use crate::base::align::AlignedVec;
use crate::base::error::{Error, ErrorKind, Result};
pub use crate::exec::Input;
use crate::exec::Memory;
use crate::kernels::{Isa, Kernels};
use crate::model::Model;
use crate::plan::Plan;

/// How a session is made.
#[derive(Clone, Copy, Debug)]
pub struct SessionOptions {
    /// Samples that are computed together, at least 1. More share the work of decoding weights and need more memory; the
    /// results are the same bits.
    pub batch: usize,
    /// The instruction set; `None` takes the one that `CURT_ISA` names, otherwise the best of this processor.
    pub isa: Option<Isa>,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self { batch: 1, isa: None }
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
}

impl Session {
    /// Plans and allocates everything that running needs. Errors: `isa`, `limit`, `no_memory`, `input` for a batch of 0.
    pub fn new(model: &Model, options: &SessionOptions) -> Result<Self> {
        if options.batch == 0 {
            return Err(Error::new(ErrorKind::Input, "a batch has at least one sample"));
        }
        let isa = options.isa.map_or_else(Isa::from_env, Ok)?;
        let plan = Plan::new(model, &Kernels::of(isa)?, options.batch)?;
        let arena = AlignedVec::zeroed(plan.arena_len)?;
        let scratch = AlignedVec::zeroed(plan.scratch_len)?;
        let patches = AlignedVec::zeroed(plan.patches_len)?;
        Ok(Self { model: model.clone(), plan, arena, scratch, patches, batch: options.batch })
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

    /// Bytes of weights that the plan holds in another layout than the file's.
    #[must_use]
    pub fn prepared_bytes(&self) -> usize {
        self.plan.prepared_bytes()
    }

    /// Elements of one sample of the input.
    #[must_use]
    pub fn input_len(&self) -> usize {
        self.plan.converter.inputs()
    }

    /// Elements of one sample of the output.
    #[must_use]
    pub fn output_len(&self) -> usize {
        self.plan.output.elements
    }

    /// Runs any whole number of samples: `input` holds `n * input_len()` elements, `output` receives `n * output_len()`.
    /// Allocates nothing and makes no system call.
    ///
    /// A NaN in the output (from infinities that cancelled) is the quiet NaN 0x7FC00000 on every machine.
    ///
    /// Errors: `input` when the type or the lengths do not fit the model, or an f32 input is not finite; the output is untouched then.
    pub fn run<'a>(&mut self, input: impl Into<Input<'a>>, output: &mut [f32]) -> Result<()> {
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

    fn check(&self, input: Input<'_>, output: &[f32]) -> Result<usize> {
        let refuse = |message: String| Err(Error::new(ErrorKind::Input, message));
        let spec = self.model.graph().input();
        if input.dtype() != spec.dtype {
            return refuse(format!("the model reads {}, not {}", spec.dtype.name(), input.dtype().name()));
        }
        if !input.elements().is_multiple_of(self.input_len()) {
            return refuse(format!(
                "the model reads samples of {} ({} elements); {} elements are no whole number of them",
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
        let mut memory = Memory {
            arena: &mut self.arena,
            scratch: &mut self.scratch,
            patches: &mut self.patches,
            prepared: &self.plan.prepared,
        };
        for step in &self.plan.steps {
            step.run(&self.model, count, &mut memory);
        }
        let slot = &self.plan.output;
        let values = self.arena[slot.start..].chunks_exact(slot.stride);
        for (out, value) in output.chunks_exact_mut(slot.elements).zip(values) {
            for (out, &x) in out.iter_mut().zip(value) {
                *out = if x.is_nan() { f32::from_bits(0x7FC0_0000) } else { x };
            }
        }
    }
}

const _: () = {
    const fn movable<T: Send>() {}
    movable::<Session>();
};
