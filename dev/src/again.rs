//! The layers of a model, decoded and encoded again.

use curt::Model;
use curt::content::Contents;
use curt::encoding::{Encoded, Encoding, Entries, Weights, block, codebook, dense, fixed_point, sparse, ternary};
use curt::format::write;

/// The file that is written from what was read: decoded values, never stored bytes.
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

/// Layer `i` of a model, encoded from its decoded values.
pub fn encoded_again(model: &Model, i: usize) -> Encoded {
    let (layer, weights, levels) = (&model.layers()[i], model.weights(i), &model.tables().layers[i].levels);
    let (rows, cols, encoding) = (layer.linear.rows, layer.cols, layer.linear.encoding);
    let values = weights.decode();
    let index = |value: f32| u8::try_from(levels.iter().position(|&level| level == value).unwrap()).unwrap();
    let integers = || values.iter().map(|value| (value / levels[0]).round() as i8).collect::<Vec<_>>();
    match weights {
        Weights::DenseF32(_) => dense::encode_f32(rows, cols, &values),
        Weights::DenseF16(_) => dense::encode_f16(rows, cols, &values),
        Weights::FixedPoint(w) => fixed_point::encode(rows, cols, w.bits(), levels[0], &integers()),
        Weights::Ternary(_) => {
            let signs: Vec<i8> = values
                .iter()
                .map(|&value| {
                    if value > 0.0 {
                        1
                    } else if value < 0.0 {
                        -1
                    } else {
                        0
                    }
                })
                .collect();
            ternary::encode(rows, cols, levels[0], levels[1], &signs)
        }
        Weights::Codebook(_) => {
            let indices: Vec<u8> = values.iter().map(|&value| index(value)).collect();
            codebook::encode(rows, cols, levels, &indices)
        }
        Weights::Sparse(w) => {
            let entries = match encoding {
                Encoding::SparseFixedPoint { .. } => Entries::of_integers(rows, cols, &integers()),
                Encoding::SparseCodebook { .. } => {
                    let index = |&value: &f32| if value == 0.0 { 0 } else { index(value) + 1 };
                    Entries::of_indices(rows, cols, &values.iter().map(index).collect::<Vec<_>>())
                }
                _ => Entries::of_floats(rows, cols, &values),
            };
            sparse::encode(encoding, levels, w.units(), &entries)
        }
        Weights::Blocks(w) => block::encode(w.height(), &Entries::of_floats(rows, cols, &values)),
    }
}
