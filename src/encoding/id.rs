//! The encodings: the pairs of a [`Layout`] and [`Values`] that the format has, with their ids, names and parameters.

use super::layout::Layout;
use super::layout::fields::WordLayout;
use super::layout::pattern::SlotLayout;
use super::values::{Values, index_bits};
use crate::base::checked;
use crate::base::error::{Defect, Error, ErrorKind, Result};
use std::fmt;
use std::str::FromStr;

/// An encoding with its parameter: one of the pairs of layout and values that the format has.
///
/// [`Display`](fmt::Display) and [`FromStr`] spell it as in options and reports: `ternary`, `fixed_point:5`, `block_f32:16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// 32-bit floats.
    DenseF32,
    /// 16-bit floats. Kernels widen them to 32 bits.
    DenseF16,
    /// Integers of `bits` bits times a step.
    FixedPoint {
        /// 2 to 8.
        bits: u32,
    },
    /// A negative level, zero and a positive level.
    Ternary,
    /// An index into `levels` levels.
    Codebook {
        /// K, 2 to 256.
        levels: usize,
    },
    /// 32-bit floats; only those that are not zero are stored.
    SparseF32,
    /// Integers of `bits` bits times a step; only those that are not zero are stored.
    SparseFixedPoint {
        /// 2 to 8.
        bits: u32,
    },
    /// One of `levels` levels, or zero.
    SparseCodebook {
        /// K, 1 to 15.
        levels: usize,
    },
    /// 32-bit floats in blocks of `height` rows and one column.
    BlockF32 {
        /// 8 or 16.
        height: usize,
    },
}

/// What [`Encoding::from_str`] accepts, for messages.
const ACCEPTED: &str = "dense_f32, dense_f16, fixed_point:BITS (2 to 8), codebook:K (2 to 256), ternary, sparse_f32, \
                        sparse_fixed_point:BITS (2 to 8), sparse_codebook:K (1 to 15) or block_f32:ROWS (8 or 16)";

impl Encoding {
    /// One of each kind, in the order of their ids, with the parameters that tests and benches use.
    pub const ALL: [Encoding; 9] = [
        Self::DenseF32,
        Self::DenseF16,
        Self::FixedPoint { bits: 5 },
        Self::Ternary,
        Self::Codebook { levels: 16 },
        Self::SparseF32,
        Self::SparseFixedPoint { bits: 5 },
        Self::SparseCodebook { levels: 15 },
        Self::BlockF32 { height: 16 },
    ];

    /// The encoding of a file's fields `encoding` and `parameter`.
    ///
    /// # Errors
    /// `unknown_id`; `codebook` for a parameter that the encoding does not allow.
    pub fn from_fields(id: u32, parameter: u32, offset: u64) -> Result<Self> {
        let unknown = |message: String| Err(Error::at(Defect::UnknownId, offset, message));
        match (id, parameter) {
            (0, 0) => Ok(Self::DenseF32),
            (1, 0) => Ok(Self::DenseF16),
            (2, 2..=8) => Ok(Self::FixedPoint { bits: parameter }),
            (3, 0) => Ok(Self::Ternary),
            (4, 2..=256) => Ok(Self::Codebook { levels: checked::from_u32(parameter) }),
            (5, 0) => Ok(Self::SparseF32),
            (6, 2..=8) => Ok(Self::SparseFixedPoint { bits: parameter }),
            (7, 1..=15) => Ok(Self::SparseCodebook { levels: checked::from_u32(parameter) }),
            (8, 8 | 16) => Ok(Self::BlockF32 { height: checked::from_u32(parameter) }),
            (2..=4 | 6 | 7, p) => {
                let message = format!("encoding {id} does not take the parameter {p}");
                Err(Error::at(Defect::Codebook, offset, message))
            }
            (0 | 1 | 5 | 8, p) => unknown(format!("weights of encoding {id} do not take the parameter {p}")),
            _ => unknown(format!("encoding {id} is not known")),
        }
    }

    /// The file's fields `encoding` and `parameter`.
    #[must_use]
    pub fn to_fields(self) -> (u32, u32) {
        let number = |n| u32::try_from(n).expect("invariant: at most 256");
        match self {
            Self::DenseF32 => (0, 0),
            Self::DenseF16 => (1, 0),
            Self::FixedPoint { bits } => (2, bits),
            Self::Ternary => (3, 0),
            Self::Codebook { levels } => (4, number(levels)),
            Self::SparseF32 => (5, 0),
            Self::SparseFixedPoint { bits } => (6, bits),
            Self::SparseCodebook { levels } => (7, number(levels)),
            Self::BlockF32 { height } => (8, number(height)),
        }
    }

