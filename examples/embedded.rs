//! A model that is part of the program: no file at run time, no copy, no path to get wrong. `cargo run --example embedded`

use curt::base::error::Result;
use curt::model::Model;
use curt::session::{Session, SessionOptions};

/// Read when the program is compiled and aligned for the kernels, which execute it where it lies.
static NETWORK: &[u8] = curt::include_model!("../models/lenet-300-100-gnj.curt");

fn main() -> Result<()> {
    let model = Model::from_static(NETWORK)?;
    let mut session = Session::new(&model, &SessionOptions::default())?;
    // A vertical stroke, 28 x 28 gray bytes as MNIST has them: input conversion and the choice of the inputs kept are part of the model.
    let stroke: Vec<u8> =
        (0..28 * 28).map(|i| if (4..24).contains(&(i / 28)) && (13..16).contains(&(i % 28)) { 255 } else { 0 }).collect();
    let mut logits = vec![0.0; session.output_len()];
    session.run(&stroke[..], &mut logits)?;
    let best = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    println!("{} bytes of network say {}: {logits:.2?}", NETWORK.len(), best.map_or(0, |(class, _)| class));
    Ok(())
}
