//! Arrays as their files have them.

use curt::{Defect, Dtype, Error, ErrorKind, Result};

/// Elements of one type.
#[derive(Debug, PartialEq)]
pub(super) enum Elements {
    U8(Vec<u8>),
    F32(Vec<f32>),
}

/// An array as its file has it: the first dimension is most often that of the samples.
#[derive(Debug)]
pub(super) struct Array {
    pub(super) dims: Vec<usize>,
    pub(super) elements: Elements,
}

/// Checks that `present` bytes are the elements of `dims`, and returns how many bytes that are.
pub(super) fn check_size(dims: &[usize], dtype: Dtype, present: usize) -> Result<usize> {
    let element = if dtype == Dtype::U8 { 1 } else { 4 };
    let needed = dims.iter().try_fold(element, |n: usize, &dim| n.checked_mul(dim));
    let size = needed.map_or_else(|| "more than this machine can hold".to_owned(), |n| format!("{n} bytes"));
    let expected = format!("its header says {} elements of {}, {size}, and {present} bytes follow", shape(dims), dtype.name());
    match needed {
        Some(needed) if needed == present => Ok(needed),
        Some(needed) if needed < present => Err(Error::new(Defect::Trailing, expected)),
        _ => Err(Error::new(Defect::Truncated, format!("{expected}: it was cut off; transfer it again"))),
    }
}

/// An error of an input.
pub(super) fn refuse(message: &str) -> Error {
    Error::new(ErrorKind::Input, message)
}

/// Dimensions as text, such as 28x28.
pub(super) fn shape(dims: &[usize]) -> String {
    match dims {
        [] => "one".to_owned(),
        _ => dims.iter().map(usize::to_string).collect::<Vec<_>>().join("x"),
    }
}
