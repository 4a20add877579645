//! The codes of a layer: the small integers that stand for its weights, in any layout.

use super::id::Encoding;
use super::layout::Layout;
use super::sparse::Entries;
use super::values::{Values, greatest};
use half::f16;

/// The codes of a `[rows, cols]` layer.
///
/// A code is one of these: the bits of a float, an integer in two's complement of 32 bits, a ternary digit (0 is zero, 1 the positive level,
/// 2 the negative level), or the index of a level. A sparse codebook counts its levels from 1: code 0 is a weight of zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Codes {
    /// The code of every weight.
    Matrix {
        /// The number of outputs.
        rows: usize,
        /// The number of inputs.
        cols: usize,
        /// The codes, row-major, `rows * cols` of them.
        codes: Vec<u32>,
    },
    /// The codes other than 0, with their places.
    Entries(Entries),
}

impl Codes {
    /// The codes of row-major weights. An encoding of floats rounds a weight to the nearest float; zeros become +0.
    ///
    /// # Panics
    /// When the matrix has another size, or a weight has no code in the encoding.
    #[must_use]
    pub fn of_weights(encoding: Encoding, levels: &[f32], [rows, cols]: [usize; 2], weights: &[f32]) -> Self {
        assert_eq!(Some(weights.len()), rows.checked_mul(cols), "a {rows} x {cols} layer");
        let code = |&weight: &f32| {
            code(encoding, levels, weight).unwrap_or_else(|| panic!("{weight} is no weight of {encoding} with levels {levels:?}"))
        };
        Self::Matrix { rows, cols, codes: weights.iter().map(code).collect() }
    }

    /// The numbers of outputs and inputs.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        match self {
            Self::Matrix { rows, cols, .. } => [*rows, *cols],
            Self::Entries(entries) => [entries.rows(), entries.cols()],
        }
    }

    /// The codes that this value holds, row by row: all codes, or those other than 0.
    #[must_use]
    pub fn into_held(self) -> Vec<u32> {
        match self {
            Self::Matrix { codes, .. } => codes,
            Self::Entries(entries) => entries.codes().collect(),
        }
    }

    /// The code of every weight, row-major.
    #[must_use]
    pub fn into_matrix(self) -> Vec<u32> {
        match self {
            Self::Matrix { codes, .. } => codes,
            Self::Entries(entries) => entries.matrix(),
        }
    }

    /// The codes other than 0, with their places.
    #[must_use]
    pub fn into_entries(self) -> Entries {
        match self {
            Self::Matrix { rows, cols, codes } => Entries::of_codes(rows, cols, &codes),
            Self::Entries(entries) => entries,
        }
    }
}

/// The code of a weight; `None` when the weight has no code in the encoding.
#[allow(clippy::as_conversions)] // from float to integer, which saturates, and back, which is exact up to 127
fn code(encoding: Encoding, levels: &[f32], weight: f32) -> Option<u32> {
    match encoding.values() {
        Values::F32 => Some((weight + 0.0).to_bits()),
        Values::F16 => {
            let largest = f16::MAX.to_f32();
            let rounded = f16::from_f32(weight.clamp(-largest, largest));
            Some(if rounded.to_f32() == 0.0 { 0 } else { rounded.to_bits().into() })
        }
        Values::FixedPoint { bits } => {
            let step = *levels.first()?;
            let q = (weight / step).round() as i32;
            (q.saturating_abs() <= greatest(bits) && q as f32 * step == weight).then_some(q.cast_unsigned())
        }
        Values::Ternary => [0.0, *levels.get(1)?, *levels.first()?].iter().position(|&level| level == weight)?.try_into().ok(),
        Values::Codebook { .. } if weight == 0.0 && matches!(encoding.layout(), Layout::Slots(_)) => Some(0),
        Values::Codebook { .. } => {
            let index = levels.binary_search_by(|level| level.total_cmp(&(weight + 0.0))).ok()?;
            let first = usize::from(matches!(encoding.layout(), Layout::Slots(_)));
            u32::try_from(index.checked_add(first)?).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_that_no_level_stands_for_has_no_code() {
        let fixed = Encoding::FixedPoint { bits: 3 };
        assert_eq!(code(fixed, &[0.5], -1.5), Some((-3i32).cast_unsigned()));
        assert_eq!([0.3, 2.0, f32::NAN, f32::INFINITY].map(|weight| code(fixed, &[0.5], weight)), [None; 4]);
        assert_eq!([0.0, 2.0, -1.0].map(|weight| code(Encoding::Ternary, &[-1.0, 2.0], weight)), [0, 1, 2].map(Some));
        assert_eq!(code(Encoding::Ternary, &[-1.0, 2.0], 1.0), None);
        let levels = [-1.0, 0.0, 2.0];
        assert_eq!([-1.0, -0.0, 2.0].map(|weight| code(Encoding::Codebook { levels: 3 }, &levels, weight)), [0, 1, 2].map(Some));
        let sparse = Encoding::SparseCodebook { levels: 2 };
        assert_eq!([-1.0, -0.0, 2.0].map(|weight| code(sparse, &[-1.0, 2.0], weight)), [1, 0, 2].map(Some));
        assert_eq!(code(sparse, &[-1.0, 2.0], 1.0), None);
    }
}
