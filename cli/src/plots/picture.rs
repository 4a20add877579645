//! The code that all plots share: the layout of a picture, marks, ticks and the legend.

use plotters::coord::Shift;
use plotters::element::{ComposedElement, EmptyElement, PathElement, Polygon, Text};
use plotters::prelude::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea, SVGBackend};
use plotters::style::{BLACK, Color, IntoFont, RGBColor, TextStyle, WHITE};
use std::ops::Range;

const WIDTH: u32 = 980;
/// Pixels of the height of most pictures.
pub(super) const HEIGHT: u32 = 600;
/// Pixels from the left edge to the legend.
const PLOT_WIDTH: u32 = 750;
/// Pixels between the entries of the legend.
const LEGEND_STEP: i32 = 21;

/// A place in pixels.
type BackendCoord = (i32, i32);
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// The result of drawing. Drawing into a string does not fail, but all back ends have this type.
pub(super) type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// Colours of series that differ clearly on white.
pub(super) const COLOURS: [RGBColor; 14] = [
    RGBColor(31, 119, 180),
    RGBColor(255, 127, 14),
    RGBColor(44, 160, 44),
    RGBColor(148, 103, 189),
    RGBColor(214, 39, 40),
    RGBColor(140, 86, 75),
    RGBColor(227, 119, 194),
    RGBColor(23, 190, 207),
    RGBColor(188, 189, 34),
    RGBColor(0, 60, 130),
    RGBColor(90, 90, 90),
    RGBColor(150, 0, 110),
    RGBColor(0, 110, 90),
    RGBColor(120, 80, 0),
];

/// The outline of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Triangle,
    Square,
    Diamond,
}

/// A mark: its outline and its colours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    shape: Shape,
    pub(super) line: RGBColor,
    fill: RGBColor,
}

impl Mark {
    /// A mark of one colour.
    pub(super) fn filled(shape: Shape, colour: RGBColor) -> Self {
        Self { shape, line: colour, fill: colour }
    }

    /// An outline, filled with `share` of its colour.
    pub(super) fn outlined(shape: Shape, colour: RGBColor, share: f64) -> Self {
        let blend = |part: u8| (255.0 - (255.0 - f64::from(part)) * share) as u8;
        Self { shape, line: colour, fill: RGBColor(blend(colour.0), blend(colour.1), blend(colour.2)) }
    }
}

/// A mark as an element of a picture.
pub(super) type Marked<'a, C> = ComposedElement<C, SVGBackend<'a>, Polygon<BackendCoord>, PathElement<BackendCoord>>;

/// A mark at a place: in the coordinates of a plot, or in pixels.
pub(super) fn mark<'a, C>(at: C, mark: Mark) -> Marked<'a, C> {
    let outline: &[BackendCoord] = match mark.shape {
        Shape::Triangle => &[(-5, 4), (0, -5), (5, 4), (-5, 4)],
        Shape::Square => &[(-4, -4), (4, -4), (4, 4), (-4, 4), (-4, -4)],
        Shape::Diamond => &[(-5, 0), (0, -5), (5, 0), (0, 5), (-5, 0)],
    };
    EmptyElement::at(at) + Polygon::new(outline, mark.fill) + PathElement::new(outline, mark.line.stroke_width(2))
}

/// The places of the ticks of a logarithmic axis: `digits` times the powers of ten in the range.
pub(super) fn ticks(range: &Range<f64>, digits: &[f64]) -> Vec<f64> {
    let exponents = range.start.log10().floor() as i32..=range.end.log10().ceil() as i32;
    let all = exponents.flat_map(|exponent| digits.iter().map(move |digit| digit * 10f64.powi(exponent)));
    all.filter(|tick| range.contains(tick)).collect()
}

/// The range of the values, widened on both sides by a share of itself, on an axis that begins at 0 or above. A range that is infinite or not
/// a number would make the drawing of its ticks endless.
pub(super) fn between(values: impl Iterator<Item = f64> + Clone, share: f64) -> Range<f64> {
    let finite = values.filter(|value| value.is_finite());
    let (least, most) = (finite.clone().fold(f64::INFINITY, f64::min), finite.fold(0.0, f64::max));
    if least > most {
        return 0.0..1.0; // nothing to show
    }
    let free = ((most - least) * share).max(0.05);
    (least - free).max(0.0)..most + free
}

/// The range of the positive values, widened on both sides by a share of itself, on a logarithmic axis.
pub(super) fn around(values: impl Iterator<Item = f64> + Clone, share: f64) -> Range<f64> {
    let values = values.filter(|value| value.is_finite() && *value > 0.0);
    let (least, most) = (values.clone().fold(f64::INFINITY, f64::min), values.fold(0.0, f64::max));
    if least > most {
        return 1.0..10.0; // nothing to show
    }
    let free = (most / least).powf(share).max(1.05);
    least / free..most * free
}

/// The style of a text.
pub(super) fn font<'a>(size: i32) -> TextStyle<'a> {
    ("sans-serif", size).into_font().color(&BLACK)
}

/// A picture with a title. `plot` draws its left part; the legend with its marks stands beside it.
pub(super) fn picture(
    title: &str,
    height: u32,
    legend: &[(Option<Mark>, String)],
    plot: impl FnOnce(&Area<'_>) -> Drawn,
) -> String {
    let mut svg = String::new();
    let drawn = draw(SVGBackend::with_string(&mut svg, (WIDTH, height)), title, legend, plot);
    drawn.expect("invariant: a picture in memory can be drawn");
    svg
}

fn draw(backend: SVGBackend<'_>, title: &str, legend: &[(Option<Mark>, String)], plot: impl FnOnce(&Area<'_>) -> Drawn) -> Drawn {
    let root = backend.into_drawing_area();
    root.fill(&WHITE)?;
    let root = root.margin(8, 0, 0, 0);
    let (left, right) = root.titled(title, font(20))?.split_horizontally(PLOT_WIDTH);
    plot(&left)?;
    for ((entry, text), y) in legend.iter().zip((24..).step_by(LEGEND_STEP as usize)) {
        if let Some(entry) = entry {
            right.draw(&mark((14, y), *entry))?;
        }
        right.draw(&Text::new(text.clone(), (if entry.is_some() { 28 } else { 8 }, y - 7), font(14)))?;
    }
    root.present()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_finite_whatever_the_values() {
        let odd = [0.0, 0.0, f64::NAN, f64::INFINITY];
        for values in [&[][..], &odd[..1], &odd, &[0.0, 1.2], &[0.9, 0.9]] {
            for range in [between(values.iter().copied(), 0.08), around(values.iter().copied(), 0.04)] {
                assert!(range.start.is_finite() && range.end.is_finite() && range.start < range.end, "{values:?}: {range:?}");
            }
            assert!(around(values.iter().copied(), 0.04).start > 0.0, "{values:?}");
        }
    }
}
