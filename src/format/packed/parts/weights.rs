//! The weights of a layer (`format-spec/packed.md`, section 10): its array as a matrix of integers or floats, and back.

use crate::base::error::Result;
use crate::encoding::{Encoded, Encoding, Entries, Weights, block, codebook, dense, fixed_point, sparse, ternary};
use crate::format::packed::allocate::filled;
use crate::format::packed::coder::Coder;
use crate::format::packed::matrix::columns::Columns;
use crate::format::packed::matrix::elements::{self, Bounds};
use crate::format::packed::prediction::floats::Float;
use crate::graph::Linear;
use half::f16;

/// The layer whose weights are coded: what was coded of it before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownLayer<'a> {
    pub(crate) linear: &'a Linear,
    pub(crate) columns: &'a Columns,
    pub(crate) levels: &'a [f32],
    /// Its number among the layers with weights.
    pub(crate) number: usize,
}

/// Codes the weights of `layer`. A decoder has none `given`.
pub(crate) fn code(coder: &mut impl Coder, layer: &KnownLayer<'_>, given: Option<Weights<'_>>) -> Result<Encoded> {
    let (rows, cols, encoding) = (layer.linear.rows, layer.columns.len, layer.linear.encoding);
    let units = layer.linear.pattern.units;
    match encoding {
        Encoding::DenseF32 => Ok(dense::encode_f32(rows, cols, &code_floats(coder, layer, given)?)),
        Encoding::DenseF16 => Ok(dense::encode_f16(rows, cols, &code_floats(coder, layer, given)?)),
        Encoding::SparseF32 => {
            let entries = Entries::of_floats(rows, cols, &code_floats(coder, layer, given)?);
            Ok(sparse::encode(encoding, layer.levels, units, &entries))
        }
        Encoding::BlockF32 { height } => {
            Ok(block::encode(height, &Entries::of_floats(rows, cols, &code_floats(coder, layer, given)?)))
        }
        Encoding::FixedPoint { bits } => {
            let integers = code_fixed_point(coder, layer, given, bits)?;
            let step = *layer.levels.first().expect("invariant: a step");
            Ok(fixed_point::encode(rows, cols, bits, step, &integers))
        }
        Encoding::SparseFixedPoint { bits } => {
            let entries = Entries::of_integers(rows, cols, &code_fixed_point(coder, layer, given, bits)?);
            Ok(sparse::encode(encoding, layer.levels, units, &entries))
        }
        Encoding::Ternary => {
            let signs = code_integers(coder, layer, given, Bounds { negative: 1, positive: 1 }, digit_sign)?;
            let signs: Vec<i8> =
                signs.into_iter().map(|sign| i8::try_from(sign).expect("invariant: within the bounds")).collect();
            let [negative, positive] = *layer.levels else { unreachable!("invariant: two levels") };
            let encoded = ternary::encode(rows, cols, negative, positive, &signs);
            // `encode` zeroes a level that no weight uses. The stream's levels stay as they are, so that the validator refuses such a level.
            Ok(Encoded { levels: layer.levels.to_vec(), ..encoded })
        }
        Encoding::Codebook { .. } => code_indices(coder, layer, given),
        Encoding::SparseCodebook { .. } => code_sparse_indices(coder, layer, given),
    }
}

/// Codes integers of `bits` bits.
fn code_fixed_point(coder: &mut impl Coder, layer: &KnownLayer<'_>, given: Option<Weights<'_>>, bits: u32) -> Result<Vec<i8>> {
    let greatest = fixed_point::greatest(bits).unsigned_abs();
    let bounds = Bounds { negative: greatest, positive: greatest };
    // A field of a word has `bits` bits. An entry of a list is sign-extended already; extending it again changes nothing.
    let integers = code_integers(coder, layer, given, bounds, |code| small(fixed_point::sign_extend(code, bits)))?;
    Ok(integers.into_iter().map(|q| i8::try_from(q).expect("invariant: within the bounds")).collect())
}

fn small(n: i32) -> i16 {
    i16::try_from(n).expect("invariant: codes have 8 bits at most")
}

fn digit_sign(digit: u32) -> i16 {
    match digit {
        0 => 0,
        1 => 1,
        _ => -1,
    }
}

