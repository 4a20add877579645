//! What must hold of any file: it is refused with a reason, or it loads, is canonical and computes the same on every tier.

use crate::container::{assemble, sections};
use crate::random::Random;
use curt::encoding::{Encoded, Encoding, Weights, block, codebook, dense, fixed_point, sparse, ternary};
use curt::format::{Contents, validate, write};
use curt::{Check, Defect, Dtype, ErrorKind, Input, Isa, Limits, Model, Session, SessionOptions};

/// Limits of strangers' files.
const LIMITS: Limits = Limits::EDGE;
/// What is run: more would make the search slow, not better.
const RUN: Limits = Limits { activations: 1 << 14, multiply_adds: 1 << 18, ..LIMITS };

/// Any bytes.
pub fn load(file: &[u8]) {
    if curt::format::packed::is_packed(file) {
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
    let layer = |(i, layer): (usize, &curt::model::Layer)| {
        let levels = &model.tables().layers[i].levels;
        encode_again(&model.weights(i), layer.linear.encoding, layer.linear.rows, layer.cols, levels)
    };
    let contents = Contents {
        graph: model.graph().clone(),
        tables: model.tables().clone(),
        layers: model.layers().iter().enumerate().map(layer).collect(),
        origin: model.origin().cloned(),
    };
    let written = write(&contents).expect("what was read can be written");
    let mut known = sections(file);
    known.retain(|section| section.id <= 4);
    assert!(written == assemble(&known), "the file is not canonical");
}

/// Decodes every code and encodes it again.
fn encode_again(weights: &Weights<'_>, encoding: Encoding, rows: usize, cols: usize, levels: &[f32]) -> Encoded {
    match weights {
        Weights::DenseF32(w) => dense::encode_f32(rows, cols, &w.decode()),
        Weights::DenseF16(w) => dense::encode_f16(rows, cols, &w.decode()),
        Weights::FixedPoint(w) => {
            let integers = codes(w.words(), 1, |code| vec![fixed_point::sign_extend(code, w.bits()) as i8]);
            fixed_point::encode(rows, cols, w.bits(), levels[0], &integers)
        }
        Weights::Ternary(w) => {
            let sign = |digit: u32| [0, 1, -1][digit as usize];
            let signs = codes(w.words(), 3, |code| ternary::digits(code).map(sign).to_vec());
            ternary::encode(rows, cols, levels[0], levels[1], &signs)
        }
        Weights::Codebook(w) => codebook::encode(rows, cols, levels, &codes(w.words(), 1, |code| vec![code as u8])),
        Weights::Sparse(w) => sparse::encode(encoding, levels, w.units(), &w.entries()),
        Weights::Blocks(w) => block::encode(w.height(), &w.entries()),
    }
}

/// The weights of a row-major matrix, `per_field` to a code.
fn codes<T>(words: curt::encoding::words::Words<'_>, per_field: usize, split: impl Fn(u32) -> Vec<T>) -> Vec<T> {
    let mut out = Vec::new();
    words.for_each_field(|_, field, code| {
        let left = words.cols().saturating_sub(field * per_field);
        out.extend(split(code).into_iter().take(left));
    });
    out
}

const SAMPLES: usize = 3;

/// Every tier and batch size gives the bits of the scalar tier.
fn tiers_agree(model: &Model, random: &mut Random) {
    let inputs = SAMPLES * model.graph().input().shape.elements();
    if inputs > 1 << 16 {
        return;
    }
    let bytes: Vec<u8> = (0..inputs).map(|_| random.byte()).collect();
    let floats: Vec<f32> = (0..inputs).map(|_| random.float()).collect();
    let mut reference: Option<Vec<u32>> = None;
    for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
        for batch in [1, SAMPLES] {
            let output = outputs(model, isa, batch, &bytes, &floats);
            let expected = reference.get_or_insert_with(|| output.clone());
            assert!(*expected == output, "{} with batch {batch} differs from scalar", isa.name());
        }
    }
}

fn outputs(model: &Model, isa: Isa, batch: usize, bytes: &[u8], floats: &[f32]) -> Vec<u32> {
    let mut session = Session::with_options(model, &SessionOptions::new().batch(batch).isa(isa)).expect("a small model has a session");
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
    let floats: Vec<f32> = (0..inputs).map(|_| random.float()).collect();
    for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
        for batch in [1, SAMPLES] {
            outputs(&model, isa, batch, &bytes, &floats);
        }
    }
}
