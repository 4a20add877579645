//! Arrays of numpy, `.npy`: versions 1.0 to 3.0 are read, 1.0 is written.
//!
//! The layout (numpy.lib.format): `\x93NUMPY`, two bytes of version, the length of the header (little-endian, two bytes in version 1.0,
//! four later), the header, the elements. The header is a Python dictionary of `descr`, `fortran_order` and `shape`, padded with spaces.

use super::number::{Kind, NumberType};
use super::refuse;
use curt::array::{Array, check_size};
use curt::bytes::Cursor;
use curt::{Defect, Dtype, Error, ErrorKind, Result};

const MAGIC: &[u8] = b"\x93NUMPY";
/// Bytes of the longest header that is read: far more than a plain array needs.
const MAX_HEADER: usize = 1 << 16;
/// The most dimensions of an array: numpy's limit.
const MAX_DIMS: usize = 64;

/// Whether a file starts as one does.
pub(super) fn is_one(file: &[u8]) -> bool {
    file.starts_with(MAGIC)
}

/// An array whose elements are still bytes.
pub(super) struct Elements<'a> {
    pub(super) dims: Vec<usize>,
    pub(super) number: NumberType,
    /// The first dimension is the fastest.
    fortran_order: bool,
    pub(super) bytes: &'a [u8],
}

/// Reads an array of bytes or 32-bit floats, in either order of dimensions and of bytes.
pub(super) fn parse(file: &[u8]) -> Result<Array> {
    let Elements { dims, number, fortran_order, bytes } = open(file)?;
    let dtype = match (number.kind, number.bytes) {
        (Kind::Unsigned, 1) => Dtype::U8,
        (Kind::Float, 4) => Dtype::F32,
        (kind, _) => {
            let hint = match kind {
                Kind::Bool => "a.astype(numpy.uint8)",
                Kind::Float => "a.astype(numpy.float32)",
                _ => "a.astype(numpy.uint8) if all of them are 0 to 255, otherwise a.astype(numpy.float32)",
            };
            let found = number.describe();
            return Err(refuse(&format!("its elements are {found}; samples are bytes or 32-bit floats: save {hint}")));
        }
    };
    check_size(&dims, number.bytes, &number.describe(), bytes.len())?;
    if fortran_order && dims.iter().filter(|&&dim| dim > 1).count() > 1 {
        let bytes = row_major(&dims, number.bytes, bytes);
        return Array::from_bytes(dims, dtype, number.order, &bytes);
    }
    Array::from_bytes(dims, dtype, number.order, bytes)
}

/// Reads the header.
pub(super) fn open(file: &[u8]) -> Result<Elements<'_>> {
    let mut cursor = Cursor::new(file, 0, ".npy");
    let cut_off = |error: Error| Error::at(Defect::Truncated, error.offset().unwrap_or(0), error.to_string());
    let start = cursor.bytes(8, "the magic number and the version").map_err(cut_off)?;
    let len_bytes = match start[6..] {
        [1, 0] => 2,
        [2 | 3, 0] => 4,
        _ => {
            let message = format!(".npy version {}.{}; versions 1.0, 2.0 and 3.0 are read", start[6], start[7]);
            return Err(Error::at(Defect::Version, 6, message));
        }
    };
    let len = cursor.bytes(len_bytes, "the header's length").map_err(cut_off)?;
    let len = len.iter().rev().fold(0usize, |n, &byte| n << 8 | usize::from(byte)); // at most 4 bytes
    if len > MAX_HEADER {
        let message = format!("a header of {len} bytes; a plain array needs less than {MAX_HEADER}");
        return Err(Error::at(ErrorKind::Limit, 8, message));
    }
    let header_at = cursor.offset();
    let header = parse_header(cursor.bytes(len, "the header").map_err(cut_off)?).map_err(|(at, message)| {
        Error::at(ErrorKind::Input, header_at + at as u64, format!("the header is not that of an array: {message}"))
    })?;
    let Header { descr, fortran_order, shape } = header;
    let number = NumberType::named(&descr).ok_or_else(|| {
        refuse(&format!("its elements are '{descr}', which are no bytes, integers or floats of at most 64 bits"))
    })?;
    Ok(Elements { dims: shape, number, fortran_order, bytes: cursor.bytes(cursor.remaining(), "the elements")? })
}

/// Elements of `size` bytes, the last dimension the fastest, from elements whose first one is.
fn row_major(dims: &[usize], size: usize, bytes: &[u8]) -> Vec<u8> {
    let mut place = vec![0; dims.len()];
    let mut ordered = Vec::with_capacity(bytes.len());
    for _ in 0..bytes.len() / size {
        let element = dims.iter().zip(&place).rev().fold(0, |n, (dim, i)| n * dim + i);
        ordered.extend_from_slice(&bytes[element * size..][..size]);
        for (i, &dim) in place.iter_mut().zip(dims).rev() {
            *i += 1;
            if *i < dim {
                break;
            }
            *i = 0;
        }
    }
    ordered
}

