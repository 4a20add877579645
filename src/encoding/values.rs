//! What the stored code of a weight stands for, in any layout.

/// The kinds of values, each with its parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// A 32-bit float.
    F32,
    /// A 16-bit float.
    F16,
    /// An integer of `bits` bits times a step.
    FixedPoint {
        /// 2 to 8.
        bits: u32,
    },
    /// A digit: zero, the positive level or the negative level.
    Ternary,
    /// An index into `levels` levels. Sparse layouts count them from 1: their code 0 is a weight of zero.
    Codebook {
        /// K, at most 256.
        levels: usize,
    },
}

impl Values {
    /// The number of levels in the tables section.
    #[must_use]
    pub fn level_count(self) -> usize {
        match self {
            Self::F32 | Self::F16 => 0,
            Self::FixedPoint { .. } => 1,
            Self::Ternary => 2,
            Self::Codebook { levels } => levels,
        }
    }

    /// Whether there is a step, which multiplies the sums of a layer, not its weights (arithmetic.md, section 4).
    #[must_use]
    pub fn has_step(self) -> bool {
        matches!(self, Self::FixedPoint { .. })
    }
}

/// The number of codes of a field: three ternary digits, in 5 bits.
pub const FIELD_CODES: u32 = 27;

/// The three digits of a field, lowest column first: 0 is zero, 1 the positive, 2 the negative level.
#[inline(always)]
#[must_use]
#[allow(clippy::arithmetic_side_effects)] // constants
pub fn digits(code: u32) -> [u32; 3] {
    [code % 3, code / 3 % 3, code / 9 % 3]
}

/// The integer of a two's complement field of `bits` bits.
#[inline(always)]
#[must_use]
#[allow(clippy::arithmetic_side_effects)] // shifts of 24 to 30
pub fn sign_extend(code: u32, bits: u32) -> i32 {
    code.wrapping_shl(32 - bits).cast_signed() >> (32 - bits)
}

/// [`sign_extend`] as a float, exact.
#[must_use]
#[allow(clippy::as_conversions)] // at most 128
pub fn integer(code: u32, bits: u32) -> f32 {
    sign_extend(code, bits) as f32
}

/// The greatest integer of `bits` bits. The range is symmetric.
#[must_use]
#[allow(clippy::arithmetic_side_effects)] // shifts of 1 to 7
pub fn greatest(bits: u32) -> i32 {
    (1i32 << (bits - 1)) - 1
}

/// The bits of an index into `levels` (2 to 256) levels.
#[must_use]
pub(super) const fn index_bits(levels: usize) -> u32 {
    levels.next_power_of_two().trailing_zeros()
}
