//! Memory aligned to 64 bytes, which the arrays of a model and the vectors of a kernel need.
#![allow(unsafe_code)] // the two `unsafe impl` below

use super::error::{Error, Result};
use bytemuck::{Pod, Zeroable};

/// Bytes of one cache line: the alignment of weight arrays and of activation buffers.
pub const LINE_BYTES: usize = 64;

#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([u8; LINE_BYTES]);

// SAFETY: `Line` is an array of bytes: all zeros is a value of it.
unsafe impl Zeroable for Line {}
// SAFETY: `Line` is `repr(C)`, has 64 bytes at alignment 64, hence no padding, and every bit pattern is a value.
unsafe impl Pod for Line {}

/// A zeroed, 64-byte aligned buffer of `len` elements. It never grows.
#[derive(Clone, Debug)]
pub struct AlignedVec<T> {
    lines: Vec<Line>,
    len: usize,
    element: std::marker::PhantomData<T>,
}

impl<T: Pod> AlignedVec<T> {
    /// Allocates `len` zeros.
    ///
    /// # Errors
    /// `no_memory` when the allocation fails; the process never aborts.
    pub fn zeroed(len: usize) -> Result<Self> {
        let bytes = len.checked_mul(size_of::<T>()).ok_or(Error::NO_MEMORY)?;
        let mut lines = Vec::new();
        lines.try_reserve_exact(bytes.div_ceil(LINE_BYTES)).map_err(|_| Error::NO_MEMORY)?;
        lines.resize(bytes.div_ceil(LINE_BYTES), Line([0; LINE_BYTES]));
        Ok(Self { lines, len, element: std::marker::PhantomData })
    }

    /// The elements.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        bytemuck::cast_slice::<Line, T>(&self.lines).get(..self.len).expect("invariant: lines hold len elements")
    }

    /// The elements, for writing.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        bytemuck::cast_slice_mut::<Line, T>(&mut self.lines).get_mut(..self.len).expect("invariant: lines hold len elements")
    }
}

impl<T: Pod> std::ops::Deref for AlignedVec<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        self.as_slice()
    }
}

impl<T: Pod> std::ops::DerefMut for AlignedVec<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        self.as_mut_slice()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_aligned_zeroed_and_of_the_length_asked() {
        for len in [0, 1, 15, 16, 17, 1000] {
            let mut buffer = AlignedVec::<f32>::zeroed(len).unwrap();
            assert_eq!((buffer.len(), buffer.as_ptr() as usize % LINE_BYTES), (len, 0));
            assert!(buffer.iter().all(|&x| x == 0.0));
            buffer.iter_mut().for_each(|x| *x = 1.0);
            assert_eq!(buffer.iter().sum::<f32>(), len as f32);
        }
        let error = AlignedVec::<f32>::zeroed(usize::MAX / 2).unwrap_err();
        assert_eq!(error.kind(), crate::base::error::ErrorKind::NoMemory);
    }
}
