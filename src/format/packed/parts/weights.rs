//! The weights of a layer (`format-spec/packed.md`, section 10): converts its array to a matrix of integers or floats, and back.

use crate::base::error::Result;
use crate::base::memory::{MemoryBudget, bytes_of};
use crate::encoding::{Codes, Encoded, Values, Weights, encode, fixed_point};
use crate::format::packed::allocate::filled;
use crate::format::packed::coder::Coder;
use crate::format::packed::matrix::columns::Columns;
use crate::format::packed::matrix::elements::{self, Bounds};
use crate::format::packed::prediction::floats::Float;
use crate::graph::Linear;

/// What messages call the memory of this page.
const CODES: &str = "the codes of a packed layer";

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
    let given = given.map_or_else(|| Ok(Vec::new()), |weights| codes(&weights, coder.memory()))?;
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
    coder.memory().charge(encoding_bytes(linear, cols, &codes)?, CODES)?;
    let codes = Codes::Matrix { rows: linear.rows, cols, codes };
    let encoded = encode(linear.encoding, layer.levels, Some(linear.pattern.units), codes);
    // `encode` sets a ternary level to zero if no weight uses it. The levels of the stream are kept, so the validator refuses such a level.
    Ok(Encoded { levels: layer.levels.to_vec(), ..encoded })
}

/// Bytes that listing the codes of stored weights takes at most: the list doubles while it grows.
fn codes_bytes(weights: &Weights<'_>) -> u64 {
    match weights {
        Weights::Sparse(view) => entries_bytes(weights.rows(), view.nonzeros()),
        Weights::Blocks(view) => entries_bytes(weights.rows(), view.lists().entries().saturating_mul(view.height())),
        _ => bytes_of::<u32>(weights.rows().saturating_mul(weights.cols())).saturating_mul(4),
    }
}

/// Bytes that a matrix of `rows` rows takes as a list of `entries` weights that are not zero.
fn entries_bytes(rows: usize, entries: usize) -> u64 {
    bytes_of::<[usize; 3]>(rows.saturating_add(2)).saturating_add(bytes_of::<[(usize, u32); 3]>(entries.saturating_add(4)))
}

/// Bytes that encoding the codes of a layer takes at most: its values in another type, or the list of those that are not zero; and its array,
/// once more while it grows.
fn encoding_bytes(linear: &Linear, cols: usize, codes: &[u32]) -> Result<u64> {
    let array = linear.encoding.array_bytes(linear.pattern, linear.rows, cols)?.saturating_mul(3);
    let values = match linear.encoding.lists(1) {
        0 => bytes_of::<u32>(codes.len()),
        _ => entries_bytes(linear.rows, codes.iter().filter(|&&code| code != 0).count()),
    };
    Ok(array.saturating_add(values).saturating_add(bytes_of::<u32>(linear.rows).saturating_mul(3)))
}

/// The code of every weight, row-major.
///
/// # Errors
/// `limit`, `no_memory`: a small file may have a sparse layer of any size.
fn codes(weights: &Weights<'_>, memory: &mut MemoryBudget) -> Result<Vec<u32>> {
    memory.charge(codes_bytes(weights), CODES)?;
    match weights.codes() {
        Codes::Matrix { codes, .. } => Ok(codes),
        Codes::Entries(entries) => {
            let mut matrix = filled(0, entries.rows().saturating_mul(entries.cols()), memory)?;
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
    let given = coder.memory().collect(given.len(), given.iter().map(|&code| integers.integer(code)), CODES)?;
    let coded = elements::integers(coder, layer.linear.rows, layer.columns, &given, integers.bounds, layer.number)?;
    coder.memory().collect(coded.len(), coded.into_iter().map(|integer| integers.code(integer)), CODES)
}
