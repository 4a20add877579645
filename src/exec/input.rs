//! Raw input to value 0, in one pass: gather, convert, scale, offset (`format-spec/arithmetic.md`, section 2).

use super::Slot;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::math::finite;
use crate::base::memory::MemoryBudget;
use crate::content::Tables;
use crate::graph::InputSpec;
use crate::kernels::{Run, ValueKernel};
use crate::tensor::{Dtype, Shape};

/// What a caller feeds: whole samples, one after the other, each in the order channel, row, column.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Bytes, for models whose input is `u8`.
    U8(&'a [u8]),
    /// Floats, for models whose input is `f32`. They must be finite.
    F32(&'a [f32]),
}

macro_rules! from {
    ($($variant:ident: $element:ty),+) => { $(
        impl<'a> From<&'a [$element]> for Input<'a> {
            fn from(elements: &'a [$element]) -> Self {
                Self::$variant(elements)
            }
        }

        impl<'a, const N: usize> From<&'a [$element; N]> for Input<'a> {
            fn from(elements: &'a [$element; N]) -> Self {
                Self::$variant(elements)
            }
        }

        impl<'a> From<&'a Vec<$element>> for Input<'a> {
            fn from(elements: &'a Vec<$element>) -> Self {
                Self::$variant(elements)
            }
        }
    )+ };
}

from!(U8: u8, F32: f32);

impl Input<'_> {
    /// Elements of all samples.
    #[must_use]
    pub fn elements(&self) -> usize {
        match self {
            Self::U8(bytes) => bytes.len(),
            Self::F32(floats) => floats.len(),
        }
    }

    /// The type of the elements.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        match self {
            Self::U8(_) => Dtype::U8,
            Self::F32(_) => Dtype::F32,
        }
    }

    /// The samples from `first`, `count` of them, of `len` elements each.
    pub(crate) fn samples(&self, first: usize, count: usize, len: usize) -> Self {
        match self {
            Self::U8(bytes) => Self::U8(&bytes[first * len..][..count * len]),
            Self::F32(floats) => Self::F32(&floats[first * len..][..count * len]),
        }
    }

    /// Checks floats.
    ///
    /// # Errors
    /// `input` when one is not finite.
    pub(crate) fn check_finite(&self) -> Result<()> {
        let Self::F32(floats) = self else { return Ok(()) };
        match floats.iter().position(|x| !x.is_finite()) {
            None => Ok(()),
            Some(at) => Err(Error::new(ErrorKind::Input, format!("input element {at} is {}; inputs are finite", floats[at]))),
        }
    }
}

/// The elements of the table that take as long as a vector of 8 bytes, measured on Zen 3.
const VECTOR_ELEMENTS: usize = 4;

/// The runs of the inputs kept; none if they are so short that a table is faster.
fn runs(kept: &[u32], memory: &mut MemoryBudget) -> Result<Vec<Run>> {
    let vectors = || kept.chunk_by(|a, b| a + 1 == *b).flat_map(|run| run.chunks(8));
    if vectors().count() * VECTOR_ELEMENTS > kept.len() {
        return Ok(Vec::new());
    }
    let mut to = 0;
    let run = |inputs: &[u32]| {
        let run = Run { from: inputs[0], to };
        to += inputs.len() as u32;
        run
    };
    memory.collect(vectors().count(), vectors().map(run), "the runs of the inputs that are kept")
}

/// How the elements of a sample become value 0.
#[derive(Debug)]
pub struct Converter {
    inputs: usize,
    /// The inputs kept, in ascending order; `None` keeps all.
    kept: Option<Vec<u32>>,
    /// Scale and offset of every element of value 0; one pair when all are equal.
    affine: Vec<(f32, f32)>,
    /// With one pair: the float of every byte.
    bytes: Option<[f32; 256]>,
    /// What converts bytes in vectors.
    values: Option<ValueKernel>,
    /// The inputs kept as runs, where vectors are faster than the table.
    runs: Vec<Run>,
}

