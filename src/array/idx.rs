//! IDX files, as MNIST has them.
//!
//! The layout: two zero bytes, the type of an element (0x08 bytes, 0x0D 32-bit floats), the number of dimensions, each dimension as a
//! big-endian u32, then the elements, floats big-endian.

use super::{Array, ByteOrder};
use crate::base::error::{Defect, Error, ErrorKind, Result};
use crate::bytes::{Cursor, Storage};
use crate::tensor::Dtype;
use std::path::Path;

/// Bytes of the largest file that is read.
const MAX_BYTES: u64 = 1 << 32;

/// Reads the file at `path`.
///
/// # Errors
/// Those of [`parse`], with the path; `io`, `not_a_file`, `limit`.
pub fn read(path: impl AsRef<Path>) -> Result<Array> {
    let path = path.as_ref();
    parse(Storage::read(path, MAX_BYTES)?.bytes()).map_err(|error| error.context(path.display()))
}

/// Reads the bytes of a file of bytes or 32-bit floats.
///
/// # Errors
/// `magic` for another file or another type of elements; `truncated`, `trailing`.
pub fn parse(file: &[u8]) -> Result<Array> {
    let Header { code, dims, elements } = header(file)?;
    let dtype = match code {
        0x08 => Dtype::U8,
        0x0D => Dtype::F32,
        other => {
            let message = format!("an IDX file of type {other:#04x}; bytes (0x08) and 32-bit floats (0x0d) are read");
            return Err(Error::at(Defect::Magic, 2, message));
        }
    };
    Array::from_bytes(dims, dtype, ByteOrder::Big, elements)
}

/// What a file says before its elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The type of an element: 0x08 bytes, 0x09 signed bytes, 0x0B, 0x0C, 0x0D and 0x0E integers of 16 and 32 bits, floats of 32 and 64.
    pub code: u8,
    /// The dimensions.
    pub dims: Vec<usize>,
    /// The rest of the file, whose length is not checked.
    pub elements: &'a [u8],
}

/// Reads the header of a file.
///
/// # Errors
/// `magic`, `truncated`.
pub fn header(file: &[u8]) -> Result<Header<'_>> {
    let mut cursor = Cursor::new(file, 0, "IDX");
    let (code, dims) = match word(&mut cursor, "the magic number")? {
        [0, 0, code @ (0x08 | 0x09 | 0x0B..=0x0E), dims] => (code, dims),
        [0, 0, other, _] => {
            let message = format!("not an IDX file: its third byte, the type of its elements, is {other:#04x}, which is none");
            return Err(Error::at(Defect::Magic, 2, message));
        }
        _ => {
            let message = "not an IDX file: it does not start with 00 00, a type and a number of dimensions";
            return Err(Error::at(Defect::Magic, 0, message));
        }
    };
    let dimension = |cursor: &mut Cursor<'_>| {
        let n = u32::from_be_bytes(word(cursor, "a dimension")?);
        usize::try_from(n).map_err(|_| Error::new(ErrorKind::Input, "a dimension exceeds this machine"))
    };
    let dims = (0..dims).map(|_| dimension(&mut cursor)).collect::<Result<_>>()?;
    Ok(Header { code, dims, elements: cursor.bytes(cursor.remaining(), "the elements")? })
}

/// The next four bytes.
fn word(cursor: &mut Cursor<'_>, what: &str) -> Result<[u8; 4]> {
    let cut_off = |error: Error| Error::at(Defect::Truncated, error.offset().unwrap_or(0), error.to_string());
    let bytes = cursor.bytes(4, what).map_err(cut_off)?;
    bytes.first_chunk().copied().ok_or_else(|| Error::new(Defect::Truncated, what))
}

#[cfg(test)]
mod tests {
    use super::super::Elements;
    use super::*;

    fn images(count: u8, bytes: usize) -> Vec<u8> {
        [&[0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 2, 0, 0, 0, 3][..], &vec![7; bytes]].concat()
    }

    #[test]
    fn bytes_and_floats_are_read() {
        let array = parse(&images(2, 12)).unwrap();
        assert_eq!(array, Array { dims: vec![2, 2, 3], elements: Elements::U8(vec![7; 12]) });
        let floats = parse(&[0, 0, 13, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0x3F, 0x80, 0, 0]).unwrap();
        assert_eq!(floats, Array { dims: vec![1, 1], elements: Elements::F32(vec![1.0]) });
    }

    #[test]
    fn what_is_wrong_is_said() {
        let kind = |file: &[u8]| parse(file).unwrap_err().kind();
        assert_eq!(kind(b"hello, world"), ErrorKind::Format(Defect::Magic));
        assert_eq!(kind(&[0, 0, 0x0E, 1, 0, 0, 0, 0]), ErrorKind::Format(Defect::Magic));
        assert_eq!(kind(&images(2, 12)[..10]), ErrorKind::Format(Defect::Truncated));
        assert_eq!(kind(&images(2, 11)), ErrorKind::Format(Defect::Truncated));
        assert_eq!(kind(&images(2, 13)), ErrorKind::Format(Defect::Trailing));
        let huge = [&[0, 0, 8, 4][..], &[255; 16]].concat();
        assert_eq!(kind(&huge), ErrorKind::Format(Defect::Truncated));
    }
}
