//! The layers of a model, decoded and encoded again.

use curt::Model;
use curt::content::Contents;
use curt::encoding::{Encoded, encode};
use curt::format::write;

/// The file that is written from what was read: decoded codes, never stored bytes.
///
/// # Panics
///
/// When the writer refuses what the validator accepted.
pub fn written_again(model: &Model) -> Vec<u8> {
    let contents = Contents {
        graph: model.graph().clone(),
        tables: model.tables().clone(),
        layers: (0..model.layers().len()).map(|i| encoded_again(model, i)).collect(),
        origin: model.origin().cloned(),
    };
    write(&contents).expect("what was read can be written")
}

/// Layer `i` of a model, encoded from its codes.
pub fn encoded_again(model: &Model, i: usize) -> Encoded {
    let (linear, levels) = (&model.layers()[i].linear, &model.tables().layers[i].levels);
    encode(linear.encoding, levels, Some(linear.pattern.units), model.weights(i).codes())
}