/// Codes a matrix of integers; `integer` turns a stored code into one.
fn code_integers(
    coder: &mut impl Coder,
    layer: &KnownLayer<'_>,
    given: Option<Weights<'_>>,
    bounds: Bounds,
    integer: impl Fn(u32) -> i16,
) -> Result<Vec<i16>> {
    let mut values = Vec::new();
    let cols = layer.columns.len;
    match given {
        Some(Weights::FixedPoint(w)) => w.words().for_each_code(|code| values.push(integer(code))),
        Some(Weights::Codebook(w)) => w.words().for_each_code(|code| values.push(integer(code))),
        Some(Weights::Ternary(w)) => w.words().for_each_field(|_, field, code| {
            let left = cols.saturating_sub(field.saturating_mul(3));
            values.extend(ternary::digits(code).into_iter().take(left).map(&integer));
        }),
        Some(Weights::Sparse(w)) => {
            let entries = w.entries();
            values = filled(0, layer.linear.rows.saturating_mul(cols))?;
            for (row, values) in values.chunks_exact_mut(cols.max(1)).enumerate() {
                for &(col, code) in entries.row(row) {
                    *values.get_mut(col).expect("invariant: a column of the matrix") = integer(code);
                }
            }
        }
        Some(Weights::DenseF32(_) | Weights::DenseF16(_) | Weights::Blocks(_)) | None => {}
    }
    elements::integers(coder, layer.linear.rows, layer.columns, &values, bounds, layer.number)
}

/// Codes indices relative to the index of the level nearest to zero.
fn code_indices(coder: &mut impl Coder, layer: &KnownLayer<'_>, given: Option<Weights<'_>>) -> Result<Encoded> {
    let nearest = layer.levels.iter().enumerate().min_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()));
    let zero = nearest.map_or(0, |(i, _)| small(i32::try_from(i).expect("invariant: at most 256 levels")));
    let last = small(i32::try_from(layer.levels.len()).expect("invariant: at most 256 levels")).saturating_sub(1);
    let bounds =
        Bounds { negative: u32::from(zero.unsigned_abs()), positive: u32::from(last.saturating_sub(zero).unsigned_abs()) };
    let index = |code| i16::try_from(code).expect("invariant: indices have 8 bits at most").saturating_sub(zero);
    let indices = code_integers(coder, layer, given, bounds, index)?;
    let index = |offset: i16| u8::try_from(offset.saturating_add(zero)).expect("invariant: within the bounds");
    let indices: Vec<u8> = indices.into_iter().map(index).collect();
    Ok(codebook::encode(layer.linear.rows, layer.columns.len, layer.levels, &indices))
}

/// Codes indices of levels, none of which is zero: negative levels count down from -1, positive ones up from 1.
fn code_sparse_indices(coder: &mut impl Coder, layer: &KnownLayer<'_>, given: Option<Weights<'_>>) -> Result<Encoded> {
    let below = layer.levels.iter().filter(|&&level| level < 0.0).count();
    let below = small(i32::try_from(below).expect("invariant: at most 15 levels"));
    let count = small(i32::try_from(layer.levels.len()).expect("invariant: at most 15 levels"));
    let above = count.saturating_sub(below);
    let bounds = Bounds { negative: u32::from(below.unsigned_abs()), positive: u32::from(above.unsigned_abs()) };
    // Codes count the levels from 1.
    let integer = |code: u32| {
        let code = i16::try_from(code).expect("invariant: at most 15 levels");
        if code <= below { code.saturating_sub(below).saturating_sub(1) } else { code.saturating_sub(below) }
    };
    let integers = code_integers(coder, layer, given, bounds, integer)?;
    let index = |integer: i16| match integer {
        0 => 0,
        1.. => integer.saturating_add(below),
        _ => integer.saturating_add(below).saturating_add(1),
    };
    let indices = integers.into_iter().map(|integer| u8::try_from(index(integer)).expect("invariant: within the bounds"));
    let entries = Entries::of_indices(layer.linear.rows, layer.columns.len, &indices.collect::<Vec<_>>());
    Ok(sparse::encode(layer.linear.encoding, layer.levels, layer.linear.pattern.units, &entries))
}

fn code_floats(coder: &mut impl Coder, layer: &KnownLayer<'_>, given: Option<Weights<'_>>) -> Result<Vec<f32>> {
    let is_half = layer.linear.encoding == Encoding::DenseF16;
    let values = given.map_or_else(Vec::new, |weights| weights.decode());
    let bits = |value: f32| if is_half { u32::from(f16::from_f32(value).to_bits()) } else { value.to_bits() };
    let bits: Vec<u32> = values.into_iter().map(bits).collect();
    let float = if is_half { Float::f16() } else { Float::f32() };
    let bits = elements::floats(coder, layer.linear.rows, layer.columns, &bits, float, layer.number)?;
    let value = |bits: u32| match u16::try_from(bits) {
        Ok(half) if is_half => f16::from_bits(half).to_f32(),
        _ => f32::from_bits(bits),
    };
    Ok(bits.into_iter().map(value).collect())
}
