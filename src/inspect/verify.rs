//! All checks of a model, the slow ones included.

use crate::base::checked::{to_u64, to_usize};
use crate::base::environment::Environment;
use crate::base::error::{Defect, Error, ErrorKind, Result};
use crate::base::limits::Limits;
use crate::content::Contents;
use crate::encoding::{Encoded, encode};
use crate::exec::Input;
use crate::format::{SectionInfo, pack, sections, unpack, write};
use crate::kernels::Isa;
use crate::measure::reference::Reference;
use crate::measure::twins::check_expandable;
use crate::model::Model;
use crate::session::{Session, SessionOptions};
use crate::tensor::Dtype;

/// A check that the model has passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The name of the check.
    pub check: &'static str,
    /// What it covered.
    pub detail: String,
}

/// Samples that every instruction set runs; the first is all zeros.
const SAMPLES: usize = 33;
/// The most multiply-adds of a run of all samples. A large model runs fewer samples, at least two.
const WORK: u64 = 1 << 30;
/// Batch sizes. The last one is more than the samples, so a batch is not full.
const BATCHES: [usize; 3] = [1, 2, 64];

/// Runs all checks of a model.
///
/// 1. The file is validated again.
/// 2. The content is decoded, encoded and written again; the bytes must be the same.
/// 3. The file is packed and unpacked; the bytes must be the same.
/// 4. Every instruction set of this processor must give the same bits at every batch size, within the error bound of an f64 reference.
///
/// # Errors
/// The first failure. `limit`: the sparse layers are too large to be expanded for the reference. `internal`: the fault lies in the library or
/// the machine, not in the file.
pub fn verify(model: &Model) -> Result<Vec<Passed>> {
    let _modes = Environment::set();
    model.verify()?;
    let passed = |check, detail| Passed { check, detail };
    let mut all = vec![passed("file", format!("{} bytes: checksums, codes, padding, order, limits", model.file().len()))];
    all.push(passed("canonical form", rewrite(model)?));
    all.push(passed("packed form", pack_and_unpack(model)?));
    all.push(passed("instruction sets", run_everywhere(model)?));
    Ok(all)
}

/// Packs and unpacks the model, and compares the bytes.
fn pack_and_unpack(model: &Model) -> Result<String> {
    let packed = pack(model.file())?;
    if unpack(&packed, &Limits::FORMAT)? != model.file() {
        return Err(Error::new(ErrorKind::Internal, "unpacking the packed file gives other bytes than the mapped file"));
    }
    Ok(format!("{} bytes, which unpack to the same {}", packed.len(), model.file().len()))
}

/// Decodes, encodes and writes the model again, and compares the bytes of each section.
fn rewrite(model: &Model) -> Result<String> {
    let layers = (0..model.layers().len()).map(|i| encode_again(model, i)).collect();
    let contents =
        Contents { graph: model.graph().clone(), tables: model.tables().clone(), layers, origin: model.origin().cloned() };
    let written = Model::from_bytes(&write(&contents)?, &Limits::FORMAT)?;
    let (stored, written) = (section_bytes(model)?, section_bytes(&written)?);
    let mut unknown = 0;
    for (section, bytes) in &stored {
        if section.name.is_none() {
            unknown += 1; // optional, of a later library: not part of the content, so not written again
        } else if !written.iter().any(|(again, content)| again.id == section.id && content == bytes) {
            let message = format!("section {} differs from its content, written again", section.id);
            return Err(Error::at(Defect::NonCanonical, section.offset, message));
        }
    }
    let rest = if unknown > 0 { format!("; {unknown} sections of a later library skipped") } else { String::new() };
    Ok(format!("decoded, encoded and written again: the same bytes{rest}"))
}

/// The sections of the model's file and their bytes.
fn section_bytes(model: &Model) -> Result<Vec<(SectionInfo, &[u8])>> {
    let bytes = |section: &SectionInfo| {
        let (start, len) = (to_usize(section.offset, "an offset")?, to_usize(section.bytes, "a length")?);
        Ok(&model.file()[start..start + len])
    };
    sections(model.file())?.into_iter().map(|section| Ok((section.clone(), bytes(&section)?))).collect()
}

/// Layer `index`, encoded again from its codes.
fn encode_again(model: &Model, index: usize) -> Encoded {
    let linear = &model.layers()[index].linear;
    let levels = &model.tables().layers[index].levels;
    encode(linear.encoding, levels, Some(linear.pattern.units), model.weights(index).codes())
}

