//! Arrays of numpy, `.npy`: versions 1.0 to 3.0 are read, 1.0 is written.
//!
//! The layout (numpy.lib.format): `\x93NUMPY`, two bytes of version, the length of the header (little-endian, two bytes in version 1.0,
//! four later), the header, the elements. The header is a Python dictionary of `descr`, `fortran_order` and `shape`, padded with spaces.

use super::refuse;
use curt::array::{Array, ByteOrder};
use curt::bytes::Cursor;
use curt::{Defect, Dtype, Error, ErrorKind, Result};
use std::path::Path;

/// The bytes of the longest header that is read: far more than a plain array needs.
const MAX_HEADER: usize = 1 << 16;
/// The most dimensions of an array: numpy's limit.
const MAX_DIMS: usize = 64;

/// Reads the bytes of a file.
pub(super) fn parse(file: &[u8]) -> Result<Array> {
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
        return Err(Error::at(
            ErrorKind::Limit,
            8,
            format!("a header of {len} bytes; a plain array needs less than {MAX_HEADER}"),
        ));
    }
    let header_at = cursor.offset();
    let header = parse_header(cursor.bytes(len, "the header").map_err(cut_off)?).map_err(|(at, message)| {
        Error::at(ErrorKind::Input, header_at + at as u64, format!("the header is not that of an array: {message}"))
    })?;
    let dtype = match header.descr.as_str() {
        "|u1" => Dtype::U8,
        "<f4" => Dtype::F32,
        other => {
            let hint = if other == "|b1" { "numpy.uint8" } else { "numpy.float32" };
            return Err(refuse(&format!(
                "its elements are '{other}'; bytes ('|u1') and 32-bit floats ('<f4') are read, such as a.astype({hint})"
            )));
        }
    };
    if header.fortran_order {
        return Err(refuse("it is stored column by column; save numpy.ascontiguousarray(a)"));
    }
    let bytes = cursor.bytes(cursor.remaining(), "the elements")?;
    Array::from_bytes(header.shape, dtype, ByteOrder::Little, bytes)
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

/// The file of a `[rows, cols]` array of 32-bit floats.
fn bytes(rows: usize, cols: usize, values: &[f32]) -> Vec<u8> {
    debug_assert_eq!(rows * cols, values.len());
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {cols}), }}");
    // The data start at a multiple of 64. There are 10 bytes before the header, and a newline ends it.
    let len = (10 + header.len() + 1).next_multiple_of(64) - 10;
    header.extend(std::iter::repeat_n(' ', len - header.len() - 1));
    header.push('\n');
    let len = u16::try_from(len).expect("invariant: two numbers are short");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend(len.to_le_bytes());
    file.extend(header.bytes());
    file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    file
}

/// Saves the array. At any moment the path holds either the old or the new content.
pub(crate) fn save(path: &Path, rows: usize, cols: usize, values: &[f32]) -> Result<()> {
    curt::format::save(path, &bytes(rows, cols, values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use curt::array::Elements;

    #[test]
    fn the_file_is_as_numpy_writes_it() {
        let file = bytes(2, 1, &[1.0, -2.5]);
        assert_eq!(file.len(), 128 + 8);
        assert_eq!(file[..10], *b"\x93NUMPY\x01\x00\x76\x00");
        assert!(file[10..128].starts_with(b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }  "));
        assert_eq!(file[127], b'\n');
        assert_eq!(file[128..], [0, 0, 128, 63, 0, 0, 32, 192]);
        let array = parse(&file).unwrap();
        assert_eq!((array.dims.as_slice(), array.elements), (&[2, 1][..], Elements::F32(vec![1.0, -2.5])));
    }

    #[test]
    fn headers_are_dictionaries_of_three_keys() {
        let shape = |text: &str| parse_header(text.as_bytes()).map(|header| header.shape).map_err(|(at, _)| at);
        assert_eq!(shape("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }   \n"), Ok(vec![2, 3]));
        assert_eq!(shape("{\"shape\":(7,),\"fortran_order\":True,\"descr\":\"<f4\"}"), Ok(vec![7]));
        assert_eq!(shape("{'descr': '|u1', 'fortran_order': False, 'shape': ()}"), Ok(vec![]));
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
