//! Pictures as text: block characters in a terminal, plain ASCII in files and pipes.

use curt::tensor::Mask;
use std::io::IsTerminal;

/// The block character for the lit quarters of a cell: bit 0 upper left, 1 upper right, 2 lower left, 3 lower right.
const QUARTERS: [char; 16] = [' ', '▘', '▝', '▀', '▖', '▌', '▞', '▛', '▗', '▚', '▐', '▜', '▄', '▙', '▟', '█'];
/// The block character for the upper (bit 0) and lower (bit 1) half of a cell.
const HALVES: [char; 4] = ['·', '▀', '▄', '█'];
const HALVES_ASCII: [char; 4] = ['.', '\'', ',', '#'];
/// The ASCII characters from dark to light.
const SHADES_ASCII: [char; 7] = [' ', '.', ':', '+', '*', '#', '@'];
/// A pixel of at least this brightness lights its quarter.
const LIT: u32 = 70;
/// The widest and highest picture that is drawn.
const MAX_SIDE: usize = 128;

/// The characters that are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Block characters.
    Blocks,
    /// ASCII only.
    Ascii,
}

impl Style {
    /// The style for stdout.
    pub(crate) fn of_stdout() -> Self {
        if std::io::stdout().is_terminal() { Self::Blocks } else { Self::Ascii }
    }
}

/// A gray image. A character shows 4 rows of 2 pixels. `None` if the image is too large for a terminal.
pub(crate) fn image(height: usize, width: usize, pixels: &[u8], style: Style) -> Option<Vec<String>> {
    if height > MAX_SIDE || width > MAX_SIDE {
        return None;
    }
    let mean = |top: usize, left: usize, h: usize, w: usize| {
        let rows = top..(top + h).min(height);
        let sum: u32 = rows
            .flat_map(|y| &pixels[y * width + left.min(width)..y * width + (left + w).min(width)])
            .map(|&p| u32::from(p))
            .sum();
        sum / u32::try_from(h * w).unwrap_or(1)
    };
    let cell = |top: usize, left: usize| match style {
        Style::Blocks => {
            let quarter = |i: usize| usize::from(mean(top + i / 2 * 2, left + i % 2, 2, 1) > LIT) << i;
            QUARTERS[(0..4).map(quarter).sum::<usize>()]
        }
        Style::Ascii => SHADES_ASCII[(mean(top, left, 4, 2) * 7 / 200).min(6) as usize],
    };
    let line = |top| (0..width).step_by(2).map(|left| cell(top, left)).collect();
    Some((0..height).step_by(4).map(line).collect())
}

/// The kept members of a `[height, width]` plane. A character shows 2 rows of one column.
pub(crate) fn mask(height: usize, width: usize, kept: &[bool], style: Style) -> Vec<String> {
    let halves = if style == Style::Blocks { HALVES } else { HALVES_ASCII };
    let is_kept = |y: usize, x: usize| y < height && kept[y * width + x];
    let cell = |y: usize, x: usize| halves[usize::from(is_kept(y, x)) + 2 * usize::from(is_kept(y + 1, x))];
    (0..height).step_by(2).map(|y| (0..width).map(|x| cell(y, x)).collect()).collect()
}

/// The planes of an input mask, up to `most` of them, or `None` when they are too large for a terminal. A vector is drawn in rows of 64.
pub(crate) fn input_mask(mask_: &Mask, shape: curt::Shape, most: usize, style: Style) -> Option<Vec<Vec<String>>> {
    use curt::tensor::Shape::{Image, Vector};
    let flags = mask_.flags();
    match shape {
        Image { height, width, .. } if height <= MAX_SIDE && width <= MAX_SIDE => {
            Some(flags.chunks_exact(height * width).take(most).map(|plane| mask(height, width, plane, style)).collect())
        }
        Vector(n) if n <= 64 * MAX_SIDE => {
            let mut padded = flags.to_vec();
            padded.resize(n.next_multiple_of(64), false);
            Some(vec![mask(padded.len() / 64, 64, &padded, style)])
        }
        _ => None,
    }
}

/// Pictures side by side, each with a caption below, as many in a row as 80 columns hold.
pub(crate) fn gallery(pictures: &[(Vec<String>, String)]) -> String {
    let width_of = |(lines, caption): &(Vec<String>, String)| {
        lines.iter().chain([caption]).map(|line| line.chars().count()).max().unwrap_or(0)
    };
    let width = pictures.iter().map(width_of).max().unwrap_or(0);
    let per_row = (80 / (width + 2)).max(1);
    let mut text = String::new();
    for row in pictures.chunks(per_row) {
        let height = row.iter().map(|(lines, _)| lines.len()).max().unwrap_or(0);
        for i in 0..=height {
            let part = |(lines, caption): &(Vec<String>, String)| {
                if i == height { caption.clone() } else { lines.get(i).cloned().unwrap_or_default() }
            };
            let line: String = row.iter().map(|picture| format!("{:<width$}  ", part(picture))).collect();
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_use_the_characters_of_their_style() {
        let pixels: Vec<u8> = (0..28 * 28).map(|i| if i % 28 < 14 { 255 } else { 0 }).collect();
        let blocks = image(28, 28, &pixels, Style::Blocks).unwrap();
        assert_eq!((blocks.len(), blocks[0].as_str()), (7, "███████       "));
        let ascii = image(28, 28, &pixels, Style::Ascii).unwrap();
        assert_eq!(ascii[6], "@@@@@@@       ");
        assert_eq!(image(3, 3, &[255; 9], Style::Blocks).unwrap().len(), 1);
        assert!(image(1000, 1000, &[], Style::Blocks).is_none());
    }

    #[test]
    fn a_mask_shows_two_rows_in_a_line() {
        let kept = [true, true, false, false, false, true, false, true, true];
        assert_eq!(mask(3, 3, &kept, Style::Ascii), ["'',", ".''"]);
        assert_eq!(mask(3, 3, &kept, Style::Blocks), ["▀▀▄", "·▀▀"]);
    }
}