/// Runs the same samples on every instruction set at every batch size and compares the outputs: bit by bit, and with the reference.
fn run_everywhere(model: &Model) -> Result<String> {
    check_expandable(model)?;
    let spec = model.graph().input();
    let len = spec.shape.elements();
    let work: u64 = model.graph().linears().map(|(_, linear, cols)| to_u64(linear.rows) * to_u64(cols)).sum();
    let count = usize::try_from(WORK / work.max(1)).unwrap_or(SAMPLES).clamp(2, SAMPLES);
    let (bytes, floats) = (random_bytes(count, len), random_floats(count, len));
    let input = match spec.dtype {
        Dtype::U8 => Input::U8(&bytes),
        Dtype::F32 => Input::F32(&floats),
    };
    let tiers: Vec<Isa> = Isa::ALL.into_iter().filter(|isa| isa.is_available()).collect();
    let mut expected: Option<Vec<u32>> = None;
    for &isa in &tiers {
        for batch in BATCHES {
            let mut session = Session::with_options(model, &SessionOptions::new().batch(batch).isa(isa))?;
            let mut output = vec![0.0; count * session.output_len()];
            session.run(input, &mut output)?;
            let bits: Vec<u32> = output.iter().map(|x| x.to_bits()).collect();
            match &expected {
                None => {
                    check_reference(model, input, count, &output)?;
                    expected = Some(bits);
                }
                Some(expected) if *expected != bits => {
                    let message = format!("{} with batch {batch} gives other bits than {}", isa.name(), tiers[0].name());
                    return Err(Error::new(ErrorKind::Internal, message));
                }
                Some(_) => {}
            }
        }
    }
    let names: Vec<&str> = tiers.iter().map(|isa| isa.name()).collect();
    Ok(format!("{count} samples on {} at batch 1, 2 and 64: equal bits, within the bound of an f64 run", names.join(", ")))
}

fn check_reference(model: &Model, input: Input<'_>, count: usize, output: &[f32]) -> Result<()> {
    let reference = Reference::new(model)?;
    let len = input.elements() / count;
    for (i, output) in output.chunks_exact(output.len() / count).enumerate() {
        reference.run(input.samples(i, 1, len)).check(output).map_err(|error| error.context(format_args!("sample {i}")))?;
    }
    Ok(())
}

/// A sample of zeros, then samples of random bytes (splitmix64 of a fixed seed).
fn random_bytes(count: usize, len: usize) -> Vec<u8> {
    let mut state = 1u64;
    let random = std::iter::repeat_with(|| splitmix(&mut state).to_le_bytes()[0]);
    std::iter::repeat_n(0, len).chain(random).take(count * len).collect()
}

/// A sample of zeros, then samples in [-1, 1).
fn random_floats(count: usize, len: usize) -> Vec<f32> {
    let mut state = 1u64;
    let random = std::iter::repeat_with(|| (splitmix(&mut state) >> 40) as f32 / (1u64 << 23) as f32 - 1.0);
    std::iter::repeat_n(0.0, len).chain(random).take(count * len).collect()
}

/// The next number of Steele, Lea and Flood's generator ("Fast splittable pseudorandom number generators", 2014).
fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Comparison, twins};
    use crate::session::SessionOptions;

    fn golden() -> Vec<std::path::PathBuf> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("format-spec/vectors/valid");
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "curt"));
        files.sort();
        files
    }

    fn input(model: &Model) -> (Vec<u8>, Vec<f32>) {
        let len = model.graph().input().shape.elements();
        (random_bytes(5, len), random_floats(5, len))
    }

    #[test]
    fn every_golden_file_passes_every_check() {
        for path in golden() {
            let passed = verify(&Model::open(&path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert_eq!(passed.len(), 4);
        }
    }

    /// A file's masks may contradict each other, which the format does not forbid; every twin that can be built must agree with its model.
    #[test]
    fn every_golden_file_agrees_with_its_dense_twins() {
        let (mut with_original, mut without_twin) = (0, Vec::new());
        for path in golden() {
            let model = Model::open(&path).unwrap();
            let Ok(mut comparison) = Comparison::new(&model, &SessionOptions::default()) else {
                without_twin.push(path.file_stem().unwrap().to_owned()); // a weight times its factor overflows
                continue;
            };
            let (bytes, floats) = input(&model);
            let input = if model.graph().input().dtype == Dtype::U8 { Input::U8(&bytes) } else { Input::F32(&floats) };
            comparison.check(input).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            with_original += usize::from(comparison.note().is_none());
        }
        println!("{with_original} original twins; no dense twin: {without_twin:?}");
        assert!(with_original >= 2 && without_twin.len() <= 3, "{with_original}, {without_twin:?}");
    }

    #[test]
    fn a_wrong_output_is_outside_the_bound() {
        let model = Model::open(golden().into_iter().find(|path| path.ends_with("mlp-fixed_point.curt")).unwrap()).unwrap();
        let (bytes, floats) = input(&model);
        let len = model.graph().input().shape.elements();
        let input = if model.graph().input().dtype == Dtype::U8 { Input::U8(&bytes) } else { Input::F32(&floats) };
        let expected = Reference::new(&model).unwrap().run(input.samples(1, 1, len));
        let mut output: Vec<f32> = expected.values.iter().map(|&value| value as f32).collect();
        expected.check(&output).unwrap();
        output[0] += (3.0 * expected.errors[0]) as f32;
        assert!(expected.check(&output).is_err());
    }

    #[test]
    fn an_original_twin_has_the_original_shape() {
        let mut seen = 0;
        for path in golden() {
            let model = Model::open(path).unwrap();
            let Ok(Some(original)) = twins::original(&model) else { continue };
            assert_eq!(original.graph().input().kept, None);
            for (layer, before) in original.layers().iter().zip(model.layers()) {
                let shape = model.origin().unwrap().nodes[before.node].shape.clone().unwrap();
                let op = &model.graph().nodes()[before.node].op;
                assert_eq!((layer.linear.rows, layer.cols), (shape.rows.len(), shape.columns(op)));
            }
            seen += 1;
        }
        assert!(seen >= 2, "{seen}");
    }
}
