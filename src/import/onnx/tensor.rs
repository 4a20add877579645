//! Constants: tensors of floats or integers, and their elements from the file or from one beside it.

use super::external::ExternalData;
use super::message::{self, TensorMessage};
use super::wire::{Field, Message};
use crate::base::checked::{at_most, to_u64};
use crate::base::error::{Error, ErrorKind, Result};
use crate::import::error::{damaged, unsupported};
use half::{bf16, f16};

/// The most elements of all constants of a file together, those computed from others included.
pub(super) const MAX_CONSTANT_ELEMENTS: u64 = 1 << 26;
/// The most dimensions.
pub(super) const MAX_RANK: usize = 8;

/// A constant, row-major.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tensor {
    pub(super) dims: Vec<usize>,
    pub(super) data: Data,
}

/// The elements: any float type as `f32`, any integer type as `i64`.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Data {
    Float(Vec<f32>),
    Integer(Vec<i64>),
}

impl Tensor {
    /// A list of integers.
    pub(super) fn integers(values: Vec<i64>) -> Self {
        Self { dims: vec![values.len()], data: Data::Integer(values) }
    }

    pub(super) fn len(&self) -> usize {
        match &self.data {
            Data::Float(values) => values.len(),
            Data::Integer(values) => values.len(),
        }
    }

    /// The elements as floats.
    #[allow(clippy::as_conversions)] // rounds to nearest
    pub(super) fn floats(&self) -> Vec<f32> {
        match &self.data {
            Data::Float(values) => values.clone(),
            Data::Integer(values) => values.iter().map(|&value| value as f32).collect(),
        }
    }

    /// The elements, if they are integers.
    pub(super) fn as_integers(&self) -> Option<&[i64]> {
        match &self.data {
            Data::Integer(values) => Some(values),
            Data::Float(_) => None,
        }
    }

    /// The only element.
    pub(super) fn scalar(&self) -> Option<f32> {
        match *self.floats().as_slice() {
            [value] => Some(value),
            _ => None,
        }
    }
}

/// The product of dimensions.
///
/// # Errors
/// `limit` above [`MAX_CONSTANT_ELEMENTS`].
pub(super) fn elements(dims: &[usize]) -> Result<usize> {
    if dims.len() > MAX_RANK {
        return Err(damaged(format!("a tensor has {} dimensions, at most {MAX_RANK} are read", dims.len())));
    }
    let product = dims.iter().fold(1u64, |product, &dim| product.saturating_mul(to_u64(dim)));
    at_most(product, MAX_CONSTANT_ELEMENTS, "the number of a tensor's elements")?;
    Ok(dims.iter().fold(1usize, |product, &dim| product.saturating_mul(dim)))
}

/// The element types that are read: number, name, bytes.
const TYPES: [(i64, &str, usize); 13] = [
    (1, "float", 4),
    (2, "uint8", 1),
    (3, "int8", 1),
    (4, "uint16", 2),
    (5, "int16", 2),
    (6, "int32", 4),
    (7, "int64", 8),
    (9, "bool", 1),
    (10, "float16", 2),
    (11, "double", 8),
    (12, "uint32", 4),
    (13, "uint64", 8),
    (16, "bfloat16", 2),
];

/// The name of an element type.
pub(super) fn type_name(number: i64) -> String {
    let known = TYPES.iter().find(|(own, ..)| *own == number);
    known.map_or_else(|| format!("type {number}"), |(_, name, ..)| (*name).to_owned())
}

