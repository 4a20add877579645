//! The weights of a layer (`format-spec/packed.md`, section 10): from its array to a matrix and back.

use super::coder::Coder;
use super::columns::Columns;
use super::floats::Float;
use super::matrix::{self, Bounds};
use crate::base::checked::to_u64;
use crate::base::error::{Error, ErrorKind, Result};
use crate::encoding::{Encoded, Encoding, Weights, codebook, dense, fixed_point, ternary};
use half::f16;

/// A layer whose weights are coded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layer<'a> {
    pub(super) encoding: Encoding,
    pub(super) rows: usize,
    pub(super) columns: &'a Columns,
    pub(super) levels: &'a [f32],
    /// Its number among the layers with weights.
    pub(super) number: usize,
}

/// Codes the weights of `layer`; `given` are those to be written.
pub(super) fn code(coder: &mut impl Coder, layer: &Layer<'_>, given: Option<Weights<'_>>) -> Result<Encoded> {
    match layer.encoding {
        Encoding::DenseF32 | Encoding::DenseF16 => code_floats(coder, layer, given),
        Encoding::FixedPoint { bits } => {
            let greatest = fixed_point::greatest(bits).unsigned_abs();
            let bounds = Bounds { negative: greatest, positive: greatest };
            let code = |code| small(fixed_point::sign_extend(code, bits));
            let integers = code_integers(coder, layer, given, bounds, code)?;
            let integers: Vec<i8> =
                integers.into_iter().map(|q| i8::try_from(q).expect("invariant: within the bounds")).collect();
            let step = *layer.levels.first().expect("invariant: a step");
            Ok(fixed_point::encode(layer.rows, layer.columns.len, bits, step, &integers))
        }
        Encoding::Ternary => {
            let signs = code_integers(coder, layer, given, Bounds { negative: 1, positive: 1 }, digit_sign)?;
            let signs: Vec<i8> =
                signs.into_iter().map(|sign| i8::try_from(sign).expect("invariant: within the bounds")).collect();
            let [negative, positive] = *layer.levels else { unreachable!("invariant: two levels") };
            let encoded = ternary::encode(layer.rows, layer.columns.len, negative, positive, &signs);
            // The encoder drops a level that no weight uses; the level of a stream that no weight uses is a violation.
            Ok(Encoded { levels: layer.levels.to_vec(), ..encoded })
        }
        Encoding::Codebook { .. } => code_indices(coder, layer, given),
    }
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

/// Codes a matrix of integers; `integer` makes one of a stored code.
fn code_integers(
    coder: &mut impl Coder,
    layer: &Layer<'_>,
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
        Some(Weights::DenseF32(_) | Weights::DenseF16(_)) | None => {}
    }
    matrix::integers(coder, layer.rows, layer.columns, &values, bounds, layer.number)
}

/// Indices, counted from the level that is nearest to zero.
fn code_indices(coder: &mut impl Coder, layer: &Layer<'_>, given: Option<Weights<'_>>) -> Result<Encoded> {
    let nearest = layer.levels.iter().enumerate().min_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()));
    let zero = nearest.map_or(0, |(i, _)| small(i32::try_from(i).expect("invariant: at most 256 levels")));
    let last = small(i32::try_from(layer.levels.len()).expect("invariant: at most 256 levels")).saturating_sub(1);
    let bounds =
        Bounds { negative: u32::from(zero.unsigned_abs()), positive: u32::from(last.saturating_sub(zero).unsigned_abs()) };
    let index = |code| i16::try_from(code).expect("invariant: indices have 8 bits at most").saturating_sub(zero);
    let indices = code_integers(coder, layer, given, bounds, index)?;
    let index = |offset: i16| u8::try_from(offset.saturating_add(zero)).expect("invariant: within the bounds");
    let indices: Vec<u8> = indices.into_iter().map(index).collect();
    Ok(codebook::encode(layer.rows, layer.columns.len, layer.levels, &indices))
}

fn code_floats(coder: &mut impl Coder, layer: &Layer<'_>, given: Option<Weights<'_>>) -> Result<Encoded> {
    let is_half = layer.encoding == Encoding::DenseF16;
    let values = given.map_or_else(Vec::new, |weights| weights.decode());
    let bits = |value: f32| if is_half { u32::from(f16::from_f32(value).to_bits()) } else { value.to_bits() };
    let bits: Vec<u32> = values.into_iter().map(bits).collect();
    let float = if is_half { Float::f16() } else { Float::f32() };
    let bits = matrix::floats(coder, layer.rows, layer.columns, &bits, float, layer.number)?;
    let value = |bits: u32| match u16::try_from(bits) {
        Ok(half) if is_half => f16::from_bits(half).to_f32(),
        _ => f32::from_bits(bits),
    };
    let values: Vec<f32> = bits.into_iter().map(value).collect();
    let encode = if is_half { dense::encode_f16 } else { dense::encode_f32 };
    Ok(encode(layer.rows, layer.columns.len, &values))
}

/// Refuses to begin when the weights are more than a stream of `stream_bytes` can hold: each takes at least 0.00035 bits (`format-spec/packed.md`, section 12).
pub(super) fn check_count(elements: u64, stream_bytes: usize) -> Result<()> {
    const MOST_A_BYTE: u64 = 23_000;
    if elements <= MOST_A_BYTE.saturating_mul(to_u64(stream_bytes).saturating_add(1)) {
        return Ok(());
    }
    let message =
        format!("{elements} weights and mask bits do not fit in a packed stream of {stream_bytes} bytes: it was cut off");
    Err(Error::new(ErrorKind::Truncated, message))
}
