//! Dense floats of 32 or 16 bits (`format-spec/encodings/dense.md`).

use super::encoded::Encoded;
use super::id::Encoding;
use super::layout::array::{cast, check_float};
use super::layout::tiles::Tiling;
use crate::base::checked::to_u64;
use crate::base::error::{Defect, Error, Result};
use half::f16;

/// A stored float: its bits, little-endian.
pub trait Element: bytemuck::AnyBitPattern + Eq + Default + std::fmt::Debug {
    /// The bits in the host's byte order.
    fn code(self) -> u32;
    /// The value of these bits, exact.
    fn value(code: u32) -> f32;
    /// The value, exact.
    fn to_f32(self) -> f32 {
        Self::value(self.code())
    }
}

/// The bits of an `f32`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct F32(u32);
/// The bits of an `f16`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct F16(u16);

mod casts {
    #![allow(unsafe_code)] // transparent wrappers of integers
    use super::{F16, F32};
    // SAFETY: `F32` is `repr(transparent)` over u32: no padding, every bit pattern and all zeros are values.
    unsafe impl bytemuck::Zeroable for F32 {}
    // SAFETY: as above.
    unsafe impl bytemuck::Pod for F32 {}
    // SAFETY: `F16` is `repr(transparent)` over u16: no padding, every bit pattern and all zeros are values.
    unsafe impl bytemuck::Zeroable for F16 {}
    // SAFETY: as above.
    unsafe impl bytemuck::Pod for F16 {}
}

impl Element for F32 {
    fn code(self) -> u32 {
        u32::from_le(self.0)
    }
    fn value(code: u32) -> f32 {
        f32::from_bits(code)
    }
}

impl Element for F16 {
    fn code(self) -> u32 {
        u16::from_le(self.0).into()
    }
    fn value(code: u32) -> f32 {
        f16::from_bits(u16::try_from(code).expect("invariant: codes of f16 have 16 bits")).to_f32()
    }
}

/// A stored dense array.
///
/// Invariants: (I1) `elements.len() == tiling.elements()`; (I2) the methods of `Element` convert the stored elements; they are read raw only on
/// little-endian hosts.
#[derive(Clone, Copy, Debug)]
pub struct Dense<'a, E> {
    elements: &'a [E],
    tiling: Tiling,
}

/// Dense 32-bit floats.
pub type DenseF32<'a> = Dense<'a, F32>;
/// Dense 16-bit floats.
pub type DenseF16<'a> = Dense<'a, F16>;

impl<'a, E: Element> Dense<'a, E> {
    /// The view of `bytes` as a `[rows, cols]` array.
    ///
    /// # Errors
    /// `size`, `align`.
    pub fn new(rows: usize, cols: usize, bytes: &'a [u8]) -> Result<Self> {
        let tiling = Tiling::new(rows, cols);
        let elements = cast(bytes, tiling.map(Tiling::elements))?;
        Ok(Self { elements, tiling: tiling.expect("invariant: cast refuses an array without a size") })
    }

    /// The number of outputs.
    #[must_use]
    pub fn rows(self) -> usize {
        self.tiling.rows()
    }

    /// The number of inputs.
    #[must_use]
    pub fn cols(self) -> usize {
        self.tiling.units()
    }

    /// The order of the elements.
    #[must_use]
    pub fn tiling(self) -> Tiling {
        self.tiling
    }

    /// One weight.
    #[must_use]
    #[allow(clippy::indexing_slicing)] // by (I1); a panic here is a bug of a kernel: no file can cause it
    pub fn weight(self, row: usize, col: usize) -> f32 {
        self.elements[self.tiling.index(row, col)].to_f32()
    }

    /// Checks every element. `offset` is the byte of the file where the array starts.
    ///
    /// # Errors
    /// `padding`, `non_finite`, `non_canonical`.
    pub fn check(self, offset: u64) -> Result<()> {
        let mut elements = self.elements.iter();
        let mut at = offset;
        self.tiling.visit(|row, col| {
            let element = *elements.next().expect("invariant: I1");
            if row.is_none() && element != E::default() {
                return Err(Error::at(Defect::Padding, at, "an element of a padding row is not zero"));
            }
            check_float(element.to_f32(), at, "a weight")
                .map_err(|error| error.context(format_args!("row {}, column {col}", row.unwrap_or_default())))?;
            at = at.saturating_add(to_u64(size_of::<E>()));
            Ok(())
        })
    }

    /// The bits of every element, row-major.
    #[must_use]
    #[allow(clippy::indexing_slicing)] // by (I1)
    pub fn codes(self) -> Vec<u32> {
        let row = |row| (0..self.cols()).map(move |col| self.elements[self.tiling.index(row, col)].code());
        (0..self.rows()).flat_map(row).collect()
    }
}

#[cfg(target_endian = "little")]
impl<'a> DenseF32<'a> {
    /// All elements in storage order, as SIMD kernels read them.
    #[must_use]
    pub fn raw(self) -> &'a [f32] {
        bytemuck::cast_slice(self.elements)
    }
}

#[cfg(target_endian = "little")]
impl<'a> DenseF16<'a> {
    /// The bits of all elements in storage order, as SIMD kernels read them.
    #[must_use]
    pub fn raw(self) -> &'a [u16] {
        bytemuck::cast_slice(self.elements)
    }
}

/// Encodes a row-major `[rows, cols]` matrix of finite weights as 32-bit floats. Negative zeros become +0.
///
/// # Panics
/// When the matrix has another size.
#[must_use]
pub fn encode_f32(rows: usize, cols: usize, weights: &[f32]) -> Encoded {
    encode(Encoding::DenseF32, rows, cols, weights, |w, bytes| bytes.extend_from_slice(&w.to_le_bytes()))
}

/// Encodes a row-major `[rows, cols]` matrix as 16-bit floats, rounded to nearest even. A weight beyond the range of f16 is clamped.
///
/// # Panics
/// When the matrix has another size.
#[must_use]
pub fn encode_f16(rows: usize, cols: usize, weights: &[f32]) -> Encoded {
    let largest = f16::MAX.to_f32();
    encode(Encoding::DenseF16, rows, cols, weights, |w, bytes| {
        let rounded = f16::from_f32(w.clamp(-largest, largest));
        let canonical = if rounded.to_f32() == 0.0 { f16::ZERO } else { rounded };
        bytes.extend_from_slice(&canonical.to_le_bytes());
    })
}

fn encode(encoding: Encoding, rows: usize, cols: usize, weights: &[f32], mut push: impl FnMut(f32, &mut Vec<u8>)) -> Encoded {
    assert_eq!(Some(weights.len()), rows.checked_mul(cols), "a {rows} x {cols} layer");
    let tiling = Tiling::new(rows, cols).expect("invariant: a layer in memory has few enough weights");
    let mut bytes = Vec::new();
    let matrix = |row: usize, col: usize| row.checked_mul(cols).and_then(|i| weights.get(i.checked_add(col)?)).copied();
    let done: Result<(), ()> = tiling.visit(|row, col| {
        let weight = row.and_then(|row| matrix(row, col)).unwrap_or(0.0);
        push(if weight == 0.0 { 0.0 } else { weight }, &mut bytes);
        Ok(())
    });
    done.expect("invariant: the visitor never fails");
    Encoded::dense(encoding, rows, cols, Vec::new(), bytes)
}
