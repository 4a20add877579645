//! Bytes against test error as SVG: our files as filled marks, augmented ones and published figures as open ones. Colours follow the reader's light or dark theme.

use super::published::Kind;
use super::{COLUMNS, Column, Results, title};
use crate::answer::grouped;

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 560.0;
/// Left, top, right and bottom edge of the plot itself.
const FRAME: [f64; 4] = [64.0, 84.0, 836.0, 508.0];
/// The width of a character of a label, plain and bold, and the height of its line.
const CHARACTER: f64 = 6.5;
const BOLD: f64 = 7.2;
const LINE: f64 = 13.0;

const STYLE: &str = "<style>
  text { font: 11px ui-sans-serif, system-ui, sans-serif; fill: #1f2328; }
  .title { font-size: 15px; font-weight: 600; }
  .paper { fill: #ffffff; } .grid { stroke: #d8dee4; } .frame { stroke: #8c959f; fill: none; }
  .ours { fill: #0969da; stroke: #0969da; } .path { stroke: #0969da; fill: none; opacity: 0.45; } .mine { fill: #0550ae; font-weight: 600; }
  .augmented { fill: none; stroke: #0969da; stroke-width: 1.5; }
  .leader { stroke: #8c959f; stroke-width: 0.8; }
  .theirs { fill: none; stroke: #9a6700; stroke-width: 1.5; } .published { fill: #7d4e00; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .paper { fill: #0d1117; } .grid { stroke: #30363d; } .frame { stroke: #7d8590; }
    .ours { fill: #58a6ff; stroke: #58a6ff; } .path { stroke: #58a6ff; } .augmented { stroke: #58a6ff; } .mine { fill: #79c0ff; }
    .theirs { stroke: #d29922; } .published { fill: #e3b341; }
  }
</style>
";

/// What a mark looks like.
#[derive(Clone, Copy)]
enum Mark {
    Ours(Column),
    /// Of a network whose training images were changed at random.
    Augmented(Column),
    Published(Kind),
}

/// A mark with its label.
struct Point {
    bytes: f64,
    error: f64,
    mark: Mark,
    label: String,
}

/// The picture of a network.
pub(crate) fn svg(results: &Results, network: &str) -> String {
    let points = points(results, network);
    let axes = Axes::around(&points);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\">\n\
         <title>Bytes against test error of {0}</title>\n{STYLE}<rect class=\"paper\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\n\
         <text class=\"title\" x=\"{1}\" y=\"26\">{0}: bytes against test error</text>\n",
        escaped(title(network)),
        FRAME[0]
    );
    axes.draw(&mut svg);
    legend(&mut svg);
    for path in paths(results, network, &axes) {
        line(&mut svg, &format!("<polyline class=\"path\" points=\"{path}\"/>"));
    }
    let mut taken: Vec<Rectangle> = Vec::new();
    for point in &points {
        let (x, y) = axes.place(point.bytes, point.error);
        draw_mark(&mut svg, point.mark, x, y);
        taken.push(Rectangle { left: x - 6.0, top: y - 6.0, right: x + 6.0, bottom: y + 6.0 });
    }
    labels(&mut svg, &points, &axes, taken);
    svg + "</svg>\n"
}

fn line(svg: &mut String, text: &str) {
    svg.push_str(text);
    svg.push('\n');
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn points(results: &Results, network: &str) -> Vec<Point> {
    let mut points = Vec::new();
    for row in results.rows_of(network) {
        for column in COLUMNS {
            let Some(file) = row.file(column) else { continue };
            let label = format!("{} {}", row.record.label, column.name());
            let mark = if row.record.augmentation.is_some() { Mark::Augmented(column) } else { Mark::Ours(column) };
            points.push(Point { bytes: file.bytes as f64, error: file.error_percent, mark, label });
        }
    }
    let original = results.original(network);
    for published in results.published(network, None) {
        let bytes = original.and_then(|original| published.bytes_of(original)).or(published.bytes);
        let (Some(bytes), Some(error)) = (bytes, published.error_percent) else { continue };
        let column = published.column.map(|column| format!(" {}", column.name())).unwrap_or_default();
        let label = format!("{}{column}", published.label);
        points.push(Point { bytes, error, mark: Mark::Published(published.kind), label });
    }
    points
}

/// A line through the files of each row.
fn paths(results: &Results, network: &str, axes: &Axes) -> Vec<String> {
    let path = |row: &super::Row| {
        let places = COLUMNS.into_iter().filter_map(|column| {
            let file = row.file(column)?;
            let (x, y) = axes.place(file.bytes as f64, file.error_percent);
            Some(format!("{x:.1},{y:.1}"))
        });
        places.collect::<Vec<_>>().join(" ")
    };
    results.rows_of(network).map(path).filter(|path| path.contains(' ')).collect()
}

/// Where bytes and errors stand in the picture.
struct Axes {
    /// Decimal logarithms of the least and the greatest bytes.
    bytes: [f64; 2],
    /// The least and the greatest error, percent.
    error: [f64; 2],
    step: f64,
}

impl Axes {
    fn around(points: &[Point]) -> Self {
        let range = |values: &mut dyn Iterator<Item = f64>| {
            let first = (f64::INFINITY, f64::NEG_INFINITY);
            let (least, most) = values.fold(first, |(least, most), value| (least.min(value), most.max(value)));
            if least.is_finite() { (least, most) } else { (1.0, 1.0) }
        };
        let (least, most) = range(&mut points.iter().map(|point| point.bytes.log10()));
        let bytes = [least - 0.12, most + 0.3]; // labels stand to the right
        let (least, most) = range(&mut points.iter().map(|point| point.error));
        let step = [0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0].into_iter().find(|step| (most - least) / step <= 10.0).unwrap_or(10.0);
        Self { bytes, error: [((least / step).floor() - 1.0).max(0.0) * step, ((most / step).ceil() + 2.0) * step], step }
    }

    fn place(&self, bytes: f64, error: f64) -> (f64, f64) {
        let [left, top, right, bottom] = FRAME;
        let part = |value: f64, [least, most]: [f64; 2]| (value - least) / (most - least);
        (left + (right - left) * part(bytes.log10(), self.bytes), bottom - (bottom - top) * part(error, self.error))
    }

    fn draw(&self, svg: &mut String) {
        let [left, top, right, bottom] = FRAME;
        for exponent in self.bytes[0].floor() as i32..=self.bytes[1].ceil() as i32 {
            for digit in [1.0, 2.0, 5.0] {
                let bytes: f64 = digit * 10f64.powi(exponent);
                if bytes.log10() < self.bytes[0] || bytes.log10() > self.bytes[1] {
                    continue;
                }
                let (x, _) = self.place(bytes, 0.0);
                line(svg, &format!("<path class=\"grid\" d=\"M{x:.1} {top}V{bottom}\"/>"));
                let y = bottom + 16.0;
                line(svg, &format!("<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{}</text>", grouped(bytes as u64)));
            }
        }
        for i in 0..=((self.error[1] - self.error[0]) / self.step).round() as u32 {
            let error = self.error[0] + f64::from(i) * self.step;
            let (_, y) = self.place(1.0, error);
            line(svg, &format!("<path class=\"grid\" d=\"M{left} {y:.1}H{right}\"/>"));
            let (x, y) = (left - 8.0, y + 4.0);
            line(svg, &format!("<text x=\"{x}\" y=\"{y:.1}\" text-anchor=\"end\">{error:.2} %</text>"));
        }
        let (width, height, middle) = (right - left, bottom - top, f64::midpoint(left, right));
        line(svg, &format!("<rect class=\"frame\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\"/>"));
        let y = bottom + 36.0;
        line(
            svg,
            &format!(
                "<text x=\"{middle}\" y=\"{y}\" text-anchor=\"middle\">bytes of the whole file, of an accounting those of the weights (logarithmic)</text>"
            ),
        );
        line(svg, &format!("<text x=\"{left}\" y=\"{}\">test error</text>", top - 8.0));
    }
}

fn legend(svg: &mut String) {
    let entries = [
        (Mark::Ours(Column::Pruning), "Curt, pruning"),
        (Mark::Ours(Column::Fast), "Curt, fast"),
        (Mark::Ours(Column::Maximum), "Curt, maximum"),
        (Mark::Augmented(Column::Maximum), "augmented"),
        (Mark::Published(Kind::Accounting), "published: accounting, no file"),
        (Mark::Published(Kind::Stream), "reported stream"),
        (Mark::Published(Kind::File), "file"),
    ];
    let mut x = FRAME[0] + 6.0;
    for (mark, text) in entries {
        draw_mark(svg, mark, x, 48.0);
        line(svg, &format!("<text x=\"{:.1}\" y=\"52\">{text}</text>", x + 10.0));
        x += 28.0 + 6.0 * text.len() as f64;
    }
}

fn draw_mark(svg: &mut String, mark: Mark, x: f64, y: f64) {
    let class = match mark {
        Mark::Ours(_) => "ours",
        Mark::Augmented(_) => "augmented",
        Mark::Published(_) => "theirs",
    };
    let shape = match mark {
        Mark::Ours(Column::Pruning) | Mark::Augmented(Column::Pruning) => {
            format!("<path class=\"{class}\" d=\"M{x:.1} {:.1}l5 9h-10z\"/>", y - 5.5)
        }
        Mark::Ours(Column::Fast) | Mark::Augmented(Column::Fast) => {
            format!("<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"8\" height=\"8\"/>", x - 4.0, y - 4.0)
        }
        Mark::Ours(Column::Maximum) | Mark::Augmented(Column::Maximum) | Mark::Published(Kind::Accounting) => {
            format!("<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\"/>")
        }
        Mark::Published(Kind::Stream) => {
            format!("<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"9\" height=\"9\"/>", x - 4.5, y - 4.5)
        }
        Mark::Published(Kind::File) => format!("<path class=\"{class}\" d=\"M{x:.1} {:.1}l6 6l-6 6l-6-6z\"/>", y - 6.0),
    };
    line(svg, &shape);
}

/// A place that is taken.
#[derive(Clone, Copy)]
struct Rectangle {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Rectangle {
    fn overlaps(self, other: Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }

    fn is_inside_the_frame(self) -> bool {
        self.left >= FRAME[0] && self.top >= FRAME[1] && self.right <= FRAME[2] && self.bottom <= FRAME[3]
    }
}

/// Writes each label at the first place near its mark that is free, with a line to the mark where it is not right beside it. Several rows of one
/// method share one label. The smallest files, where marks crowd, come first; a label without a free place is left out.
fn labels(svg: &mut String, points: &[Point], axes: &Axes, mut taken: Vec<Rectangle>) {
    let mut written: Vec<&str> = Vec::new();
    let mut by_bytes: Vec<&Point> = points.iter().collect();
    by_bytes.sort_by(|a, b| a.bytes.total_cmp(&b.bytes));
    for point in by_bytes {
        let is_ours = !matches!(point.mark, Mark::Published(_));
        if is_ours && written.contains(&point.label.as_str()) {
            continue;
        }
        let (x, y) = axes.place(point.bytes, point.error);
        let width = if is_ours { BOLD } else { CHARACTER } * point.label.chars().count() as f64;
        let Some((place, away)) = free_place(x, y, width, &taken) else { continue };
        let class = if is_ours { "mine" } else { "published" };
        if away > 0.0 {
            let (to, edge) = (x.clamp(place.left, place.right), if place.top > y { place.top } else { place.bottom });
            line(svg, &format!("<path class=\"leader\" d=\"M{x:.1} {y:.1}L{to:.1} {edge:.1}\"/>"));
        }
        let (left, base) = (place.left, place.bottom - 3.0);
        line(svg, &format!("<text class=\"{class}\" x=\"{left:.1}\" y=\"{base:.1}\">{}</text>", escaped(&point.label)));
        taken.push(place);
        written.push(&point.label);
    }
}

/// A free place for a label of this width near a mark, and how far it is from its first choice.
fn free_place(x: f64, y: f64, width: f64, taken: &[Rectangle]) -> Option<(Rectangle, f64)> {
    // Beside the mark, then above and below it, each time farther away.
    let places = (0..8).flat_map(|step| {
        let away = f64::from(step) * LINE;
        let (beside, before, centred) = (x + 9.0, x - 9.0 - width, x - width / 2.0);
        let sides = [(beside, y - away), (beside, y + away), (before, y - away), (before, y + away)];
        let columns = [(centred, y - LINE - away), (centred, y + LINE + away)];
        sides.into_iter().chain(columns).map(move |(left, middle)| (left, middle, away))
    });
    let place = |(left, middle, away): (f64, f64, f64)| {
        (Rectangle { left, top: middle - LINE / 2.0, right: left + width, bottom: middle + LINE / 2.0 }, away)
    };
    let free = |(place, _): &(Rectangle, f64)| place.is_inside_the_frame() && !taken.iter().any(|other| place.overlaps(*other));
    places.map(place).find(free)
}
