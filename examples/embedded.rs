//! A model that is part of the program classifies a digit: no file at run time. `cargo run --example embedded`

use curt::{Model, Session};

/// The file, aligned so that kernels execute the weights where they lie in the program.
static MODEL: &[u8] = curt::include_model!("../models/lenet-300-100-gnj.curt");
/// A digit of the MNIST test set, 28 x 28 bytes.
static DIGIT: &[u8; 28 * 28] = include_bytes!("digit-1.raw");

fn main() -> curt::Result<()> {
    let model = Model::from_static(MODEL)?; // checks every byte; threads share it
    let mut session = Session::new(&model)?; // one per thread; `run` allocates nothing

    let mut scores = [0.0; 10];
    session.run(DIGIT, &mut scores)?; // raw pixels: the model holds their scale and the mask of its inputs

    assert!(scores.iter().all(|score| score.abs() < f32::MAX), "no class: a score overflows");
    let best = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(class, _)| class);
    for row in DIGIT.chunks(28).step_by(2) {
        println!("{}", row.iter().map(|&pixel| [' ', '.', '+', '#'][usize::from(pixel / 64)]).collect::<String>());
    }
    println!("It is a {best}.");
    Ok(())
}