#[derive(Debug, PartialEq)]
struct Header {
    descr: String,
    fortran_order: bool,
    shape: Vec<usize>,
}

/// A place in the header, and what is wrong there.
type Wrong = (usize, String);

/// Reads the dictionary: its three keys, in any order, each once.
fn parse_header(bytes: &[u8]) -> Result<Header, Wrong> {
    let mut text = Text { bytes, at: 0 };
    let (mut descr, mut fortran_order, mut shape) = (None, None, None);
    text.expect(b'{')?;
    while !text.take(b'}') {
        let at = text.at;
        let key = text.string()?;
        text.expect(b':')?;
        let twice = match key.as_str() {
            "descr" => descr.replace(text.string()?).is_some(),
            "fortran_order" => fortran_order.replace(text.boolean()?).is_some(),
            "shape" => shape.replace(text.tuple()?).is_some(),
            _ => return Err((at, format!("the key {key:?} is not known"))),
        };
        if twice {
            return Err((at, format!("the key {key} occurs twice")));
        }
        if !text.take(b',') {
            text.expect(b'}')?;
            break;
        }
    }
    text.space();
    if text.at != bytes.len() {
        return Err((text.at, "something follows the dictionary".to_owned()));
    }
    let missing = |key: &str| (text.at, format!("{key} is missing"));
    Ok(Header {
        descr: descr.ok_or_else(|| missing("descr"))?,
        fortran_order: fortran_order.ok_or_else(|| missing("fortran_order"))?,
        shape: shape.ok_or_else(|| missing("shape"))?,
    })
}

/// A parser of those Python literals that occur in headers of plain arrays.
struct Text<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Text<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    /// Whether `byte` comes next; if so, skips it.
    fn take(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), Wrong> {
        if self.take(byte) { Ok(()) } else { Err((self.at, format!("{:?} is expected", char::from(byte)))) }
    }

    /// Takes the bytes up to the first that is not of the kind.
    fn run(&mut self, of_kind: impl Fn(u8) -> bool) -> &[u8] {
        let rest = &self.bytes[self.at..];
        let len = rest.iter().position(|&byte| !of_kind(byte)).unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    /// A string without escapes.
    fn string(&mut self) -> Result<String, Wrong> {
        let quote = if self.take(b'"') { b'"' } else { b'\'' };
        if quote == b'\'' && !self.take(quote) {
            return Err((self.at, "a string is expected (a structured array is not read)".to_owned()));
        }
        let text = self.run(|byte| byte.is_ascii_graphic() && byte != quote && byte != b'\\');
        let text = String::from_utf8_lossy(text).into_owned(); // ASCII
        if self.peek() == Some(quote) {
            self.at += 1;
            Ok(text)
        } else {
            Err((self.at, "a string does not end".to_owned()))
        }
    }

    fn boolean(&mut self) -> Result<bool, Wrong> {
        self.space();
        match self.run(|byte| byte.is_ascii_alphabetic()) {
            b"True" => Ok(true),
            b"False" => Ok(false),
            _ => Err((self.at, "True or False is expected".to_owned())),
        }
    }

    fn number(&mut self) -> Result<usize, Wrong> {
        self.space();
        let at = self.at;
        let digits = String::from_utf8_lossy(self.run(|byte| byte.is_ascii_digit())).into_owned();
        self.take(b'L'); // a long integer of Python 2
        digits.parse().map_err(|_| (at, "a dimension that this machine can count is expected".to_owned()))
    }

    /// Numbers in brackets. A single number has a comma after it.
    fn tuple(&mut self) -> Result<Vec<usize>, Wrong> {
        let mut numbers = Vec::new();
        self.expect(b'(')?;
        while !self.take(b')') {
            if numbers.len() == MAX_DIMS {
                return Err((self.at, format!("more than {MAX_DIMS} dimensions")));
            }
            numbers.push(self.number()?);
            if !self.take(b',') {
                self.expect(b')')?;
                break;
            }
        }
        Ok(numbers)
    }
}

/// The file of a `rows` x `cols` array of 32-bit floats.
pub(crate) fn bytes(rows: usize, cols: usize, values: &[f32]) -> Vec<u8> {
    debug_assert_eq!(rows * cols, values.len());
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {cols}), }}");
    // The data start at a multiple of 64. There are 10 bytes before the header, and a newline ends it.
    let len = (10 + header.len() + 1).next_multiple_of(64) - 10;
    header.extend(std::iter::repeat_n(' ', len - header.len() - 1));
    header.push('\n');
    let len = u16::try_from(len).expect("invariant: two numbers are short");
    let mut file = [MAGIC, &[1, 0]].concat();
    file.extend(len.to_le_bytes());
    file.extend(header.bytes());
    file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    file
}

#[cfg(test)]
mod tests {
    use super::*;
    use curt::array::Elements as Read;

