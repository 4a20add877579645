//! Matrices of weights and masks (`format-spec/packed.md`, section 8): which elements are zero, then what the others are.
#![allow(clippy::indexing_slicing)] // by columns of `Columns`, which are at most its length

use super::coder::{Coder, Part};
use super::columns::{Columns, filled, with_capacity};
use super::floats::Float;
use super::magnitudes::{Magnitudes, Signs};
use super::zeros::Zeros;
use crate::base::error::Result;

/// Where the next element stands.
pub(super) struct Place<'a> {
    pub(super) columns: &'a Columns,
    pub(super) row: usize,
    pub(super) col: usize,
    /// This row's elements before it, as small numbers with their signs; 0 for those to come, and one 0 more for a neighbour that is none.
    pub(super) values: &'a [i32],
}

/// The greatest magnitudes of an integer matrix.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) negative: u32,
    pub(super) positive: u32,
}

/// Codes a `rows` x `columns` matrix, row by row: a flag for each element that is not zero, then `other`, which gives the element back
/// with a small number that stands for it among its neighbours.
fn elements<C: Coder, T: Copy + Default + PartialEq>(
    coder: &mut C,
    rows: usize,
    columns: &Columns,
    values: &[T],
    zeros: Part,
    mut other: impl FnMut(&mut C, &Place<'_>, T) -> Result<(T, i32)>,
) -> Result<Vec<T>> {
    let mut out = with_capacity(rows.saturating_mul(columns.len))?;
    let mut model = Zeros::new(columns)?;
    let mut row_values = filled(0, columns.len.saturating_add(1))?;
    for row in 0..if columns.len == 0 { 0 } else { rows } {
        row_values.fill(0);
        model.start_row();
        for col in 0..columns.len {
            let value = values.get(out.len()).copied().unwrap_or_default();
            let place = Place { columns, row, col, values: &row_values };
            coder.enter(zeros);
            let (value, small) = match model.code(coder, &place, value != T::default())? {
                true => other(coder, &place, value)?,
                false => (T::default(), 0),
            };
            row_values[col] = small;
            out.push(value);
        }
    }
    Ok(out)
}

/// Codes the integers of layer `layer`. When it decodes, `values` is empty.
pub(super) fn integers(
    coder: &mut impl Coder,
    rows: usize,
    columns: &Columns,
    values: &[i16],
    bounds: Bounds,
    layer: usize,
) -> Result<Vec<i16>> {
    let mut signs = Signs::new(columns)?;
    let mut magnitudes = Magnitudes::new(columns)?;
    elements(coder, rows, columns, values, Part::Zeros(layer), |coder, place, value| {
        coder.enter(Part::Signs(layer));
        let negative = match (bounds.negative, bounds.positive) {
            (0, _) => false,
            (_, 0) => true,
            _ => signs.code(coder, place, value < 0)?,
        };
        coder.enter(Part::Magnitudes(layer));
        let most = if negative { bounds.negative } else { bounds.positive };
        let magnitude = magnitudes.code(coder, place, u32::from(value.unsigned_abs()), most)?;
        let magnitude = i32::try_from(magnitude).expect("invariant: at most 255");
        let small = if negative { magnitude.saturating_neg() } else { magnitude };
        Ok((i16::try_from(small).expect("invariant: at most 255"), small))
    })
}

/// Codes the bits of the floats of layer `layer`; +0 is the zero.
pub(super) fn floats(
    coder: &mut impl Coder,
    rows: usize,
    columns: &Columns,
    bits: &[u32],
    mut float: Float,
    layer: usize,
) -> Result<Vec<u32>> {
    let mut signs = Signs::new(columns)?;
    elements(coder, rows, columns, bits, Part::Zeros(layer), |coder, place, bits| {
        coder.enter(Part::Signs(layer));
        let negative = signs.code(coder, place, float.is_negative(bits))?;
        coder.enter(Part::Magnitudes(layer));
        let bits = float.code_magnitude(coder, bits)?;
        Ok((float.with_sign(bits, negative), if negative { -1 } else { 1 }))
    })
}

/// Codes a mask as a matrix of one row.
pub(super) fn mask(coder: &mut impl Coder, columns: &Columns, flags: &[bool], part: Part) -> Result<Vec<bool>> {
    elements(coder, 1, columns, flags, part, |_, _, _| Ok((true, 1)))
}
