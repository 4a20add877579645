//! Occam's razor: polynomials of degrees 1 to 9 through 24 noisy points, by training error, MAP, evidence and two-part code.
//!
//! `cargo run -p curt-cli --example occam [docs/occam.svg]` prints a table and draws it. The curve is `sin(3 x)` on [-1, 1], the noise normal of
//! deviation 0.25, known to the fit; weights have the prior N(0, 10^2 I). The features are the powers of x.
//!
//! More weights always lower the training error. The evidence falls again once weights fit noise only. The two-part code pays `k/2 log2 n` bits for
//! k weights of n points (Rissanen 1978), which is the evidence's price for large n without the prior. MAP, the joint density of data and
//! weights at its mode, is a density and no code length: what it charges for a weight depends on the unit of the weight.

use curt::evidence::{LinearFit, bits};
use plotters::prelude::{ChartBuilder, IntoDrawingArea, LineSeries, SVGBackend, SeriesLabelPosition};
use plotters::style::{BLACK, Color, RGBColor, WHITE};
use std::error::Error;

const POINTS: usize = 24;
const NOISE: f64 = 0.25;
const PRIOR: f64 = 10.0;
/// The names of the criteria, in bits, with their colours.
const CRITERIA: [(&str, RGBColor); 4] = [
    ("data given the best fit", RGBColor(90, 90, 90)),
    ("data and weights at the mode (MAP)", RGBColor(44, 160, 44)),
    ("evidence, -log2 p(data)", RGBColor(31, 119, 180)),
    ("two-part code", RGBColor(214, 39, 40)),
];

/// What the criteria say of a degree.
struct Degree {
    degree: i32,
    /// Root mean squares over the points, and over a fine grid of the curve without noise.
    training_error: f64,
    true_error: f64,
    /// Bits, in the order of [`CRITERIA`].
    bits: [f64; 4],
}

/// Uniform numbers in [0, 1), the same on every run (SplitMix64; Steele, Lea and Flood 2014).
fn uniform(seed: &mut u64) -> f64 {
    *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (*seed ^ *seed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ z >> 31) >> 11) as f64 / (1u64 << 53) as f64
}

fn curve(x: f64) -> f64 {
    (3.0 * x).sin()
}

/// `count` places from -1 to 1.
fn places(count: usize) -> Vec<f64> {
    (0..count).map(|i| 2.0 * i as f64 / (count - 1) as f64 - 1.0).collect()
}

fn powers(x: f64, degree: i32) -> Vec<f64> {
    (0..=degree).map(|power| x.powi(power)).collect()
}

fn root_mean_square(weights: &[f64], x: &[f64], y: &[f64]) -> f64 {
    let output = |x: f64| weights.iter().rev().fold(0.0, |sum, weight| sum * x + weight);
    (x.iter().zip(y).map(|(&x, y)| (y - output(x)).powi(2)).sum::<f64>() / x.len() as f64).sqrt()
}

fn of_degree(degree: i32, x: &[f64], y: &[f64]) -> Option<Degree> {
    let features: Vec<Vec<f64>> = x.iter().map(|&x| powers(x, degree)).collect();
    let best = LinearFit::new(&features, y, NOISE * NOISE, f64::INFINITY)?;
    let fit = LinearFit::new(&features, y, NOISE * NOISE, PRIOR * PRIOR)?;
    let fine = places(401);
    let truth: Vec<f64> = fine.iter().map(|&x| curve(x)).collect();
    let data = bits(-best.log_likelihood);
    let two_part = data + 0.5 * f64::from(degree + 1) * (y.len() as f64).log2();
    Some(Degree {
        degree,
        training_error: root_mean_square(&best.weights, x, y),
        true_error: root_mean_square(&best.weights, &fine, &truth),
        bits: [data, bits(-fit.log_likelihood - fit.log_prior), bits(-fit.log_evidence), two_part],
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut seed = 1;
    let x = places(POINTS);
    // Box and Muller 1958.
    let mut normal = || (-2.0 * (1.0 - uniform(&mut seed)).ln()).sqrt() * (std::f64::consts::TAU * uniform(&mut seed)).cos();
    let y: Vec<f64> = x.iter().map(|&x| curve(x) + NOISE * normal()).collect();
    let degrees: Vec<Degree> =
        (1..=9).map(|degree| of_degree(degree, &x, &y)).collect::<Option<_>>().ok_or("the powers are linearly dependent")?;
    println!(
        "{:>6} {:>14} {:>10} {:>8} {:>8} {:>8} {:>8}",
        "degree", "training error", "true error", "data", "MAP", "evidence", "two-part"
    );
    for Degree { degree, training_error, true_error, bits: [data, map, evidence, two_part] } in &degrees {
        println!("{degree:>6} {training_error:>14.4} {true_error:>10.4} {data:>8.2} {map:>8.2} {evidence:>8.2} {two_part:>8.2}");
    }
    for (i, (name, _)) in CRITERIA.iter().enumerate() {
        let least = degrees.iter().min_by(|a, b| a.bits[i].total_cmp(&b.bits[i])).map(|least| least.degree);
        println!("{name}: degree {}", least.unwrap_or_default());
    }
    if let Some(path) = std::env::args_os().nth(1) {
        std::fs::write(path, picture(&degrees)?)?;
    }
    Ok(())
}

/// Bits of each criterion by degree.
fn picture(degrees: &[Degree]) -> Result<String, Box<dyn Error>> {
    let mut svg = String::new();
    let all = || degrees.iter().flat_map(|degree| degree.bits);
    let (least, most) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    {
        let area = SVGBackend::with_string(&mut svg, (760, 420)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .margin(14)
            .x_label_area_size(40)
            .y_label_area_size(56)
            .build_cartesian_2d(1.0..9.0, least - 5.0..most + 5.0)?;
        chart
            .configure_mesh()
            .max_light_lines(0)
            .x_labels(9)
            .x_desc("degree of the polynomial")
            .y_desc("bits")
            .x_label_formatter(&|x| format!("{x:.0}"))
            .draw()?;
        for (i, (name, colour)) in CRITERIA.into_iter().enumerate() {
            let line = degrees.iter().map(|degree| (f64::from(degree.degree), degree.bits[i]));
            let drawn = chart.draw_series(LineSeries::new(line, colour.stroke_width(2)).point_size(3))?;
            drawn
                .label(name)
                .legend(move |(x, y)| plotters::element::PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK.mix(0.3))
            .draw()?;
        area.present()?;
    }
    Ok(svg)
}
