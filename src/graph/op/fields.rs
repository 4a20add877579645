//! The fields of operators: described once, in the order of the file, for all that reads or writes them.

use super::layer::Linear;
use super::window::Window;
use crate::base::error::{ErrorKind, Result};
use crate::tensor::Shape;
use std::ops::RangeInclusive;

/// What the packed profile expects a word to be (`format-spec/packed.md`, section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Any number.
    Free,
    /// A number that cannot be greater than this.
    UpTo(u64),
    /// This word.
    Word(u32),
    /// What the field was in the node before that had it; at first this word.
    Again(u32),
}

/// An operator with fields.
pub trait HasFields {
    /// Goes through the fields in the order of the file.
    ///
    /// # Errors
    /// Those of `fields`.
    fn fields(&mut self, fields: &mut dyn Fields) -> Result<()>;
}

/// What is done with each field: a reader sets the value, a writer takes it.
///
/// The mapped and the packed profile spell fields as [`Words`](super::Words); posteriors spell them as JSON.
pub trait Fields {
    /// A whole number within `range`. A posterior may leave it out.
    ///
    /// # Errors
    /// `limit` when it is out of range; those of the source.
    fn number(&mut self, name: &'static str, expected: Expected, range: RangeInclusive<u64>, value: &mut usize) -> Result<()>;

    /// Yes or no, usually no. A posterior may leave it out.
    ///
    /// # Errors
    /// `unknown_id`; those of the source.
    fn flag(&mut self, name: &'static str, value: &mut bool) -> Result<()>;

    /// A finite float, usually `usual`.
    ///
    /// # Errors
    /// `non_finite`, `non_canonical` for a negative zero; those of the source.
    fn float(&mut self, name: &'static str, usual: f32, value: &mut f32) -> Result<()>;

    /// A rule between the fields before.
    ///
    /// # Errors
    /// `kind`, where the source checks fields and `holds` is false.
    fn check(&mut self, holds: bool, kind: ErrorKind, message: &dyn Fn() -> String) -> Result<()>;

    /// The fields of a linear map. A posterior has none: its tensors say them.
    ///
    /// # Errors
    /// `limit`, `unknown_id`, `codebook`; those of the source.
    fn linear(&mut self, linear: &mut Linear) -> Result<()>;

    /// The fields of a window.
    ///
    /// # Errors
    /// `limit`; those of the source.
    fn window(&mut self, window: &mut Window, which: WindowFields) -> Result<()>;

    /// The rank and the dimensions of a shape.
    ///
    /// # Errors
    /// `unknown_id` for a rank other than 1 and 3, `limit`; those of the source.
    fn shape(&mut self, shape: &mut Shape) -> Result<()>;
}

/// Which windows are described, and what the packed profile expects of them at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowFields {
    /// Those of a convolution: 5x5, stride 1. They may be dilated.
    Convolution,
    /// Those of pooling: 2x2, as far apart as they are wide.
    Pooling,
}
