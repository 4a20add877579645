//! Classifies one digit with an embedded model: `cargo run --release --example classify`.

use curt::model::Model;
use curt::session::{Session, SessionOptions};

static MODEL: &[u8] = curt::include_model!("../models/lenet-300-100-gnj.curt");
static DIGITS: &[u8] = include_bytes!("../cli/data/digits-images-idx3-ubyte");

fn main() -> Result<(), curt::base::error::Error> {
    let model = Model::from_static(MODEL)?;
    let mut session = Session::new(&model, &SessionOptions::default())?;

    let digit = &DIGITS[16..][..session.input_len()]; // after the header of the IDX file
    let mut scores = [0.0; 10];
    session.run(digit, &mut scores)?;

    for line in digit.chunks(28).step_by(2) {
        println!("{}", line.iter().map(|&pixel| b" .+#"[usize::from(pixel) / 64] as char).collect::<String>());
    }
    let best = (0..10).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap_or(0);
    println!("It is a {best}.");
    Ok(())
}
