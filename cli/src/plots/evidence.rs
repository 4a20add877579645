//! Two-part codes as bars: the file, then the data given the model.

use super::picture::{self, Area, COLOURS, Drawn, Mark, Shape};
use crate::evidence::{Candidate, bits_text};
use plotters::element::{Rectangle, Text};
use plotters::prelude::ChartBuilder;
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Pixels of a bar and the space below it.
const STEP: u32 = 22;
/// Pixels above and below the bars.
const AROUND: u32 = 90;
/// Pixels left of the bars, for the names.
const NAMES: u32 = 250;

/// The picture of the models whose codes are finite, in their order. `what` was described.
pub(crate) fn svg(candidates: &[Candidate], what: &str) -> String {
    let codes: Vec<(&str, f64, f64)> = candidates
        .iter()
        .filter_map(|candidate| {
            Some((candidate.name.as_str(), candidate.code.file_bits() as f64, candidate.code.label_bits()?.0))
        })
        .collect();
    let filled = |colour| Some(Mark::filled(Shape::Square, colour));
    let legend = [(filled(COLOURS[0]), "packed file".to_owned()), (filled(COLOURS[1]), what.to_owned())];
    let height = AROUND + STEP * u32::try_from(codes.len().max(4)).unwrap_or(u32::MAX / STEP / 2);
    picture::picture("Two-part code length, bits", height, &legend, |area| plot(area, &codes))
}

/// Draws the bars from the top down. Bits of a density may be negative; such a bar ends before its file does.
fn plot(area: &Area<'_>, codes: &[(&str, f64, f64)]) -> Drawn {
    let longest = codes.iter().map(|(_, file, data)| file.max(file + data)).fold(1.0, f64::max);
    let count = codes.len().max(1) as f64;
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .x_label_area_size(30)
        .margin_left(NAMES)
        .build_cartesian_2d(0.0..longest * 1.15, count..0.0)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .max_light_lines(0)
        .x_labels(6)
        .label_style(picture::font(13))
        .x_label_formatter(&|bits| bits_text(*bits))
        .draw()?;
    let beside = |side| picture::font(13).pos(Pos::new(side, VPos::Center));
    for (i, (name, file, data)) in codes.iter().enumerate() {
        let (top, middle, bottom) = (i as f64 + 0.15, i as f64 + 0.5, i as f64 + 0.85);
        let total = file + data;
        let bar = |from: f64, to: f64, colour: usize| Rectangle::new([(from, top), (to, bottom)], COLOURS[colour].filled());
        chart.draw_series([bar(0.0, *file, 0), bar(*file, total.max(0.0), 1)])?;
        chart.draw_series([Text::new(bits_text(total), (total.max(*file) + longest * 0.01, middle), beside(HPos::Left))])?;
        let (_, y) = chart.backend_coord(&(0.0, middle));
        area.draw(&Text::new((*name).to_owned(), (NAMES as i32 - 6, y - area.get_base_pixel().1), beside(HPos::Right)))?;
    }
    Ok(())
}
