//! Casts stored bytes to elements.

use crate::base::checked::to_u64;
use crate::base::error::{Defect, Error, Result};

/// `bytes` as `elements` elements of the stored type.
///
/// # Errors
/// `size` when the number of bytes is wrong, `align` when they are not aligned to an element.
pub(in crate::encoding) fn cast<T: bytemuck::AnyBitPattern>(bytes: &[u8], elements: Option<usize>) -> Result<&[T]> {
    let needed = elements.and_then(|n| n.checked_mul(size_of::<T>()));
    if needed != Some(bytes.len()) {
        let message = format!("a weight array has {} bytes, its shape needs {needed:?}", to_u64(bytes.len()));
        return Err(Error::new(Defect::Size, message));
    }
    if bytes.is_empty() {
        return Ok(&[]); // an empty array may lie anywhere
    }
    bytemuck::try_cast_slice(bytes).map_err(|error| Error::new(Defect::Align, format!("a weight array: {error}")))
}

/// Takes the next `n` elements of type `T` from `bytes`.
///
/// # Errors
/// Those of [`cast`].
pub(in crate::encoding) fn take<'a, T: bytemuck::AnyBitPattern>(bytes: &mut &'a [u8], n: Option<usize>) -> Result<&'a [T]> {
    let len = n.and_then(|n| n.checked_mul(size_of::<T>())).filter(|&len| len <= bytes.len()).unwrap_or(bytes.len());
    let (part, rest) = bytes.split_at(len);
    *bytes = rest;
    cast(part, n)
}

/// Refuses a float that no file may hold. `what` and `offset` name it in the message.
///
/// # Errors
/// `non_finite`; `non_canonical` for a negative zero.
pub(crate) fn check_float(value: f32, offset: u64, what: &str) -> Result<()> {
    if !value.is_finite() {
        return Err(Error::at(Defect::NonFinite, offset, format!("{what} is {value}")));
    }
    if value == 0.0 && value.is_sign_negative() {
        return Err(Error::at(Defect::NonCanonical, offset, format!("{what} is a negative zero")));
    }
    Ok(())
}
