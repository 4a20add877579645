//! IDX files, as MNIST has them: images and labels, bounded and with errors that say what to do.
//!
//! The layout: two zero bytes, the type of an element (0x08 bytes, 0x0D 32-bit floats), the number of dimensions, each dimension as a
//! big-endian u32, then the elements, floats big-endian.

use curt::base::error::{Error, ErrorKind, Result};
use curt::bytes::{Cursor, Storage};
use curt::session::Input;
use curt::tensor::Dtype;
use std::path::Path;

/// Bytes of the largest file that is read.
const MAX_BYTES: u64 = 1 << 32;

/// Samples of one shape.
#[derive(Debug)]
pub(crate) struct Samples {
    /// Samples.
    pub(crate) count: usize,
    /// The dimensions of one.
    pub(crate) dims: Vec<usize>,
    elements: Elements,
}

#[derive(Debug)]
enum Elements {
    U8(Vec<u8>),
    F32(Vec<f32>),
}

impl Samples {
    /// Reads a file.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Self::parse(Storage::read(path, MAX_BYTES)?.bytes()).map_err(|error| error.context(path.display()))
    }

    /// Reads the bytes of a file.
    pub(crate) fn parse(file: &[u8]) -> Result<Self> {
        let mut cursor = Cursor::new(file, 0, "IDX");
        let (dtype, dims) = header(file, &mut cursor)?;
        let [count, sample @ ..] = dims.as_slice() else { return Err(refuse("it has no dimensions")) };
        let size = sample.iter().try_fold(1usize, |n, &dim| n.checked_mul(dim));
        let total =
            size.and_then(|size| size.checked_mul(*count)).and_then(|n| n.checked_mul(if dtype == Dtype::U8 { 1 } else { 4 }));
        let (needed, present) = (total.unwrap_or(usize::MAX), cursor.remaining());
        let expected = format!("its header says {count} samples of {}, {needed} bytes, and {present} follow", shape(sample));
        if needed > present {
            return Err(Error::new(ErrorKind::Truncated, format!("{expected}: it was cut off; transfer it again")));
        }
        if needed < present {
            return Err(Error::new(ErrorKind::Trailing, expected));
        }
        if size == Some(0) {
            return Err(refuse("its samples have no elements"));
        }
        let bytes = cursor.bytes(needed, "the samples")?;
        let float = |b: &[u8]| f32::from_be_bytes([b[0], b[1], b[2], b[3]]);
        let elements = match dtype {
            Dtype::U8 => Elements::U8(bytes.to_vec()),
            Dtype::F32 => Elements::F32(bytes.chunks_exact(4).map(float).collect()),
        };
        Ok(Self { count: *count, dims: sample.to_vec(), elements })
    }

    /// Elements of one sample.
    pub(crate) fn len(&self) -> usize {
        self.dims.iter().product()
    }

    /// The type of an element.
    pub(crate) fn dtype(&self) -> Dtype {
        match self.elements {
            Elements::U8(_) => Dtype::U8,
            Elements::F32(_) => Dtype::F32,
        }
    }

    /// The shape of one sample, such as 28x28.
    pub(crate) fn shape(&self) -> String {
        shape(&self.dims)
    }

    /// `count` samples from sample `first`.
    pub(crate) fn input(&self, first: usize, count: usize) -> Input<'_> {
        let range = first * self.len()..(first + count) * self.len();
        match &self.elements {
            Elements::U8(bytes) => Input::U8(&bytes[range]),
            Elements::F32(floats) => Input::F32(&floats[range]),
        }
    }

    /// Height, width and pixels of sample `index`, when it is a gray image of bytes.
    pub(crate) fn picture(&self, index: usize) -> Option<(usize, usize, &[u8])> {
        match (&self.elements, self.dims.as_slice()) {
            (Elements::U8(bytes), &[height, width]) => {
                let len = height * width;
                Some((height, width, &bytes[index * len..][..len]))
            }
            _ => None,
        }
    }
}

/// Reads a file of labels: one byte for each sample.
pub(crate) fn open_labels(path: &Path) -> Result<Vec<u8>> {
    parse_labels(Storage::read(path, MAX_BYTES)?.bytes()).map_err(|error| error.context(path.display()))
}

/// Reads the bytes of a file of labels.
pub(crate) fn parse_labels(file: &[u8]) -> Result<Vec<u8>> {
    let samples = Samples::parse(file)?;
    match samples.elements {
        Elements::U8(labels) if samples.dims.is_empty() => Ok(labels),
        _ => Err(refuse(&format!(
            "labels are single bytes, these samples are {}; is it the file of the images?",
            shape(&samples.dims)
        ))),
    }
}

fn header(file: &[u8], cursor: &mut Cursor<'_>) -> Result<(Dtype, Vec<usize>)> {
    let wrong = |message: String| Err(Error::at(ErrorKind::Magic, 0, message));
    if file.is_empty() {
        return Err(Error::new(ErrorKind::Empty, "the file is empty"));
    }
    if file.starts_with(&[0x1F, 0x8B]) {
        return wrong("the file is compressed with gzip; decompress it first (gzip -dk FILE)".to_owned());
    }
    let cut_off = |error: Error| Error::at(ErrorKind::Truncated, error.offset().unwrap_or(0), error.to_string());
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

fn refuse(message: &str) -> Error {
    Error::new(ErrorKind::Input, message)
}

fn shape(dims: &[usize]) -> String {
    match dims {
        [] => "one element".to_owned(),
        _ => dims.iter().map(usize::to_string).collect::<Vec<_>>().join("x"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(count: u8, bytes: usize) -> Vec<u8> {
        [&[0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 2, 0, 0, 0, 3][..], &vec![7; bytes]].concat()
    }

    #[test]
    fn images_and_labels_are_read() {
        let samples = Samples::parse(&images(2, 12)).unwrap();
        assert_eq!((samples.count, samples.len(), samples.shape().as_str()), (2, 6, "2x3"));
        assert_eq!(samples.picture(1), Some((2, 3, &[7; 6][..])));
        assert_eq!(samples.input(1, 1).elements(), 6);
        assert_eq!(parse_labels(&[0, 0, 8, 1, 0, 0, 0, 2, 4, 9]).unwrap(), [4, 9]);
        let floats = Samples::parse(&[0, 0, 13, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0x3F, 0x80, 0, 0]).unwrap();
        assert!(matches!(floats.input(0, 1), Input::F32([1.0])));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let kind = |file: &[u8]| Samples::parse(file).unwrap_err().kind();
        assert_eq!(kind(&[]), ErrorKind::Empty);
        assert_eq!(kind(&[0x1F, 0x8B, 8]), ErrorKind::Magic);
        assert_eq!(kind(b"hello, world"), ErrorKind::Magic);
        assert_eq!(kind(&[0, 0, 0x0E, 1, 0, 0, 0, 0]), ErrorKind::Magic);
        assert_eq!(kind(&images(2, 12)[..10]), ErrorKind::Truncated);
        assert_eq!(kind(&images(2, 11)), ErrorKind::Truncated);
        assert_eq!(kind(&images(2, 13)), ErrorKind::Trailing);
        assert_eq!(kind(&[0, 0, 8, 0]), ErrorKind::Input);
        assert_eq!(kind(&[0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 0]), ErrorKind::Input);
        let huge = [&[0, 0, 8, 4][..], &[255; 16]].concat();
        assert_eq!(kind(&huge), ErrorKind::Truncated);
        assert_eq!(parse_labels(&images(2, 12)).unwrap_err().kind(), ErrorKind::Input);
    }
}
