//! The files of `tests/data/onnx`, and what ONNX Runtime computed from them (`generate.py` there).

use curt::compress::{CompressOptions, Validation, compress};
use curt::encoding::Encoding;
use curt::import::Imported;
use curt::{Input, Limits, Model, Session};
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use std::path::PathBuf;

pub(crate) fn folder() -> PathBuf {
    curt_dev::root().join("tests/data/onnx")
}

pub(crate) fn read(name: &str) -> Vec<u8> {
    let path = folder().join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Samples in the order of a file, and the outputs of its engine for them.
pub(crate) struct Expected {
    pub(crate) inputs: Samples,
    pub(crate) outputs: Vec<f32>,
}

pub(crate) enum Samples {
    U8(Vec<u8>),
    F32(Vec<f32>),
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect()
}

/// The cases by name.
pub(crate) fn cases() -> Vec<(String, Expected)> {
    let file = read("expected.safetensors");
    let tensors = SafeTensors::deserialize(&file).unwrap();
    let mut names: Vec<String> = tensors.names().iter().filter_map(|name| Some(name.strip_suffix(".x")?.to_owned())).collect();
    names.sort();
    let case = |name: String| {
        let (x, y) = (tensors.tensor(&format!("{name}.x")).unwrap(), tensors.tensor(&format!("{name}.y")).unwrap());
        let inputs = match x.dtype() {
            Dtype::U8 => Samples::U8(x.data().to_vec()),
            _ => Samples::F32(floats(x.data())),
        };
        (name, Expected { inputs, outputs: floats(y.data()) })
    };
    names.into_iter().map(case).collect()
}

/// The outputs of an imported network, stored in 32-bit floats, for samples in the order of its file.
pub(crate) fn run(imported: &Imported, samples: &Samples) -> Vec<f32> {
    let each = imported.network.input().shape.elements();
    let (bytes, values, count);
    let input = match samples {
        Samples::U8(samples) => {
            bytes = imported.reorder(samples).unwrap();
            count = bytes.len() / each;
            Input::U8(&bytes)
        }
        Samples::F32(samples) => {
            values = imported.reorder(samples).unwrap();
            count = values.len() / each;
            Input::F32(&values)
        }
    };
    let labels = vec![0; count];
    let options = CompressOptions::new().encodings([Encoding::DenseF32]);
    let compressed =
        compress(&imported.network, &Validation { samples: input, labels: &labels }, &options, &mut |_, _, _| {}).unwrap();
    let model = Model::from_bytes(&compressed.bytes, &Limits::DEFAULT).unwrap();
    let mut session = Session::new(&model).unwrap();
    let sample = |i: usize| match input {
        Input::U8(all) => session.run_to_vec(&all[i * each..][..each]).unwrap(),
        Input::F32(all) => session.run_to_vec(&all[i * each..][..each]).unwrap(),
    };
    (0..count).flat_map(sample).collect()
}
