//! The wire format of protocol buffers: numbered fields of a message, one after the other. Nothing recurses and nothing is copied.

use crate::base::error::{Error, ErrorKind, Result};
use crate::bytes::Cursor;

/// A message: its bytes, read field by field.
#[derive(Clone, Debug)]
pub(super) struct Message<'a>(Cursor<'a>);

/// The content of a field.
#[derive(Clone, Debug)]
pub(super) enum Field<'a> {
    /// An integer of up to 64 bits, by 7 bits a byte.
    Varint(u64),
    /// Four bytes: a float.
    Fixed32([u8; 4]),
    /// Eight bytes.
    Fixed64([u8; 8]),
    /// A text, a message, or packed numbers.
    Bytes(Message<'a>),
}

impl<'a> Message<'a> {
    /// A whole file.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(Cursor::new(bytes, 0, "ONNX"))
    }

    /// The next field: its number and its content. `None` at the end.
    ///
    /// # Errors
    /// `bounds` when the message ends within the field; `import` when it is no field.
    pub(super) fn field(&mut self) -> Result<Option<(u64, Field<'a>)>> {
        if self.0.remaining() == 0 {
            return Ok(None);
        }
        let at = self.0.offset();
        let key = self.varint()?;
        let content = match key & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::Fixed64(self.array()?),
            2 => {
                let len = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
                let offset = self.0.offset();
                Field::Bytes(Self(Cursor::new(self.0.bytes(len, "a field")?, offset, "ONNX")))
            }
            5 => Field::Fixed32(self.array()?),
            kind => {
                let message = format!("a field of wire type {kind}: this is no ONNX file, or it is damaged");
                return Err(Error::at(ErrorKind::Import, at, message));
            }
        };
        Ok(Some((key >> 3, content)))
    }

    /// The next varint.
    ///
    /// # Errors
    /// `bounds`; `import` when it has more than 64 bits.
    pub(super) fn varint(&mut self) -> Result<u64> {
        let at = self.0.offset();
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            let bits = u64::from(byte & 0x7f);
            let shifted = bits.wrapping_shl(shift);
            if shifted.wrapping_shr(shift) != bits {
                break;
            }
            value |= shifted;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Error::at(ErrorKind::Import, at, "a number of more than 64 bits"))
    }

    /// The next bytes, as many as the array has.
    ///
    /// # Errors
    /// `bounds`.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        Ok(self.0.bytes(N, "a number")?.try_into().expect("invariant: as many bytes were taken"))
    }

    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.0.remaining() == 0
    }

    /// The byte of the file that is read next.
    pub(super) fn offset(&self) -> u64 {
        self.0.offset()
    }

    /// All bytes left.
    pub(super) fn bytes(mut self) -> &'a [u8] {
        let len = self.0.remaining();
        self.0.bytes(len, "the rest").unwrap_or_default()
    }
}

impl<'a> Field<'a> {
    /// The content of a field that `what` names, which is bytes.
    ///
    /// # Errors
    /// `import` when it is a number.
    pub(super) fn message(self, what: &str) -> Result<Message<'a>> {
        match self {
            Self::Bytes(message) => Ok(message),
            _ => Err(Error::new(ErrorKind::Import, format!("{what} is a number where a message is expected"))),
        }
    }

    /// The content of a field that `what` names, which is an integer, two's complement where negative.
    ///
    /// # Errors
    /// `import` when it is something else.
    pub(super) fn integer(self, what: &str) -> Result<i64> {
        match self {
            Self::Varint(value) => Ok(i64::from_ne_bytes(value.to_ne_bytes())),
            _ => Err(Error::new(ErrorKind::Import, format!("{what} is no integer"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_those_of_the_encoding() {
        // The examples of the encoding's own guide: field 1 is 150, field 2 is "testing".
        let mut message = Message::new(b"\x08\x96\x01\x12\x07testing\x1d\x00\x00\x80\x3f");
        assert!(matches!(message.field().unwrap(), Some((1, Field::Varint(150)))));
        let Some((2, Field::Bytes(text))) = message.field().unwrap() else { panic!("a text") };
        assert_eq!(text.bytes(), b"testing");
        assert!(matches!(message.field().unwrap(), Some((3, Field::Fixed32([0, 0, 128, 63])))));
        assert!(message.is_empty() && message.field().unwrap().is_none());
        let minus_one = [&[8][..], &[0xff; 9], &[1]].concat();
        let Some((1, field)) = Message::new(&minus_one).field().unwrap() else { panic!("a number") };
        assert_eq!(field.integer("it").unwrap(), -1);
    }

    #[test]
    fn damage_is_an_error() {
        let kind = |bytes: &[u8]| Message::new(bytes).field().unwrap_err().kind().name();
        assert_eq!(kind(b"\x08"), "bounds");
        assert_eq!(kind(b"\x12\x07test"), "bounds");
        assert_eq!(kind(&[0x80; 10]), "import", "a number that does not end");
        assert_eq!(kind(&[0x80; 9]), "bounds");
        assert_eq!(kind(b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), "import", "65 bits");
        assert_eq!(kind(b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "bounds", "a length of 2^64 - 1");
        assert_eq!(kind(b"\x0b"), "import", "a group");
        assert_eq!(kind(b"\x0e"), "import");
    }
}