impl Converter {
    /// The converter of a model's input.
    ///
    /// # Errors
    /// `limit`, `no_memory`.
    pub fn new(spec: InputSpec, tables: &Tables, values: Option<ValueKernel>, memory: &mut MemoryBudget) -> Result<Self> {
        const INPUTS: &str = "the inputs that are kept, their scales and offsets";
        let inputs = spec.shape.elements();
        let elements = spec.value_shape().elements();
        let index = |i| u32::try_from(i).expect("invariant: an input has at most 2^31 elements");
        let kept = tables.input_mask.as_ref().map(|mask| memory.collect(elements, mask.indices().map(index), INPUTS));
        let kept = kept.transpose()?;
        let pair = |channel: usize| (tables.input_scale[channel], tables.input_offset[channel]);
        let affine = match spec.shape {
            Shape::Image { channels, height, width } if channels > 1 => {
                let channel = |i: usize| pair(i / (height * width));
                match &kept {
                    Some(kept) => memory.collect(elements, kept.iter().map(|&i| channel(i as usize)), INPUTS)?,
                    None => memory.collect(elements, (0..inputs).map(channel), INPUTS)?,
                }
            }
            _ => memory.collect(1, std::iter::once(pair(0)), INPUTS)?,
        };
        let one = <[_; 1]>::try_from(&affine[..]).ok().filter(|_| spec.dtype == Dtype::U8);
        let bytes = one.map(|[(scale, offset)]| {
            let mut bytes = [0.0; 256];
            bytes.iter_mut().zip(0..=u8::MAX).for_each(|(x, byte)| *x = finite(f32::from(byte) * scale + offset));
            bytes
        });
        let runs = match &kept {
            Some(kept) if bytes.is_some() && values.is_some() => runs(kept, memory)?,
            _ => Vec::new(),
        };
        Ok(Self { inputs, kept, affine, bytes, values, runs })
    }

    /// Elements of one sample as the caller feeds them.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Writes value 0 of the samples of `input` to `slot` of `arena`.
    pub fn run(&self, input: Input<'_>, arena: &mut [f32], slot: &Slot) {
        match input {
            Input::U8(samples) => match &self.bytes {
                Some(bytes) => self.convert_bytes(bytes, samples, arena, slot),
                None => self.convert(samples, arena, slot, f32::from),
            },
            Input::F32(floats) => self.convert(floats, arena, slot, |x| x),
        }
    }

    /// Bytes that all have one scale and offset: in vectors if all are kept, otherwise by a table.
    fn convert_bytes(&self, table: &[f32; 256], samples: &[u8], arena: &mut [f32], slot: &Slot) {
        for (sample, out) in samples.chunks_exact(self.inputs).zip(arena[slot.start..].chunks_exact_mut(slot.stride)) {
            if let Some(values) = self.values.filter(|_| !self.runs.is_empty()) {
                values.scale_runs(&self.runs, sample, self.affine[0].0, self.affine[0].1, out);
                out[slot.elements..].fill(0.0);
                continue;
            }
            let (out, padding) = out.split_at_mut(slot.elements);
            match (&self.kept, self.values) {
                (Some(kept), _) => {
                    out.iter_mut().zip(kept).for_each(|(out, &i)| *out = table[usize::from(sample[i as usize])]);
                }
                (None, Some(values)) => values.scale(sample, self.affine[0].0, self.affine[0].1, out),
                (None, None) => out.iter_mut().zip(sample).for_each(|(out, &byte)| *out = table[usize::from(byte)]),
            }
            padding.fill(0.0);
        }
    }

    fn convert<T: Copy>(&self, samples: &[T], arena: &mut [f32], slot: &Slot, to_f32: impl Fn(T) -> f32) {
        for (sample, out) in samples.chunks_exact(self.inputs).zip(arena[slot.start..].chunks_exact_mut(slot.stride)) {
            let (out, padding) = out.split_at_mut(slot.elements);
            match &self.kept {
                Some(kept) => out.iter_mut().zip(kept).for_each(|(out, &i)| *out = to_f32(sample[i as usize])),
                None => out.iter_mut().zip(sample).for_each(|(out, &x)| *out = to_f32(x)),
            }
            match *self.affine {
                [(scale, offset)] => out.iter_mut().for_each(|x| *x = finite(*x * scale + offset)),
                _ => out.iter_mut().zip(&self.affine).for_each(|(x, (scale, offset))| *x = finite(*x * scale + offset)),
            }
            padding.fill(0.0);
        }
    }
}
