//! Opens a model file and classifies one sample of raw bytes: `cargo run --example classify -- MODEL SAMPLE`.
//!
//! A sample is what the model reads and nothing else, such as 784 bytes for a digit of 28 x 28.
//!
//! A session allocates when it is made and never again; make one for each thread and keep it.

use curt::base::error::Result;
use curt::model::Model;
use curt::session::{Session, SessionOptions};

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let (Some(model), Some(sample)) = (args.next(), args.next()) else {
        eprintln!("usage: classify MODEL SAMPLE");
        std::process::exit(2);
    };
    let model = Model::open(model)?;
    let mut session = Session::new(&model, &SessionOptions::default())?;
    let bytes = std::fs::read(&sample).map_err(|error| curt::base::error::Error::io(format!("cannot read {sample}"), error))?;
    let mut output = vec![0.0; session.output_len()];
    session.run(&bytes[..], &mut output)?; // says so when the bytes do not fit the model
    let best = output.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    println!("class {} on {}: {output:?}", best.map_or(0, |(class, _)| class), session.isa().name());
    Ok(())
}
