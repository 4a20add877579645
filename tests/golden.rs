//! The valid golden files: made and computed by the second, independent implementation in `format-spec/reader`.

use curt::Model;
use curt_dev::again::written_again;
use curt_dev::golden::{curt_files, floats, goldens, tiers};

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn every_golden_file_decodes_to_the_weights_of_the_second_reader() {
    for path in curt_files("valid") {
        let model = Model::open(&path).unwrap();
        let weights: Vec<f32> = (0..model.layers().len()).flat_map(|i| model.weights(i).decode()).collect();
        assert_eq!(bits(&weights), bits(&floats(&path.with_extension("weights"))), "{}", path.display());
    }
}

#[test]
fn every_tier_and_batch_computes_the_outputs_of_the_second_reader() {
    let tiers = tiers();
    let mut compared = 0;
    for golden in goldens(1) {
        for &isa in &tiers {
            for batch in [1, 2, 64] {
                let mut output = vec![f32::NAN; golden.expected.len()];
                golden.session(isa, batch).run(golden.input(), &mut output).unwrap();
                assert_eq!(bits(&output), bits(&golden.expected), "{} on {} with batch {batch}", golden.name, isa.name());
                compared += output.len();
            }
        }
    }
    println!("{compared} outputs compared on {} tiers", tiers.len());
}

/// Decoding, encoding and writing a golden file again gives its bytes: the writer and the second writer agree, and the form is canonical.
#[test]
fn writing_a_golden_file_again_gives_the_same_bytes() {
    let mut compared = 0;
    for path in curt_files("valid") {
        let file = std::fs::read(&path).unwrap();
        let model = Model::open(&path).unwrap();
        let written = written_again(&model);
        // Unknown optional sections and features are skipped by a reader and so not written again.
        if file.len() == written.len() && file[28..36] == written[28..36] {
            assert!(file == written, "{} differs", path.display());
            compared += 1;
        }
    }
    println!("{compared} files written again");
    assert!(compared >= 30);
}
