//! The valid golden files: made and computed by the second, independent implementation in `format-spec/reader`.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use curt::encoding::{Encoded, Weights};
use curt::format::{Contents, write};
use curt::{Dtype, Input, Isa, Model, Session, SessionOptions};
use std::path::{Path, PathBuf};

fn vectors() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("format-spec/vectors/valid");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "curt"));
    files.sort();
    assert!(files.len() >= 30, "only {} golden files", files.len());
    files
}

fn floats(path: &Path) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap();
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn every_golden_file_decodes_to_the_weights_of_the_second_reader() {
    for path in vectors() {
        let model = Model::open(&path).unwrap();
        let weights: Vec<f32> = (0..model.layers().len()).flat_map(|i| model.weights(i).decode()).collect();
        assert_eq!(bits(&weights), bits(&floats(&path.with_extension("weights"))), "{}", path.display());
    }
}

#[test]
fn every_tier_and_batch_computes_the_outputs_of_the_second_reader() {
    let tiers: Vec<Isa> = Isa::ALL.into_iter().filter(|isa| isa.is_available()).collect();
    let mut compared = 0;
    for path in vectors() {
        let model = Model::open(&path).unwrap();
        let expected = floats(&path.with_extension("output"));
        let (raw, as_floats) = (std::fs::read(path.with_extension("input")).unwrap(), floats(&path.with_extension("input")));
        let input = match model.graph().input().dtype {
            Dtype::U8 => Input::U8(&raw),
            Dtype::F32 => Input::F32(&as_floats),
        };
        for &isa in &tiers {
            for batch in [1, 2, 64] {
                let mut session = Session::with_options(&model, &SessionOptions::new().batch(batch).isa(isa)).unwrap();
                let mut output = vec![f32::NAN; expected.len()];
                session.run(input, &mut output).unwrap();
                assert_eq!(bits(&output), bits(&expected), "{} on {} with batch {batch}", path.display(), isa.name());
                compared += expected.len();
            }
        }
    }
    println!("{compared} outputs compared on {} tiers", tiers.len());
}

/// Decoding, encoding and writing a golden file again gives its bytes: the writer and the second writer agree, and the form is canonical.
#[test]
fn writing_a_golden_file_again_gives_the_same_bytes() {
    let mut compared = 0;
    for path in vectors() {
        let file = std::fs::read(&path).unwrap();
        let model = Model::open(&path).unwrap();
        let layers = (0..model.layers().len()).map(|i| encode_again(&model, i));
        let contents = Contents {
            graph: model.graph().clone(),
            tables: model.tables().clone(),
            layers: layers.collect(),
            origin: model.origin().cloned(),
        };
        let written = write(&contents).unwrap();
        // Unknown optional sections and features are skipped by a reader and so not written again.
        if file.len() == written.len() && file[28..36] == written[28..36] {
            assert!(file == written, "{} differs", path.display());
            compared += 1;
        }
    }
    println!("{compared} files written again");
    assert!(compared >= 30);
}

/// Encodes from decoded values, never from stored bytes.
fn encode_again(model: &Model, i: usize) -> Encoded {
    use curt::encoding::{Encoding, Entries, block, codebook, dense, fixed_point, sparse, ternary};
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
