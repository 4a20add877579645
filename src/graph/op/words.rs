//! Fields as the words (`u32`) of a file, in either profile.

use super::fields::{Expected, Fields, WindowFields};
use super::layer::Linear;
use super::window::Window;
use crate::base::checked::to_u64;
use crate::base::error::{ErrorKind, Result};
use crate::base::limits::{MAX_DIMENSION, MAX_ELEMENTS};
use crate::encoding::Encoding;
use crate::encoding::pattern::SlotLayout;
use crate::tensor::Shape;
use std::ops::RangeInclusive;

/// A number of a graph as a word.
pub(crate) fn word(n: usize) -> u32 {
    u32::try_from(n).expect("invariant: a graph's numbers fit 32 bits")
}

/// Reads or writes words one by one. What does implements [`Fields`] by it.
///
/// Words that are decoded may hold anything: the packed profile checks them later, as those of any file.
pub trait Words {
    /// A whole number within `range`.
    ///
    /// # Errors
    /// `limit` when it is out of range; those of the source.
    fn number(&mut self, name: &'static str, expected: Expected, range: RangeInclusive<u64>, value: &mut usize) -> Result<()>;

    /// One of the words `known`.
    ///
    /// # Errors
    /// `unknown_id`; those of the source.
    fn choice(&mut self, name: &'static str, expected: Expected, known: &[u32], value: &mut u32) -> Result<()>;

    /// A finite float, usually `usual`.
    ///
    /// # Errors
    /// `non_finite`, `non_canonical` for a negative zero; those of the source.
    fn float(&mut self, name: &'static str, usual: f32, value: &mut f32) -> Result<()>;

    /// The words `encoding` and `parameter`. Which fields follow depends on the first alone.
    ///
    /// # Errors
    /// `unknown_id`, `codebook`; those of the source.
    fn encoding(&mut self, value: &mut Encoding) -> Result<()>;

    /// A rule between the words before.
    ///
    /// # Errors
    /// `kind`, where the source checks words and `holds` is false.
    fn check(&mut self, holds: bool, kind: ErrorKind, message: &dyn Fn() -> String) -> Result<()>;

    /// Goes through the words of a linear map: linear layers and convolutions share them.
    ///
    /// # Errors
    /// Those of the words.
    fn linear(&mut self, linear: &mut Linear) -> Result<()> {
        linear_words(self, linear)
    }
}

impl<W: Words> Fields for W {
    fn number(&mut self, name: &'static str, expected: Expected, range: RangeInclusive<u64>, value: &mut usize) -> Result<()> {
        Words::number(self, name, expected, range, value)
    }

    fn flag(&mut self, name: &'static str, value: &mut bool) -> Result<()> {
        flag(self, name, Expected::Again(0), value)
    }

    fn float(&mut self, name: &'static str, usual: f32, value: &mut f32) -> Result<()> {
        Words::float(self, name, usual, value)
    }

    fn check(&mut self, holds: bool, kind: ErrorKind, message: &dyn Fn() -> String) -> Result<()> {
        Words::check(self, holds, kind, message)
    }

    fn linear(&mut self, linear: &mut Linear) -> Result<()> {
        Words::linear(self, linear)
    }

    fn window(&mut self, window: &mut Window, which: WindowFields) -> Result<()> {
        window_words(self, window, which)
    }

    fn shape(&mut self, shape: &mut Shape) -> Result<()> {
        shape_words(self, shape)
    }
}

/// The word of a field before.
fn same_as(value: usize) -> Expected {
    Expected::Word(word(value))
}

/// The words 0 and 1.
pub(crate) fn flag<W: Words + ?Sized>(words: &mut W, name: &'static str, expected: Expected, value: &mut bool) -> Result<()> {
    let mut word = u32::from(*value);
    words.choice(name, expected, &[0, 1], &mut word)?;
    *value = word == 1;
    Ok(())
}

/// `rows`, `encoding`, `parameter`, `row_factors` and the pattern (SPEC 4.2).
pub(crate) fn linear_words<W: Words + ?Sized>(words: &mut W, linear: &mut Linear) -> Result<()> {
    words.number("rows", Expected::Free, 0..=MAX_DIMENSION, &mut linear.rows)?;
    words.encoding(&mut linear.encoding)?;
    flag(words, "row_factors", Expected::Again(0), &mut linear.row_factors)?;
    if let Some(most) = linear.encoding.slots().map(SlotLayout::most_units) {
        words.number("units", Expected::Again(0), 0..=to_u64(most), &mut linear.pattern.units)?;
    }
    if linear.encoding.lists(1) > 0 {
        words.number("listed", Expected::Free, 0..=u64::from(u32::MAX), &mut linear.pattern.listed)?;
    }
    Ok(())
}

/// Kernel, stride, padding, and the dilation of a convolution. Most windows are square, and padded alike on all sides.
fn window_words<W: Words + ?Sized>(words: &mut W, window: &mut Window, which: WindowFields) -> Result<()> {
    const RANGE: RangeInclusive<u64> = 0..=MAX_DIMENSION;
    let is_conv = which == WindowFields::Convolution;
    let Window { kernel: [kernel_h, kernel_w], stride: [stride_h, stride_w], dilation: [dilation_h, dilation_w], .. } = window;
    words.number("kernel_h", Expected::Again(if is_conv { 5 } else { 2 }), RANGE, kernel_h)?;
    words.number("kernel_w", same_as(*kernel_h), RANGE, kernel_w)?;
    let stride = if is_conv { Expected::Again(1) } else { same_as(*kernel_h) };
    words.number("stride_h", stride, RANGE, stride_h)?;
    words.number("stride_w", same_as(*stride_h), RANGE, stride_w)?;
    let ([top, left], [bottom, right]) = (&mut window.padding_before, &mut window.padding_after);
    words.number("top", Expected::Again(0), RANGE, top)?;
    words.number("left", same_as(*top), RANGE, left)?;
    words.number("bottom", same_as(*top), RANGE, bottom)?;
    words.number("right", same_as(*left), RANGE, right)?;
    if is_conv {
        words.number("dilation_h", Expected::Again(1), RANGE, dilation_h)?;
        words.number("dilation_w", same_as(*dilation_h), RANGE, dilation_w)?;
    }
    Ok(())
}

/// `rank`, then one dimension or three.
pub(crate) fn shape_words<W: Words + ?Sized>(words: &mut W, shape: &mut Shape) -> Result<()> {
    const RANGE: RangeInclusive<u64> = 1..=MAX_DIMENSION;
    let (mut rank, [mut first, mut height, mut width]) = match *shape {
        Shape::Vector(features) => (1, [features, 0, 0]),
        Shape::Image { channels, height, width } => (3, [channels, height, width]),
    };
    words.choice("rank", Expected::Word(3), &[1, 3], &mut rank)?;
    words.number("dimension", Expected::Free, RANGE, &mut first)?;
    *shape = Shape::Vector(first);
    if rank == 3 {
        words.number("height", Expected::Free, RANGE, &mut height)?;
        words.number("width", same_as(height), RANGE, &mut width)?;
        *shape = Shape::Image { channels: first, height, width };
    }
    let sides = if rank == 3 { [first, height, width] } else { [first, 1, 1] };
    let elements = sides.into_iter().fold(1, |product: u64, side| product.saturating_mul(to_u64(side)));
    let message = || format!("a shape of {first}x{height}x{width} has more than {MAX_ELEMENTS} elements");
    words.check(elements <= MAX_ELEMENTS, ErrorKind::Limit, &message)
}
