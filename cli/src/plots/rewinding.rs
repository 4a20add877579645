//! Validation error against weights kept, for three ways of retraining.

use super::picture::{self, Area, COLOURS, Drawn, Mark, Shape, around, mark, ticks};
use crate::rewinding::{Record, Round, Way};
use plotters::prelude::{BindKeyPoints, ChartBuilder, IntoLogRange, PathElement};
use plotters::style::{BLACK, Color};

/// The picture of a record.
pub(crate) fn svg(record: &Record) -> String {
    let mut legend: Vec<(Option<Mark>, String)> =
        Way::ALL.into_iter().map(|way| (Some(mark_of(way)), way.title().to_owned())).collect();
    let median = format!("median of {} seeds", record.seeds());
    let notes = ["gray: before pruning", "mark: end of a round,", &median, "bar: least to greatest"];
    legend.extend(notes.map(|note| (None, note.to_owned())));
    picture::picture("LeNet-300-100: error against weights kept", picture::HEIGHT, &legend, |area| plot(area, record))
}

fn mark_of(way: Way) -> Mark {
    match way {
        Way::FineTune => Mark::filled(Shape::Triangle, COLOURS[1]),
        Way::RewindWeights => Mark::filled(Shape::Square, COLOURS[3]),
        Way::RewindRate => Mark::filled(Shape::Diamond, COLOURS[0]),
    }
}

/// Draws the axes. The horizontal axis is the inverse of the share kept, so sparser networks lie to the right.
fn plot(area: &Area<'_>, record: &Record) -> Drawn {
    let ways = Way::ALL.map(|way| (way, record.rounds(way)));
    let all = || ways.iter().flat_map(|(_, rounds)| rounds);
    let times = around(all().map(|round| 100.0 / round.kept_percent), 0.02);
    let errors = around(all().flat_map(|round| [round.least, round.greatest]), 0.05);
    let time_ticks = ticks(&times, &[1.0, 2.0, 5.0]);
    let error_ticks = ticks(&errors, &[1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0]);
    let mut chart = ChartBuilder::on(area).margin(10).x_label_area_size(48).y_label_area_size(70).build_cartesian_2d(
        times.clone().log_scale().with_key_points(time_ticks),
        errors.log_scale().with_key_points(error_ticks),
    )?;
    chart
        .configure_mesh()
        .label_style(picture::font(13))
        .x_desc("weights kept (logarithmic)")
        .y_desc("validation error (logarithmic)")
        .x_label_formatter(&|times| format!("{} %", (1000.0 / times).round() / 10.0))
        .y_label_formatter(&|error| format!("{error:.1} %"))
        .draw()?;
    let dense = ways[0].1[0].median;
    chart.draw_series([PathElement::new([(times.start, dense), (times.end, dense)], BLACK.mix(0.4).stroke_width(2))])?;
    for ((way, rounds), aside) in ways.iter().zip([0.985, 1.0, 1.015]) {
        let mark_of = mark_of(*way);
        // Bars stand side by side, not over each other.
        let at = |round: &Round| aside * 100.0 / round.kept_percent;
        let bars = rounds.iter().skip(1);
        chart.draw_series(bars.map(|round| {
            PathElement::new([(at(round), round.least), (at(round), round.greatest)], mark_of.line.mix(0.6).stroke_width(1))
        }))?;
        let path: Vec<(f64, f64)> = rounds.iter().map(|round| (at(round), round.median)).collect();
        chart.draw_series([PathElement::new(path, mark_of.line.stroke_width(2))])?;
        chart.draw_series(rounds.iter().skip(1).map(|round| mark((at(round), round.median), mark_of)))?;
    }
    Ok(())
}
