//! Checked arithmetic for numbers from a file: it returns an error instead of wrapping.

use super::error::{Error, ErrorKind, Result};

#[cold]
fn overflow(what: &str) -> Error {
    Error::new(ErrorKind::Limit, format!("{what} overflows 64 bits"))
}

/// `a + b`.
///
/// # Errors
/// `limit`, which names `what`, when the sum overflows.
pub fn add(a: u64, b: u64, what: &str) -> Result<u64> {
    a.checked_add(b).ok_or_else(|| overflow(what))
}

/// `a * b`.
///
/// # Errors
/// `limit`, which names `what`, when the product overflows.
pub fn mul(a: u64, b: u64, what: &str) -> Result<u64> {
    a.checked_mul(b).ok_or_else(|| overflow(what))
}

/// The least multiple of 64 that is not less than `n`.
///
/// # Errors
/// `limit` when it overflows.
pub fn align64(n: u64) -> Result<u64> {
    Ok(add(n, 63, "an aligned offset")? & !63)
}

/// `ceil(a / b)` for `b > 0`.
#[must_use]
pub fn div_ceil(a: usize, b: usize) -> usize {
    a.div_ceil(b)
}

/// `n` as an index of this machine.
///
/// # Errors
/// `limit`, which names `what`, when `n` exceeds a `usize`.
pub fn to_usize(n: u64, what: &str) -> Result<usize> {
    usize::try_from(n).map_err(|_| Error::new(ErrorKind::Limit, format!("{what} ({n}) exceeds this machine's memory")))
}

/// `n` as a `u64`; never fails on the machines that Rust supports.
#[must_use]
pub fn to_u64(n: usize) -> u64 {
    u64::try_from(n).expect("invariant: usize has at most 64 bits")
}

/// `n` as a `usize`; never fails on machines of 32 bits and more.
#[must_use]
pub fn from_u32(n: u32) -> usize {
    usize::try_from(n).expect("invariant: usize has at least 32 bits")
}

/// Whether `len` bytes from `offset` lie within `total`. The form `offset + len <= total` would be wrong: its sum can wrap.
#[must_use]
pub fn within(offset: u64, len: u64, total: u64) -> bool {
    offset <= total && len <= total.saturating_sub(offset)
}

/// `n`, if it is at most `max`.
///
/// # Errors
/// `limit`, which names `what`, the number and the limit, when `n` is greater.
pub fn at_most(n: u64, max: u64, what: &str) -> Result<u64> {
    if n <= max {
        return Ok(n);
    }
    Err(Error::new(ErrorKind::Limit, format!("{what} is {n}, the limit is {max}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_is_right_on_every_8_bit_like_triple_and_at_the_edges() {
        for offset in 0..40u64 {
            for len in 0..40u64 {
                for total in 0..40u64 {
                    assert_eq!(within(offset, len, total), offset + len <= total);
                }
            }
        }
        assert!(!within(1, u64::MAX, 0));
        assert!(!within(u64::MAX, u64::MAX, 64));
        assert!(within(u64::MAX, 0, u64::MAX));
    }

    #[test]
    fn overflow_is_an_error() {
        assert_eq!(align64(u64::MAX).unwrap_err().kind(), ErrorKind::Limit);
        assert_eq!(mul(1 << 32, 1 << 32, "x").unwrap_err().kind(), ErrorKind::Limit);
        assert_eq!((align64(0).unwrap(), align64(1).unwrap(), align64(64).unwrap()), (0, 64, 64));
    }
}
