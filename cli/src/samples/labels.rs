//! Labels: whole numbers of any type, one for each sample.

use super::number::{Kind, NumberType};
use super::{npy, picture, refuse, set};
use curt::array::{ByteOrder, idx, shown};
use curt::{Defect, Error, Result};
use std::path::Path;

/// Reads a file of labels.
pub(crate) fn open(path: &Path) -> Result<Vec<u32>> {
    set::in_file(path, parse)
}

/// Reads the bytes of a file of labels.
pub(crate) fn parse(file: &[u8]) -> Result<Vec<u32>> {
    if picture::is_one(file) {
        return Err(Error::at(
            Defect::Magic,
            0,
            "a PNG picture; labels are an IDX or .npy array, one whole number for each sample",
        ));
    }
    set::check_magic(file)?;
    if npy::is_one(file) {
        let array = npy::open(file)?;
        return of(&array.dims, array.number, array.bytes);
    }
    let header = idx::header(file)?;
    let order = ByteOrder::Big;
    let (kind, bytes) = match header.code {
        0x08 => (Kind::Unsigned, 1),
        0x09 => (Kind::Signed, 1),
        0x0B => (Kind::Signed, 2),
        0x0C => (Kind::Signed, 4),
        0x0D => (Kind::Float, 4),
        _ => (Kind::Float, 8),
    };
    of(&header.dims, NumberType { kind, bytes, order }, header.elements)
}

/// The labels in the elements of an array.
fn of(dims: &[usize], number: NumberType, bytes: &[u8]) -> Result<Vec<u32>> {
    curt::array::check_size(dims, number.bytes, &number.describe(), bytes.len())?;
    let expected = "labels are whole numbers in one dimension, one for each sample";
    let found = format!("this is {} of {}", shown(dims), number.describe());
    let is_line = matches!(dims, [_, rest @ ..] if rest.iter().all(|&dim| dim == 1));
    if !is_line || number.kind == Kind::Float {
        let hint = match dims {
            [_, classes] if *classes > 1 => "numpy.argmax(a, axis=1) makes them of a row of scores each",
            _ if is_line => "a.astype(numpy.int64) makes them of whole numbers stored as floats",
            _ => "is it the file of the images?",
        };
        return Err(refuse(&format!("{expected}, {found}; {hint}")));
    }
    let label = |(i, label): (usize, i128)| {
        u32::try_from(label).map_err(|_| refuse(&format!("label {i} is {label}; labels are classes, counted from 0")))
    };
    number.integers(bytes).enumerate().map(label).collect()
}
