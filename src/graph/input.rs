//! What the caller feeds.

use super::op::{Expected, Words, flag, shape_words};
use crate::base::checked::to_u64;
use crate::base::error::Result;
use crate::tensor::{Dtype, Shape};

/// What the caller feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputSpec {
    /// The type of an element.
    pub dtype: Dtype,
    /// The shape of one sample, before gathering.
    pub shape: Shape,
    /// The number of inputs that the network keeps, when it does not read all of them.
    pub kept: Option<usize>,
}

impl InputSpec {
    /// What a reader of words starts from.
    pub(crate) const BLANK: Self = Self { dtype: Dtype::U8, shape: Shape::Vector(1), kept: None };

    /// The shape of value 0: the input's own, or the vector of the inputs kept.
    #[must_use]
    pub fn value_shape(self) -> Shape {
        self.kept.map_or(self.shape, Shape::Vector)
    }

    /// Goes through the words of the input in the order of the file (SPEC 4.1).
    ///
    /// # Errors
    /// `unknown_id`, `limit`; those of `words`.
    pub(crate) fn words(&mut self, words: &mut impl Words) -> Result<()> {
        let mut is_float = self.dtype == Dtype::F32;
        flag(words, "dtype", Expected::Word(0), &mut is_float)?;
        self.dtype = if is_float { Dtype::F32 } else { Dtype::U8 };
        shape_words(words, &mut self.shape)?;
        let mut gathers = self.kept.is_some();
        flag(words, "gather", Expected::Word(0), &mut gathers)?;
        if gathers {
            let most = to_u64(self.shape.elements());
            words.number("kept", Expected::UpTo(most), 0..=u64::from(u32::MAX), self.kept.get_or_insert_default())?;
        }
        Ok(())
    }
}
