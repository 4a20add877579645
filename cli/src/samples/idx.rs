//! IDX files, the format of MNIST: images and labels.
//!
//! The layout: two zero bytes, the type of an element (0x08 bytes, 0x0D 32-bit floats), the number of dimensions, each dimension as a
//! big-endian u32, then the elements, floats big-endian.

use super::array::{Array, Elements, check_size, refuse};
use curt::bytes::Cursor;
use curt::{Defect, Dtype, Error, Result};

/// Reads the bytes of a file.
pub(super) fn parse(file: &[u8]) -> Result<Array> {
    let mut cursor = Cursor::new(file, 0, "IDX");
    let (dtype, dims) = header(&mut cursor)?;
    let bytes = cursor.bytes(check_size(&dims, dtype, cursor.remaining())?, "the samples")?;
    let float = |b: &[u8]| f32::from_be_bytes([b[0], b[1], b[2], b[3]]);
    let elements = match dtype {
        Dtype::U8 => Elements::U8(bytes.to_vec()),
        Dtype::F32 => Elements::F32(bytes.chunks_exact(4).map(float).collect()),
    };
    Ok(Array { dims, elements })
}

fn header(cursor: &mut Cursor<'_>) -> Result<(Dtype, Vec<usize>)> {
    let wrong = |message: String| Err(Error::at(Defect::Magic, 0, message));
    let cut_off = |error: Error| Error::at(Defect::Truncated, error.offset().unwrap_or(0), error.to_string());
    let magic = cursor.bytes(4, "the magic number").map_err(cut_off)?;
    let (dtype, dims) = match *magic {
        [0, 0, 0x08, dims] => (Dtype::U8, dims),
        [0, 0, 0x0D, dims] => (Dtype::F32, dims),
        [0, 0, other, _] if (0x09..=0x0E).contains(&other) => {
            return wrong(format!("an IDX file of type {other:#04x}; bytes (0x08) and 32-bit floats (0x0d) are read"));
        }
        _ => return wrong("not an IDX file: it does not start with 00 00, a type and a number of dimensions".to_owned()),
    };
    let dimension = |cursor: &mut Cursor<'_>| {
        let bytes = cursor.bytes(4, "a dimension").map_err(cut_off)?;
        let n = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        usize::try_from(n).map_err(|_| refuse("a dimension exceeds this machine"))
    };
    let dims = (0..dims).map(|_| dimension(cursor)).collect::<Result<_>>()?;
    Ok((dtype, dims))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::set::{SampleSet, parse_idx_labels};
    use curt::{ErrorKind, Input};

    fn images(count: u8, bytes: usize) -> Vec<u8> {
        [&[0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 2, 0, 0, 0, 3][..], &vec![7; bytes]].concat()
    }

    #[test]
    fn images_and_labels_are_read() {
        let samples = SampleSet::parse_idx(&images(2, 12)).unwrap();
        assert_eq!((samples.count, samples.len(), samples.dims.as_slice()), (2, 6, [2, 3].as_slice()));
        assert_eq!(samples.picture(1), Some((2, 3, &[7; 6][..])));
        assert_eq!(samples.input(1, 1).elements(), 6);
        assert_eq!(parse_idx_labels(&[0, 0, 8, 1, 0, 0, 0, 2, 4, 9]).unwrap(), [4, 9]);
        let floats = SampleSet::parse_idx(&[0, 0, 13, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0x3F, 0x80, 0, 0]).unwrap();
        assert!(matches!(floats.input(0, 1), Input::F32([1.0])));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let kind = |file: &[u8]| SampleSet::parse_idx(file).unwrap_err().kind();
        assert_eq!(kind(b"hello, world"), ErrorKind::Format(Defect::Magic));
        assert_eq!(kind(&[0, 0, 0x0E, 1, 0, 0, 0, 0]), ErrorKind::Format(Defect::Magic));
        assert_eq!(kind(&images(2, 12)[..10]), ErrorKind::Format(Defect::Truncated));
        assert_eq!(kind(&images(2, 11)), ErrorKind::Format(Defect::Truncated));
        assert_eq!(kind(&images(2, 13)), ErrorKind::Format(Defect::Trailing));
        assert_eq!(kind(&[0, 0, 8, 0, 1]), ErrorKind::Input, "no dimensions: one byte, but not samples");
        assert_eq!(kind(&[0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 0]), ErrorKind::Input);
        let huge = [&[0, 0, 8, 4][..], &[255; 16]].concat();
        assert_eq!(kind(&huge), ErrorKind::Format(Defect::Truncated));
        assert_eq!(parse_idx_labels(&images(2, 12)).unwrap_err().kind(), ErrorKind::Input);
    }
}
