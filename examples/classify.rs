//! Opens a model file and classifies one sample of raw bytes: `cargo run --example classify -- MODEL SAMPLE`.
//!
//! The sample has exactly the bytes that the model reads, such as 784 for a digit of 28 x 28:
//! `cargo run --example classify -- models/lenet-300-100-gnj.curt examples/digit-1.raw`

use curt::{Model, Session};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(model), Some(sample)) = (args.next(), args.next()) else {
        eprintln!("usage: classify MODEL SAMPLE");
        std::process::exit(2);
    };
    let model = Model::open(model)?;
    let mut session = Session::new(&model)?;
    let scores = session.run_to_vec(&std::fs::read(sample)?)?;
    if scores.iter().any(|score| score.abs() >= f32::MAX) {
        return Err(format!("no class: a score overflows: {scores:?}").into());
    }
    let best = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    println!("class {} on {}: {scores:?}", best.map_or(0, |(class, _)| class), session.isa().name());
    Ok(())
}