    /// The encoding's name without its parameter.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DenseF32 => "dense_f32",
            Self::DenseF16 => "dense_f16",
            Self::FixedPoint { .. } => "fixed_point",
            Self::Ternary => "ternary",
            Self::Codebook { .. } => "codebook",
            Self::SparseF32 => "sparse_f32",
            Self::SparseFixedPoint { .. } => "sparse_fixed_point",
            Self::SparseCodebook { .. } => "sparse_codebook",
            Self::BlockF32 { .. } => "block_f32",
        }
    }

    /// The layout: where weights lie.
    #[must_use]
    pub fn layout(self) -> Layout {
        match self {
            Self::DenseF32 | Self::DenseF16 => Layout::Dense,
            Self::FixedPoint { bits } => Layout::Words(WordLayout::new(bits, 1)),
            Self::Ternary => Layout::Words(WordLayout::TERNARY),
            Self::Codebook { levels } => Layout::Words(WordLayout::new(index_bits(levels), 1)),
            Self::SparseF32 => Layout::Slots(SlotLayout::FLOATS),
            Self::SparseFixedPoint { bits } => Layout::Slots(SlotLayout::codes(bits)),
            Self::SparseCodebook { levels } => Layout::Slots(SlotLayout::codes(index_bits(levels.saturating_add(1)))),
            Self::BlockF32 { height } => Layout::Blocks { height },
        }
    }

    /// The values: what codes stand for.
    #[must_use]
    pub fn values(self) -> Values {
        match self {
            Self::DenseF32 | Self::SparseF32 | Self::BlockF32 { .. } => Values::F32,
            Self::DenseF16 => Values::F16,
            Self::FixedPoint { bits } | Self::SparseFixedPoint { bits } => Values::FixedPoint { bits },
            Self::Ternary => Values::Ternary,
            Self::Codebook { levels } | Self::SparseCodebook { levels } => Values::Codebook { levels },
        }
    }

    /// The number of levels in the tables section.
    #[must_use]
    pub fn level_count(self) -> usize {
        self.values().level_count()
    }

    /// Whether layers may have row factors.
    #[must_use]
    pub fn allows_row_factors(self) -> bool {
        self.level_count() > 0
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_fields() {
            (_, 0) => f.write_str(self.name()),
            (_, parameter) => write!(f, "{}:{parameter}", self.name()),
        }
    }
}

impl FromStr for Encoding {
    type Err = Error;

    /// # Errors
    /// `input`; the message lists what is accepted.
    fn from_str(label: &str) -> Result<Self> {
        let (name, parameter) = match label.split_once(':') {
            Some((name, parameter)) => (name, parameter.parse().ok().filter(|&parameter| parameter > 0)),
            None => (label, Some(0)),
        };
        let id = Self::ALL.iter().find(|encoding| encoding.name() == name).map(|encoding| encoding.to_fields().0);
        let encoding = id.zip(parameter).and_then(|(id, parameter)| Self::from_fields(id, parameter, 0).ok());
        encoding.ok_or_else(|| Error::new(ErrorKind::Input, format!("{label:?} is not an encoding, expected {ACCEPTED}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_is_read_back_from_its_name_and_its_fields() {
        let mut count = 0;
        for (id, parameter) in (0..10).flat_map(|id| (0..300).map(move |parameter| (id, parameter))) {
            let Ok(encoding) = Encoding::from_fields(id, parameter, 0) else { continue };
            assert_eq!(encoding.to_fields(), (id, parameter));
            assert_eq!(encoding.to_string().parse::<Encoding>().unwrap(), encoding);
            count += 1;
        }
        assert_eq!(count, 4 + 7 + 255 + 7 + 15 + 2);
        for (id, encoding) in Encoding::ALL.into_iter().enumerate() {
            assert_eq!(u32::try_from(id).unwrap(), encoding.to_fields().0, "the list is in the order of the ids");
            assert!(ACCEPTED.contains(encoding.name()), "{encoding}");
        }
    }

    #[test]
    fn what_is_no_encoding_is_refused_with_what_is_accepted() {
        let wrong =
            ["", "tern", "codebook", "codebook:1", "codebook:257", "fixed_point:9", "ternary:0", "dense_f32:0", "dense_f32:1"];
        for label in wrong.into_iter().chain(["codebook:", "block_f32:12", "sparse_codebook:16", "x:4", "fixed_point:-2", ":"]) {
            let error = label.parse::<Encoding>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Input, "{label}");
            assert!(error.to_string().contains("block_f32:ROWS (8 or 16)"), "{error}");
        }
    }
}
