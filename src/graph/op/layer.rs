//! The linear map that layers with weights share: of a vector in `linear`, of a patch in `conv2d`.

use crate::base::error::{Defect, Error, Result};
use crate::encoding::{Encoded, Encoding, Pattern};

/// A linear map: its columns follow from the value it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Linear {
    /// Outputs.
    pub rows: usize,
    /// How the weights are stored.
    pub encoding: Encoding,
    /// How many entries lie in slots and in lists, for encodings that do not store every weight.
    pub pattern: Pattern,
    /// Whether each output has a factor of its own.
    pub row_factors: bool,
}

impl Linear {
    /// A map of 32-bit floats, all of them stored.
    #[must_use]
    pub const fn dense(rows: usize) -> Self {
        Self { rows, encoding: Encoding::DenseF32, pattern: Pattern { units: 0, listed: 0 }, row_factors: false }
    }

    /// The map of an encoded layer, without row factors.
    #[must_use]
    pub fn of(layer: &Encoded) -> Self {
        Self { rows: layer.rows, encoding: layer.encoding, pattern: layer.pattern, row_factors: false }
    }

    /// Whether the encoding allows the row factors.
    pub(super) fn check_row_factors(&self) -> Result<()> {
        if self.row_factors && !self.encoding.allows_row_factors() {
            let message = format!("{} weights have no row factors", self.encoding.name());
            return Err(Error::new(Defect::Shape, message));
        }
        Ok(())
    }
}
