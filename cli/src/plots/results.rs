//! Bytes against test error: our files as filled marks, published figures as outlines.

use super::picture::{self, Area, COLOURS, Drawn, Mark, Shape, around, between, mark, ticks};
use crate::results::{Column, Kind, Published, Results, Row, title};
use crate::text::grouped;
use plotters::prelude::{BindKeyPoints, ChartBuilder, IntoLogRange, PathElement};
use plotters::style::{BLACK, Color, RGBColor};

/// A series: a method. Networks trained on augmented images are a series of their own.
#[derive(Clone, PartialEq, Eq)]
struct Series {
    method: String,
    augmented: bool,
}

/// A file or a published figure.
struct Point {
    bytes: f64,
    error: f64,
    mark: Mark,
}

/// The picture of a network.
pub(crate) fn svg(results: &Results, network: &str) -> String {
    let series = series(results, network);
    let colour_of = |wanted: &Series| {
        let place = series.iter().position(|(known, _)| known == wanted).unwrap_or_default();
        COLOURS[place % COLOURS.len()]
    };
    let ours: Vec<(RGBColor, Vec<Point>)> =
        results.rows_of(network).map(|row| (colour_of(&series_of(row)), files(row, colour_of(&series_of(row))))).collect();
    let published = published(results, network, |method| colour_of(&Series { method: method.to_owned(), augmented: false }));
    let mut legend: Vec<(Option<Mark>, String)> =
        series.iter().map(|(key, label)| (Some(Mark::filled(Shape::Square, colour_of(key))), label.clone())).collect();
    legend.extend(shapes());
    picture::picture(&format!("{}: bytes against test error", title(network)), picture::HEIGHT, &legend, |area| {
        plot(area, &ours, &published)
    })
}

fn series_of(row: &Row) -> Series {
    Series { method: row.record.method.clone(), augmented: row.record.augmentation.is_some() }
}

/// The series of a network with their labels: first those of rows, then those with published figures only.
fn series(results: &Results, network: &str) -> Vec<(Series, String)> {
    let mut all: Vec<(Series, String)> = Vec::new();
    let rows = results.rows_of(network).map(|row| (series_of(row), row.record.label.clone()));
    let published = results.published(network, None).into_iter();
    let published =
        published.map(|published| (Series { method: published.method.clone(), augmented: false }, published.label.clone()));
    for (key, label) in rows.chain(published) {
        if !all.iter().any(|(known, _)| *known == key) {
            all.push((key, label));
        }
    }
    all
}

/// The part of the legend that explains shapes and fillings.
fn shapes() -> Vec<(Option<Mark>, String)> {
    let ours = Column::ALL.map(|column| (Some(Mark::filled(shape(column), BLACK)), format!("file of Curt: {column}")));
    let theirs = Kind::ALL.map(|kind| (Some(outlined(Column::Maximum, kind, BLACK)), format!("published: {kind}")));
    let gap = || (None, String::new());
    [gap()].into_iter().chain(ours).chain([gap()]).chain(theirs).collect()
}

fn shape(column: Column) -> Shape {
    match column {
        Column::Pruning => Shape::Triangle,
        Column::Fast => Shape::Square,
        Column::Maximum => Shape::Diamond,
    }
}

fn outlined(column: Column, kind: Kind, colour: RGBColor) -> Mark {
    let share = match kind {
        Kind::Accounting => 0.0,
        Kind::Stream => 0.25,
        Kind::File => 0.6,
    };
    Mark::outlined(shape(column), colour, share)
}

fn files(row: &Row, colour: RGBColor) -> Vec<Point> {
    let file = |column| {
        let file = row.files.get(column)?;
        Some(Point { bytes: file.bytes as f64, error: file.error_percent, mark: Mark::filled(shape(column), colour) })
    };
    Column::ALL.into_iter().filter_map(file).collect()
}

fn published(results: &Results, network: &str, colour: impl Fn(&str) -> RGBColor) -> Vec<Point> {
    let original = results.original(network);
    let point = |published: &Published| {
        let bytes = original.and_then(|original| published.bytes_of(original)).or(published.bytes)?;
        let column = published.column.unwrap_or(Column::Maximum);
        Some(Point { bytes, error: published.error_percent?, mark: outlined(column, published.kind, colour(&published.method)) })
    };
    results.published(network, None).into_iter().filter_map(point).collect()
}

fn plot(area: &Area<'_>, ours: &[(RGBColor, Vec<Point>)], published: &[Point]) -> Drawn {
    let points = || ours.iter().flat_map(|(_, points)| points).chain(published);
    let bytes = around(points().map(|point| point.bytes), 0.04);
    let errors = between(points().map(|point| point.error), 0.08);
    let ticks = ticks(&bytes, &[1.0, 2.0, 5.0]);
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .x_label_area_size(48)
        .y_label_area_size(70)
        .build_cartesian_2d(bytes.log_scale().with_key_points(ticks), errors)?;
    chart
        .configure_mesh()
        .label_style(picture::font(13))
        .max_light_lines(0)
        .x_desc("bytes of the file; of an accounting those of the weights (logarithmic)")
        .y_desc("test error")
        .x_label_formatter(&|bytes| grouped(bytes.round() as u64))
        .y_label_formatter(&|error| format!("{error:.1} %"))
        .draw()?;
    for (colour, points) in ours {
        let path: Vec<(f64, f64)> = points.iter().map(|point| (point.bytes, point.error)).collect();
        chart.draw_series([PathElement::new(path, colour.mix(0.4).stroke_width(1))])?;
    }
    chart.draw_series(points().map(|point| mark((point.bytes, point.error), point.mark)))?;
    Ok(())
}
