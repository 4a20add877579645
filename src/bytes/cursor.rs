//! A bounded reader of little-endian fields that knows its place in the file.

use crate::base::checked::{from_u32, to_u64};
use crate::base::error::{Defect, Error, ErrorKind, Result};

/// Reads a section from its start to its end.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    rest: &'a [u8],
    offset: u64,
    section: &'static str,
}

impl<'a> Cursor<'a> {
    /// A cursor over `bytes`, which start at byte `offset` of the file; `section` names them in messages.
    #[must_use]
    pub fn new(bytes: &'a [u8], offset: u64, section: &'static str) -> Self {
        Self { rest: bytes, offset, section }
    }

    /// The byte of the file that is read next.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes left.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// The next `n` bytes.
    ///
    /// # Errors
    /// `bounds` when fewer are left.
    pub fn bytes(&mut self, n: usize, what: &str) -> Result<&'a [u8]> {
        let (head, tail) = self.rest.split_at_checked(n).ok_or_else(|| {
            let message = format!("{what} needs {n} bytes, the {} section has {} left", self.section, self.rest.len());
            Error::at(Defect::Bounds, self.offset, message)
        })?;
        self.rest = tail;
        self.offset = self.offset.saturating_add(to_u64(n));
        Ok(head)
    }

    /// The next `u32`.
    ///
    /// # Errors
    /// `bounds`.
    pub fn u32(&mut self, what: &str) -> Result<u32> {
        let bytes = self.bytes(4, what)?;
        Ok(u32::from_le_bytes(bytes.try_into().expect("invariant: 4 bytes were taken")))
    }

    /// The next `u64`.
    ///
    /// # Errors
    /// `bounds`.
    pub fn u64(&mut self, what: &str) -> Result<u64> {
        let bytes = self.bytes(8, what)?;
        Ok(u64::from_le_bytes(bytes.try_into().expect("invariant: 8 bytes were taken")))
    }

    /// The next `u32`, as a count of at most `max`.
    ///
    /// # Errors
    /// `bounds`, `limit`.
    pub fn count(&mut self, max: u64, what: &str) -> Result<usize> {
        let at = self.offset;
        let n = self.u32(what)?;
        if u64::from(n) > max {
            return Err(Error::at(ErrorKind::Limit, at, format!("{what} is {n}, the limit is {max}")));
        }
        Ok(from_u32(n))
    }

    /// The next `n` little-endian words of 4 bytes.
    ///
    /// # Errors
    /// `bounds`.
    pub fn words(&mut self, n: usize, what: &str) -> Result<impl Iterator<Item = u32> + use<'a>> {
        let len = n.saturating_mul(4);
        let bytes = self.bytes(len, what)?;
        Ok(bytes.chunks_exact(4).map(|b| u32::from_le_bytes(b.try_into().expect("invariant: chunks of 4"))))
    }

    /// Ends the section.
    ///
    /// # Errors
    /// `trailing` when bytes are left.
    pub fn finish(self) -> Result<()> {
        if self.rest.is_empty() {
            return Ok(());
        }
        let message = format!("{} bytes are left over in the {} section", self.rest.len(), self.section);
        Err(Error::at(Defect::Trailing, self.offset, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_within_bounds_and_says_where_it_stopped() {
        let mut cursor = Cursor::new(&[1, 0, 0, 0, 2, 0], 100, "graph");
        assert_eq!(cursor.u32("a").unwrap(), 1);
        let error = cursor.u32("the node count").unwrap_err();
        assert_eq!((error.kind(), error.offset()), (ErrorKind::Format(Defect::Bounds), Some(104)));
        assert_eq!(cursor.clone().finish().unwrap_err().kind(), ErrorKind::Format(Defect::Trailing));
        assert!(cursor.words(usize::MAX, "words").is_err());
        assert_eq!(cursor.bytes(2, "rest").unwrap(), [2, 0]);
        cursor.finish().unwrap();
    }
}