    #[test]
    fn the_file_is_as_numpy_writes_it() {
        let file = bytes(2, 1, &[1.0, -2.5]);
        assert_eq!(file.len(), 128 + 8);
        assert_eq!(file[..10], *b"\x93NUMPY\x01\x00\x76\x00");
        assert!(file[10..128].starts_with(b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }  "));
        assert_eq!(file[127], b'\n');
        assert_eq!(file[128..], [0, 0, 128, 63, 0, 0, 32, 192]);
        let array = parse(&file).unwrap();
        assert_eq!((array.dims.as_slice(), array.elements), (&[2, 1][..], Read::F32(vec![1.0, -2.5])));
    }

    /// A file of version 1.0.
    fn file(descr: &str, fortran_order: bool, shape: &str, elements: &[u8]) -> Vec<u8> {
        let order = if fortran_order { "True" } else { "False" };
        let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}}}");
        let len = u16::try_from(header.len()).unwrap().to_le_bytes();
        [MAGIC, &[1, 0], &len, header.as_bytes(), elements].concat()
    }

    #[test]
    fn elements_are_read_in_every_order() {
        // numpy.asfortranarray(numpy.arange(24, dtype=numpy.uint8).reshape(2, 3, 4)).tobytes("F")
        let columns = [0, 12, 4, 16, 8, 20, 1, 13, 5, 17, 9, 21, 2, 14, 6, 18, 10, 22, 3, 15, 7, 19, 11, 23];
        let array = parse(&file("|u1", true, "(2, 3, 4)", &columns)).unwrap();
        assert_eq!((array.dims, array.elements), (vec![2, 3, 4], Read::U8((0..24).collect())));
        // numpy.array([[1, 2, 3], [4, 5, 6]], ">f4"), by columns
        let floats: Vec<u8> = [1f32, 4.0, 2.0, 5.0, 3.0, 6.0].iter().flat_map(|x| x.to_be_bytes()).collect();
        let array = parse(&file(">f4", true, "(2, 3)", &floats)).unwrap();
        assert_eq!(array.elements, Read::F32(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
        for (shape, dims) in [("(1, 3, 1)", vec![1, 3, 1]), ("(3,)", vec![3])] {
            let array = parse(&file("<u1", true, shape, &[7, 8, 9])).unwrap();
            assert_eq!((array.dims, array.elements), (dims, Read::U8(vec![7, 8, 9])));
        }
        assert_eq!(parse(&file("|u1", true, "(2, 0, 3)", &[])).unwrap().dims, [2, 0, 3]);
        assert_eq!(parse(&file("|u1", true, "(2, 3)", &[0; 5])).unwrap_err().kind(), ErrorKind::Format(Defect::Truncated));
    }

    #[test]
    fn elements_that_are_not_read_come_with_what_makes_them_so() {
        let message = |descr: &str| parse(&file(descr, false, "(1,)", &[0; 8])).unwrap_err().to_string();
        for (descr, parts) in [
            ("<f8", ["64-bit floats", "a.astype(numpy.float32)"]),
            ("d", ["64-bit floats", "a.astype(numpy.float32)"]),
            ("|b1", ["truth values", "save a.astype(numpy.uint8)"]),
            ("l", ["64-bit integers", "if all of them are 0 to 255"]),
            (">u2", ["16-bit unsigned integers", "otherwise a.astype(numpy.float32)"]),
            ("|S8", ["'|S8'", "no bytes, integers or floats"]),
        ] {
            assert!(parts.iter().all(|part| message(descr).contains(part)), "{descr}: {}", message(descr));
        }
    }

    #[test]
    fn headers_are_dictionaries_of_three_keys() {
        let shape = |text: &str| parse_header(text.as_bytes()).map(|header| header.shape).map_err(|(at, _)| at);
        assert_eq!(shape("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }   \n"), Ok(vec![2, 3]));
        assert_eq!(shape("{\"shape\":(7,),\"fortran_order\":True,\"descr\":\"<f4\"}"), Ok(vec![7]));
        assert_eq!(shape("{'descr': '|u1', 'fortran_order': False, 'shape': ()}"), Ok(vec![]));
        assert_eq!(shape("{'descr': '|u1', 'fortran_order': False, 'shape': (5L, 4L)}"), Ok(vec![5, 4]), "Python 2");
        for (text, at) in [
            ("", 0),
            ("[]", 0),
            ("{}", 2),
            ("{'descr': [('a', '<f4')]", 10),
            ("{'descr': '<f4", 14),
            ("{'descr': '<f4' 'shape'", 16),
            ("{'descr': '<f4', 'descr': '<f4'}", 17),
            ("{'strange': 1}", 1),
            ("{'fortran_order': 0}", 18),
            ("{'shape': (1 2)}", 13),
            ("{'shape': (1LL)}", 13),
            ("{'shape': (L,)}", 11),
            ("{'shape': (-1,)}", 11),
            ("{'shape': (99999999999999999999,)}", 11),
            ("{'shape': 1}", 10),
            ("{'descr': '|u1', 'fortran_order': False, 'shape': ()} x", 54),
        ] {
            assert_eq!(shape(text), Err(at), "{text}");
        }
        let many = format!("{{'shape': ({})}}", "1,".repeat(65));
        assert_eq!(shape(&many), Err(11 + 2 * 64));
    }
}
