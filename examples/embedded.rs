//! A model that is part of the program classifies a digit: no file at run time, no path to get wrong. `cargo run --example embedded`

use curt::base::error::Result;
use curt::model::Model;
use curt::session::{Session, SessionOptions};

/// The file, aligned as kernels want it: they execute it where it lies in the program.
static MODEL: &[u8] = curt::include_model!("../models/lenet-300-100-gnj.curt");
/// Digits of the MNIST test set, 28 x 28 bytes each, behind the 16 bytes of an IDX header.
static DIGITS: &[u8] = include_bytes!("../cli/data/digits-images-idx3-ubyte");

fn main() -> Result<()> {
    let model = Model::from_static(MODEL)?; // checks every byte; shared by threads as it is
    let mut session = Session::new(&model, &SessionOptions::default())?; // one for each thread, kept: `run` allocates nothing

    let digit = &DIGITS[16..16 + 28 * 28];
    let mut scores = [0.0; 10];
    session.run(digit, &mut scores)?; // raw pixels: their scale and the choice of the inputs kept are part of the model

    let best = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(class, _)| class);
    for row in digit.chunks(28).step_by(2) {
        println!("{}", row.iter().map(|&pixel| [' ', '.', '+', '#'][usize::from(pixel / 64)]).collect::<String>());
    }
    println!("It is a {best}.");
    Ok(())
}
