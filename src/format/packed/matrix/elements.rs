//! The elements of a matrix (`format-spec/packed.md`, section 8): a flag for each that is not zero, then its sign and magnitude.
#![allow(clippy::indexing_slicing)] // by columns of `Columns`, which are at most its length

use super::columns::Columns;
use super::magnitudes::{Magnitudes, Signs};
use super::place::Place;
use super::zeros::Zeros;
use crate::base::error::Result;
use crate::format::packed::allocate::filled;
use crate::format::packed::coder::{Coder, Part};
use crate::format::packed::prediction::floats::Float;

/// The greatest magnitudes of the negative and of the positive integers of a matrix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) negative: u32,
    pub(crate) positive: u32,
}

/// Codes a `[rows, columns]` matrix row by row. `other` codes an element that is not zero. It returns the element, and the small number that
/// stands for it in the contexts of its neighbours.
fn elements<C: Coder, T: Copy + Default + PartialEq>(
    coder: &mut C,
    rows: usize,
    columns: &Columns,
    values: &[T],
    zeros: Part,
    mut other: impl FnMut(&mut C, &Place<'_>, T) -> Result<(T, i32)>,
) -> Result<Vec<T>> {
    // Nothing is coded: no memory is spent on models of the columns, which nothing bounds then.
    if rows == 0 {
        return Ok(Vec::new());
    }
    let memory = coder.memory();
    let mut out = memory.list(rows.saturating_mul(columns.len), "the elements of a packed matrix")?;
    let mut model = Zeros::new(columns, memory)?;
    let mut row_values = filled(0, columns.len.saturating_add(1), memory)?;
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

/// Codes the integers of layer `layer`. A decoder passes no `values`.
pub(crate) fn integers(
    coder: &mut impl Coder,
    rows: usize,
    columns: &Columns,
    values: &[i16],
    bounds: Bounds,
    layer: usize,
) -> Result<Vec<i16>> {
    if rows == 0 {
        return Ok(Vec::new());
    }
    let mut signs = Signs::new(columns, coder.memory())?;
    let mut magnitudes = Magnitudes::new(columns, coder.memory())?;
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

/// Codes the floats of layer `layer`, given as bits; only +0 counts as zero. A decoder passes no `bits`.
pub(crate) fn floats(
    coder: &mut impl Coder,
    rows: usize,
    columns: &Columns,
    bits: &[u32],
    mut float: Float,
    layer: usize,
) -> Result<Vec<u32>> {
    if rows == 0 {
        return Ok(Vec::new());
    }
    let mut signs = Signs::new(columns, coder.memory())?;
    elements(coder, rows, columns, bits, Part::Zeros(layer), |coder, place, bits| {
        coder.enter(Part::Signs(layer));
        let negative = signs.code(coder, place, float.is_negative(bits))?;
        coder.enter(Part::Magnitudes(layer));
        let bits = float.code_magnitude(coder, bits)?;
        Ok((float.with_sign(bits, negative), if negative { -1 } else { 1 }))
    })
}

/// Codes a mask as a matrix of one row.
pub(crate) fn mask(coder: &mut impl Coder, columns: &Columns, flags: &[bool], part: Part) -> Result<Vec<bool>> {
    elements(coder, 1, columns, flags, part, |_, _, _| Ok((true, 1)))
}
