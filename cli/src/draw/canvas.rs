//! A canvas of red, green and blue pixels: fills rectangles, prints small numbers, writes PNG files.

use curt::{Error, ErrorKind, Result};
use std::path::Path;

/// Red, green, blue.
pub(crate) type Colour = [u8; 3];

pub(crate) const WHITE: Colour = [255, 255, 255];
pub(crate) const INK: Colour = [60, 60, 60];

/// Width and height of a character in pixels, with the space after it.
pub(crate) const CHARACTER: (usize, usize) = (8, 10);
/// The characters of numbers. Each has five rows of three dots, from the top; the leftmost dot is the highest bit.
const GLYPHS: [(char, [u8; 5]); 14] = [
    ('0', [2, 5, 5, 5, 2]),
    ('1', [2, 6, 2, 2, 7]),
    ('2', [6, 1, 2, 4, 7]),
    ('3', [6, 1, 2, 1, 6]),
    ('4', [5, 5, 7, 1, 1]),
    ('5', [7, 4, 6, 1, 6]),
    ('6', [3, 4, 7, 5, 7]),
    ('7', [7, 1, 2, 4, 4]),
    ('8', [7, 5, 7, 5, 7]),
    ('9', [7, 5, 7, 1, 6]),
    ('-', [0, 0, 7, 0, 0]),
    ('+', [0, 2, 7, 2, 0]),
    ('.', [0, 0, 0, 0, 2]),
    ('e', [0, 7, 7, 4, 7]),
];

/// Rows of pixels.
#[derive(Debug)]
pub(crate) struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<Colour>,
}

impl Canvas {
    /// A white canvas.
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![WHITE; width * height] }
    }

    #[cfg(test)]
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn height(&self) -> usize {
        self.height
    }

    /// The pixel in column `x` of row `y`.
    #[cfg(test)]
    pub(crate) fn pixel(&self, x: usize, y: usize) -> Colour {
        self.pixels[y * self.width + x]
    }

    /// Fills the part of a rectangle that lies on the canvas.
    pub(crate) fn fill(&mut self, (x, y): (usize, usize), (width, height): (usize, usize), colour: Colour) {
        let end = (x + width).min(self.width);
        for row in y..(y + height).min(self.height) {
            if x < end {
                self.pixels[row * self.width + x..row * self.width + end].fill(colour);
            }
        }
    }

    /// Adds white to the right and below, up to a size.
    pub(crate) fn extend(self, width: usize, height: usize) -> Self {
        let mut larger = Self::new(width.max(self.width), height.max(self.height));
        for (to, from) in larger.pixels.chunks_exact_mut(larger.width).zip(self.pixels.chunks_exact(self.width)) {
            to[..self.width].copy_from_slice(from);
        }
        larger
    }

    /// Writes a number with its upper left corner at `(x, y)`.
    pub(crate) fn print(&mut self, (x, y): (usize, usize), number: &str) {
        for (i, character) in number.chars().enumerate() {
            let Some((_, rows)) = GLYPHS.iter().find(|(known, _)| *known == character) else { continue };
            for (row, dots) in rows.iter().enumerate() {
                for column in (0..3).filter(|column| dots >> (2 - column) & 1 == 1) {
                    self.fill((x + i * CHARACTER.0 + 2 * column, y + 2 * row), (2, 2), INK);
                }
            }
        }
    }

    /// Writes a number with the middle of its upper side at `(x, y)`.
    pub(crate) fn print_centred(&mut self, (x, y): (usize, usize), number: &str) {
        self.print((x.saturating_sub(width_of(number) / 2), y), number);
    }

    /// The file of the picture.
    pub(crate) fn png(&self) -> Result<Vec<u8>> {
        let cannot = |error: png::EncodingError| Error::new(ErrorKind::Io, format!("the picture cannot be encoded: {error}"));
        let side = |n: usize| u32::try_from(n).expect("invariant: pictures are a few thousand pixels wide");
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, side(self.width), side(self.height));
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(cannot)?;
        writer.write_image_data(self.pixels.as_flattened()).map_err(cannot)?;
        writer.finish().map_err(cannot)?;
        Ok(file)
    }

    /// Saves the picture as a PNG. At any moment the path holds either the old or the new content.
    pub(crate) fn save(&self, path: &Path) -> Result<()> {
        curt::format::save(path, &self.png()?)
    }
}

/// Pixels across a number, without the space after it.
pub(crate) fn width_of(number: &str) -> usize {
    (number.chars().count() * CHARACTER.0).saturating_sub(2)
}

/// A number with three significant digits, without trailing zeros.
pub(crate) fn short(value: f32) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor();
    if !(-4.0..6.0).contains(&magnitude) {
        return format!("{value:.1e}");
    }
    let decimals = (2.0 - magnitude).clamp(0.0, 6.0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let numbers = [0.0, 1.0, -0.5, 0.123_456, -12.34, 1234.5, 0.000_123_4, 1e-7, -3.4e38].map(short);
        assert_eq!(numbers, ["0", "1", "-0.5", "0.123", "-12.3", "1234", "0.000123", "1.0e-7", "-3.4e38"]);
    }

    #[test]
    fn what_lies_outside_is_cut_off() {
        let mut canvas = Canvas::new(4, 3);
        canvas.fill((3, 2), (10, 10), INK);
        canvas.fill((9, 0), (1, 1), INK);
        let inked = |canvas: &Canvas| canvas.pixels.iter().filter(|&&pixel| pixel == INK).count();
        assert_eq!((inked(&canvas), canvas.pixel(3, 2)), (1, INK));
        let larger = canvas.extend(6, 2);
        assert_eq!((larger.width(), larger.height(), inked(&larger), larger.pixel(3, 2)), (6, 3, 1, INK));
        let mut one = Canvas::new(8, 10);
        one.print((0, 0), "1");
        let row = |y: usize| (0..6).map(|x| if one.pixel(x, y) == INK { '#' } else { '.' }).collect::<String>();
        assert_eq!([row(0), row(2), row(4), row(9)], ["..##..", "####..", "..##..", "######"]);
    }
}
