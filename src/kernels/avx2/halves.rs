//! The two vectors of a stored one.

use crate::encoding::tiles::LANES;
use crate::kernels::simd::Rows;

/// Lanes of a vector: half the rows of a stored one.
pub(super) const HALF: usize = LANES / 2;

/// The lower (0) or upper (1) 8 of 16 rows.
#[inline(always)]
pub(super) fn half<T>(rows: &Rows<T>, which: usize) -> &[T; HALF] {
    &rows.as_chunks().0[which]
}