impl TensorMessage<'_> {
    /// Decodes the elements.
    ///
    /// # Errors
    /// `import` when there are not as many as the dimensions say; `unsupported`, `limit`, `bounds`; those of `external`.
    pub(super) fn decode(&self, external: &mut ExternalData<'_>, budget: &mut Budget) -> Result<Tensor> {
        self.elements_of(external, budget).map_err(|error| error.context(format_args!("tensor {:?}", self.name)))
    }

    fn elements_of(&self, external: &mut ExternalData<'_>, budget: &mut Budget) -> Result<Tensor> {
        let dims: Option<Vec<usize>> = self.dims.iter().map(|&dim| usize::try_from(dim).ok()).collect();
        let dims = dims.ok_or_else(|| damaged(format!("the dimensions are {:?}", self.dims)))?;
        let count = elements(&dims)?;
        budget.charge(count)?;
        let Some(&(dtype, _, size)) = TYPES.iter().find(|(number, ..)| *number == self.dtype) else {
            let known: Vec<&str> = TYPES.iter().map(|(_, name, ..)| *name).collect();
            let message = format!("the elements are of {}; those read are {}", type_name(self.dtype), known.join(", "));
            return Err(unsupported(message));
        };
        let mut words = Vec::new();
        if self.is_external {
            return raw(dtype, dims, count, size, &external.bytes(&self.external, count, size)?);
        }
        let mut rest = self.body.clone().unwrap_or_else(|| Message::new(&[]));
        while let Some((number, field)) = rest.field()? {
            match number {
                9 => return raw(dtype, dims, count, size, field.message("elements")?.bytes()),
                4 => fixed(field, 4, &mut words, count)?,
                10 => fixed(field, 8, &mut words, count)?,
                5 | 7 | 11 => {
                    message::integers(field, "an element", &mut |value| push(&mut words, value.cast_unsigned(), count))?
                }
                _ => {}
            }
        }
        if words.len() != count {
            return Err(damaged(format!("{} elements for the dimensions {dims:?}", words.len())));
        }
        Ok(Tensor { dims, data: of_words(dtype, words.into_iter()) })
    }
}

fn push(words: &mut Vec<u64>, word: u64, count: usize) -> Result<()> {
    if words.len() >= count {
        return Err(damaged(format!("more elements than the {count} of the dimensions")));
    }
    words.push(word);
    Ok(())
}

/// Floats of `width` bytes, packed or one by one, as their bits.
fn fixed(field: Field<'_>, width: usize, words: &mut Vec<u64>, count: usize) -> Result<()> {
    let bytes = match &field {
        Field::Fixed32(bytes) => bytes,
        Field::Fixed64(bytes) => &bytes[..],
        Field::Varint(_) => return Err(damaged("an integer among floats")),
        Field::Bytes(packed) => packed.clone().bytes(),
    };
    let chunks = bytes.chunks_exact(width);
    if !chunks.remainder().is_empty() {
        return Err(damaged("packed floats that end within one"));
    }
    chunks.map(little_endian).try_for_each(|word| push(words, word, count))
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, &byte| word.wrapping_shl(8) | u64::from(byte))
}

/// The tensor of `raw_data`: elements one after the other, little-endian.
fn raw(dtype: i64, dims: Vec<usize>, count: usize, size: usize, bytes: &[u8]) -> Result<Tensor> {
    if count.checked_mul(size) != Some(bytes.len()) {
        return Err(damaged(format!("{} bytes for {count} elements of {size} bytes", bytes.len())));
    }
    Ok(Tensor { dims, data: of_words(dtype, bytes.chunks_exact(size).map(little_endian)) })
}

/// The numbers whose bits are the low ones of `words`.
#[allow(clippy::as_conversions)] // keep the low bits, their sign, or round to nearest
fn of_words(dtype: i64, words: impl Iterator<Item = u64>) -> Data {
    let float: fn(u64) -> f32 = match dtype {
        1 => |word| f32::from_bits(word as u32),
        10 => |word| f16::from_bits(word as u16).to_f32(),
        16 => |word| bf16::from_bits(word as u16).to_f32(),
        11 => |word| f64::from_bits(word) as f32,
        _ => {
            let integer: fn(u64) -> i64 = match dtype {
                3 => |word| i64::from(word as i8),
                5 => |word| i64::from(word as i16),
                6 => |word| i64::from(word as i32),
                2 | 9 => |word| i64::from(word as u8),
                4 => |word| i64::from(word as u16),
                12 => |word| i64::from(word as u32),
                _ => u64::cast_signed,
            };
            return Data::Integer(words.map(integer).collect());
        }
    };
    Data::Float(words.map(float).collect())
}

/// What is left of [`MAX_CONSTANT_ELEMENTS`].
#[derive(Debug)]
pub(super) struct Budget(u64);

impl Budget {
    pub(super) fn new() -> Self {
        Self(MAX_CONSTANT_ELEMENTS)
    }

    /// Takes `elements` before they are decoded or computed.
    ///
    /// # Errors
    /// `limit`.
    pub(super) fn charge(&mut self, elements: usize) -> Result<()> {
        let message = || format!("the constants of the file have more than {MAX_CONSTANT_ELEMENTS} elements together");
        self.0 = self.0.checked_sub(to_u64(elements)).ok_or_else(|| Error::new(ErrorKind::Limit, message()))?;
        Ok(())
    }
}
