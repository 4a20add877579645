//! The weights of a layer (`format-spec/packed.md`, section 10): converts its array to a matrix of integers or floats, and back.

use crate::base::error::Result;
use crate::encoding::{Codes, Encoded, Values, Weights, encode, fixed_point};
use crate::format::packed::allocate::filled;
use crate::format::packed::coder::Coder;
use crate::format::packed::matrix::columns::Columns;
use crate::format::packed::matrix::elements::{self, Bounds};
use crate::format::packed::prediction::floats::Float;
use crate::graph::Linear;

/// The layer whose weights are coded, with the parts of it that were coded before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownLayer<'a> {
    pub(crate) linear: &'a Linear,
    pub(crate) columns: &'a Columns,
    pub(crate) levels: &'a [f32],
    /// Its number among the layers with weights.
    pub(crate) number: usize,
}

/// Codes the weights of `layer`. A decoder passes none as `given`.
pub(crate) fn code(coder: &mut impl Coder, layer: &KnownLayer<'_>, given: Option<Weights<'_>>) -> Result<Encoded> {
    let (linear, cols) = (layer.linear, layer.columns.len);
    let given = given.map_or_else(|| Ok(Vec::new()), |weights| codes(&weights))?;
    let codes = match linear.encoding.values() {
        Values::F32 => elements::floats(coder, linear.rows, layer.columns, &given, Float::f32(), layer.number)?,
        Values::F16 => elements::floats(coder, linear.rows, layer.columns, &given, Float::f16(), layer.number)?,
        Values::FixedPoint { bits } => code_integers(coder, layer, &given, &Integers::fixed_point(bits))?,
        Values::Ternary => code_integers(coder, layer, &given, &Integers::TERNARY)?,
        Values::Codebook { .. } if linear.encoding.slots().is_some() => {
            code_integers(coder, layer, &given, &Integers::sparse_indices(layer.levels))?
        }
        Values::Codebook { .. } => code_integers(coder, layer, &given, &Integers::indices(layer.levels))?,
    };
    let codes = Codes::Matrix { rows: linear.rows, cols, codes };
    let encoded = encode(linear.encoding, layer.levels, Some(linear.pattern.units), codes);
    // `encode` sets a ternary level to zero if no weight uses it. The levels of the stream are kept, so the validator refuses such a level.
    Ok(Encoded { levels: layer.levels.to_vec(), ..encoded })
}

/// The code of every weight, row-major.
///
/// # Errors
/// `no_memory`: a small file may have a sparse layer of any size.
fn codes(weights: &Weights<'_>) -> Result<Vec<u32>> {
    match weights.codes() {
        Codes::Matrix { codes, .. } => Ok(codes),
        Codes::Entries(entries) => {
            let mut matrix = filled(0, entries.rows().saturating_mul(entries.cols()))?;
            entries.fill(&mut matrix);
            Ok(matrix)
        }
    }
}

/// The mapping of a layer's codes to integers around zero, and the bounds of these integers.
struct Integers {
    bounds: Bounds,
    code: Coding,
}

/// The mapping from a code to its integer.
enum Coding {
    /// The code is the integer.
    Signed,
    /// Digits 0, 1 and 2 are 0, 1 and -1.
    Digit,
    /// Indices, counted from the level that is nearest to zero.
    From(i16),
    /// Indices from 1 of levels without zero; 0 is no entry. The number given is that of negative levels: these count down from -1, the
    /// others up from 1.
    Around(i16),
}

impl Integers {
    const TERNARY: Self = Self { bounds: Bounds { negative: 1, positive: 1 }, code: Coding::Digit };

    fn fixed_point(bits: u32) -> Self {
        let greatest = fixed_point::greatest(bits).unsigned_abs();
        Self { bounds: Bounds { negative: greatest, positive: greatest }, code: Coding::Signed }
    }

    fn indices(levels: &[f32]) -> Self {
        let nearest = levels.iter().enumerate().min_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()));
        let zero = nearest.map_or(0, |(i, _)| i);
        Self { bounds: Self::bounds(zero, levels.len().saturating_sub(zero).saturating_sub(1)), code: Coding::From(small(zero)) }
    }

    fn sparse_indices(levels: &[f32]) -> Self {
        let below = levels.iter().filter(|&&level| level < 0.0).count();
        Self { bounds: Self::bounds(below, levels.len().saturating_sub(below)), code: Coding::Around(small(below)) }
    }

    fn bounds(negative: usize, positive: usize) -> Bounds {
        let number = |n| u32::try_from(n).expect("invariant: at most 256 levels");
        Bounds { negative: number(negative), positive: number(positive) }
    }

    fn integer(&self, code: u32) -> i16 {
        let n = i16::try_from(code.cast_signed()).expect("invariant: codes have 8 bits at most");
        match self.code {
            Coding::Signed => n,
            Coding::Digit => {
                if n == 2 {
                    -1
                } else {
                    n
                }
            }
            Coding::From(zero) => n.saturating_sub(zero),
            Coding::Around(_) if n == 0 => 0,
            Coding::Around(below) if n <= below => n.saturating_sub(below).saturating_sub(1),
            Coding::Around(below) => n.saturating_sub(below),
        }
    }

    fn code(&self, integer: i16) -> u32 {
        let code = match self.code {
            Coding::Signed => integer,
            Coding::Digit => {
                if integer == -1 {
                    2
                } else {
                    integer
                }
            }
            Coding::From(zero) => integer.saturating_add(zero),
            Coding::Around(_) if integer == 0 => 0,
            Coding::Around(below) if integer < 0 => integer.saturating_add(below).saturating_add(1),
            Coding::Around(below) => integer.saturating_add(below),
        };
        i32::from(code).cast_unsigned()
    }
}

fn small(n: usize) -> i16 {
    i16::try_from(n).expect("invariant: at most 256 levels")
}

/// Codes a matrix of integers.
fn code_integers(coder: &mut impl Coder, layer: &KnownLayer<'_>, given: &[u32], integers: &Integers) -> Result<Vec<u32>> {
    let given: Vec<i16> = given.iter().map(|&code| integers.integer(code)).collect();
    let coded = elements::integers(coder, layer.linear.rows, layer.columns, &given, integers.bounds, layer.number)?;
    Ok(coded.into_iter().map(|integer| integers.code(integer)).collect())
}
