//! What must hold of any file: it is refused with a reason, or it loads, is canonical and computes the same on every tier.

use curt::format::validate;
use curt::{Check, Defect, Dtype, ErrorKind, Input, Isa, Limits, Model, Session, SessionOptions};
use curt_dev::again::written_again;
use curt_dev::container::{assemble, sections};
use curt_dev::{Random, tiers};

/// Limits of strangers' files.
const LIMITS: Limits = Limits::EDGE;
/// What is run: more would make the search slow, not better.
const RUN: Limits = Limits { activations: 1 << 14, multiply_adds: 1 << 18, ..LIMITS };

/// Any bytes.
pub fn load(file: &[u8]) {
    if curt::format::is_packed(file) {
        return; // `unpack` is for those
    }
    let structure = validate(file, &LIMITS, Check::Structure);
    match validate(file, &LIMITS, Check::Full) {
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert!(error.offset().is_none_or(|offset| offset <= file.len() as u64), "{error}");
            assert_ne!(error.kind(), ErrorKind::Internal, "{error}");
            match structure {
                Ok(_) => assert!(concerns_weights(error.kind()), "structure passes, but: {error}"),
                Err(structure) => {
                    assert!(structure.kind() == error.kind() || concerns_weights(error.kind()), "{structure}; {error}")
                }
            }
            assert_eq!(Model::from_bytes(file, &LIMITS).map(|_| ()).map_err(|error| error.kind()), Err(error.kind()));
        }
        Ok(_) => {
            structure.expect("what passes in full passes in part");
            let model = Model::from_bytes(file, &LIMITS).expect("a valid file loads");
            model.verify().expect("a loaded file is valid");
            is_canonical(&model, file);
            if validate(file, &RUN, Check::Structure).is_ok() {
                tiers_agree(&model, &mut Random::of(file));
            }
        }
    }
}

/// Kinds that the check of the structure leaves out.
fn concerns_weights(kind: ErrorKind) -> bool {
    use Defect::{Checksum, Code, Mask, NonCanonical, NonFinite, Padding};
    matches!(kind, ErrorKind::Format(Checksum | Code | Mask | NonCanonical | NonFinite | Padding))
}

/// Writing what was read gives the file again, but for what a reader skips.
fn is_canonical(model: &Model, file: &[u8]) {
    let written = written_again(model);
    let mut known = sections(file);
    known.retain(|section| section.id <= 4);
    assert!(written == assemble(&known), "the file is not canonical");
}

const SAMPLES: usize = 3;

/// Every tier and batch size gives the bits of the scalar tier.
fn tiers_agree(model: &Model, random: &mut Random) {
    let inputs = SAMPLES * model.graph().input().shape.elements();
    if inputs > 1 << 16 {
        return;
    }
    let bytes: Vec<u8> = (0..inputs).map(|_| random.byte()).collect();
    let floats: Vec<f32> = (0..inputs).map(|_| random.finite()).collect();
    let mut reference: Option<Vec<u32>> = None;
    for isa in tiers() {
        for batch in [1, SAMPLES] {
            let output = outputs(model, isa, batch, &bytes, &floats);
            let expected = reference.get_or_insert_with(|| output.clone());
            assert!(*expected == output, "{} with batch {batch} differs from scalar", isa.name());
        }
    }
}

fn outputs(model: &Model, isa: Isa, batch: usize, bytes: &[u8], floats: &[f32]) -> Vec<u32> {
    let mut session =
        Session::with_options(model, &SessionOptions::new().batch(batch).isa(isa)).expect("a small model has a session");
    let input = match model.graph().input().dtype {
        Dtype::U8 => Input::U8(bytes),
        Dtype::F32 => Input::F32(floats),
    };
    let mut output = vec![0.5; SAMPLES * session.output_len()];
    session.run(input, &mut output).expect("finite inputs of the right length run");
    output.iter().map(|x| x.to_bits()).collect()
}

/// Maps a file of which only the structure is right, and runs it on every tier.
pub fn run_mapped(file: &[u8]) {
    let path = std::env::temp_dir().join(format!("curt-fuzz-{}-{:?}.curt", std::process::id(), std::thread::current().id()));
    std::fs::write(&path, file).expect("a temporary file");
    // SAFETY: the file has a name of this thread alone and is not written again while the model lives.
    let model = unsafe { Model::map(&path, &LIMITS, Check::Structure) }.expect("the structure is a golden file's");
    std::fs::remove_file(&path).expect("the temporary file");
    let mut random = Random::of(file);
    let inputs = SAMPLES * model.graph().input().shape.elements();
    let bytes: Vec<u8> = (0..inputs).map(|_| random.byte()).collect();
    let floats: Vec<f32> = (0..inputs).map(|_| random.finite()).collect();
    for isa in tiers() {
        for batch in [1, SAMPLES] {
            outputs(&model, isa, batch, &bytes, &floats);
        }
    }
}
