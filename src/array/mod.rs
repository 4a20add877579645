//! Arrays of numbers from the files of data sets: dimensions, and bytes or 32-bit floats.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

pub mod idx;

use crate::base::error::{Defect, Error, Result};
use crate::tensor::Dtype;

/// An array in row-major order. The first dimension of a data set counts its samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// The dimensions; none for a single number.
    pub dims: Vec<usize>,
    /// As many elements as the product of `dims`.
    pub elements: Elements,
}

/// The elements of an array.
#[derive(Clone, Debug, PartialEq)]
pub enum Elements {
    /// Bytes.
    U8(Vec<u8>),
    /// 32-bit floats.
    F32(Vec<f32>),
}

/// The order of the bytes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    /// The most significant byte first.
    Big,
    /// The least significant byte first.
    Little,
}

impl Array {
    /// The array of `dims` whose elements are exactly `bytes`.
    ///
    /// # Errors
    /// `truncated` or `trailing` when there are fewer or more bytes than `dims` need.
    pub fn from_bytes(dims: Vec<usize>, dtype: Dtype, order: ByteOrder, bytes: &[u8]) -> Result<Self> {
        check_size(&dims, if dtype == Dtype::U8 { 1 } else { 4 }, dtype.name(), bytes.len())?;
        let elements = match dtype {
            Dtype::U8 => Elements::U8(bytes.to_vec()),
            Dtype::F32 => {
                let float = match order {
                    ByteOrder::Big => f32::from_be_bytes,
                    ByteOrder::Little => f32::from_le_bytes,
                };
                Elements::F32(bytes.as_chunks::<4>().0.iter().map(|&chunk| float(chunk)).collect())
            }
        };
        Ok(Self { dims, elements })
    }
}

/// Dimensions as people write them, such as 28x28.
#[must_use]
pub fn shown(dims: &[usize]) -> String {
    match dims {
        [] => "one".to_owned(),
        _ => dims.iter().map(usize::to_string).collect::<Vec<_>>().join("x"),
    }
}

/// Checks that `present` bytes are the elements of `dims`, of `element` bytes each; `name` is their type.
///
/// # Errors
/// `truncated` or `trailing`.
pub fn check_size(dims: &[usize], element: usize, name: &str, present: usize) -> Result<()> {
    let needed = dims.iter().try_fold(element, |n: usize, &dim| n.checked_mul(dim));
    let size = needed.map_or_else(|| "more than this machine can hold".to_owned(), |n| format!("{n} bytes"));
    let expected = format!("its header says {} elements of {name}, {size}, and {present} bytes follow", shown(dims));
    match needed {
        Some(needed) if needed == present => Ok(()),
        Some(needed) if needed < present => Err(Error::new(Defect::Trailing, expected)),
        _ => Err(Error::new(Defect::Truncated, format!("{expected}: it was cut off; transfer it again"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::ErrorKind;

    #[test]
    fn elements_are_read_in_either_order() {
        let bytes = [0x3F, 0x80, 0, 0, 0, 0, 0x20, 0xC0];
        let read = |order| Array::from_bytes(vec![2], Dtype::F32, order, &bytes).unwrap().elements;
        let (one, bits) = (1.0, f32::from_bits);
        assert_eq!(read(ByteOrder::Big), Elements::F32(vec![one, bits(0x20C0)]));
        assert_eq!(read(ByteOrder::Little), Elements::F32(vec![bits(0x803F), -2.5]));
        let bytes = Array::from_bytes(vec![2, 4], Dtype::U8, ByteOrder::Big, &bytes).unwrap();
        assert_eq!(bytes.dims, [2, 4]);
    }

    #[test]
    fn a_size_that_does_not_fit_is_refused() {
        let kind = |dims: &[usize], present| check_size(dims, 4, "f32", present).map_err(|error| error.kind());
        assert_eq!(kind(&[2, 3], 24), Ok(()));
        assert_eq!(kind(&[2, 3], 25), Err(ErrorKind::Format(Defect::Trailing)));
        assert_eq!(kind(&[2, 3], 23), Err(ErrorKind::Format(Defect::Truncated)));
        assert_eq!(kind(&[usize::MAX, 2], 8), Err(ErrorKind::Format(Defect::Truncated)));
        assert_eq!(kind(&[], 4), Ok(()));
        assert_eq!((shown(&[28, 28]), shown(&[])), ("28x28".to_owned(), "one".to_owned()));
    }
}
